// What tells two treatments of images from each other, and what does not.
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <string>

#include "data/image_treatment.hpp"

namespace caffe {
namespace {

ImageTreatment TreatmentIn(const std::string& fields) {
  LayerParameter layer;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(fields, &layer));
  return TreatmentOf(layer);
}

std::string DifferencesOf(const std::string& found, const std::string& other) {
  return Differences(TreatmentIn(found), TreatmentIn(other));
}

TEST(ImageTreatmentTest, TellsMeanScaleAndSizeApart) {
  EXPECT_EQ("", DifferencesOf("transform_param { scale: 1 }", ""));
  EXPECT_EQ("mean_value none against 127.5, scale 1 against 0.5",
            DifferencesOf("",
                          "transform_param { mean_value: 127.5 scale: 0.5 }"));
  EXPECT_EQ("size 8x6 against the middle 4x4 of 8x6",
            DifferencesOf("identity_data_param { new_height: 8 new_width: 6 }",
                          "identity_data_param { new_height: 8 new_width: 6 } "
                          "transform_param { crop_size: 4 }"));
}

TEST(ImageTreatmentTest, OverWhatImagesAreStandardizedMattersWithACropAlone) {
  const std::string image =
      "identity_data_param { new_height: 8 new_width: 8 } "
      "transform_param { standardize: true standardize_over: IMAGE ";
  const std::string result =
      "identity_data_param { new_height: 8 new_width: 8 } "
      "transform_param { standardize: true ";
  EXPECT_EQ("", DifferencesOf(result + "}", image + "max_shift: 0.1 }"));
  EXPECT_EQ("standardize over RESULT against over IMAGE",
            DifferencesOf(result + "crop_size: 4 }", image + "crop_size: 4 }"));
  EXPECT_EQ("standardize false against over IMAGE",
            DifferencesOf("identity_data_param { new_height: 8 new_width: 8 }",
                          image + "}"));
}

}  // namespace
}  // namespace caffe
