// What the tests of images, lists and data layers share: a folder that is
// gone after the test, small pictures to put in it, and the text of an Error.
#ifndef TERCET_TEST_IMAGE_FILES_HPP_
#define TERCET_TEST_IMAGE_FILES_HPP_

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

#include "gtest/gtest.h"

#include "caffe/check.hpp"
#include "caffe/test/shared_data.hpp"
#include "caffe/util/image.hpp"

namespace caffe {

// A temporary folder with ways to put files in it.
class ImageFolder : public TempFolder {
 public:
  // The path of `name` in the folder; makes the folders on the way.
  std::string operator/(const std::string& name) const {
    const std::filesystem::path full = std::filesystem::path(path()) / name;
    std::filesystem::create_directories(full.parent_path());
    return full.string();
  }
  std::string Write(const std::string& name, const std::string& text) const {
    const std::string full = *this / name;
    std::ofstream(full, std::ios::binary) << text;
    return full;
  }
  // A picture of one value. Returns its path.
  std::string WriteFlat(const std::string& name, int height, int width,
                        int channels, int value) const {
    Image image(height, width, channels);
    for (uint8_t& pixel : image.pixels) pixel = static_cast<uint8_t>(value);
    const std::string full = *this / name;
    WriteImage(full, image);
    return full;
  }
};

// A picture whose pixels all differ from their neighbours.
inline Image Pattern(int height, int width, int channels) {
  Image image(height, width, channels);
  for (size_t i = 0; i < image.pixels.size(); ++i) {
    image.pixels[i] = static_cast<uint8_t>((i * 37 + i / 7 * 11 + 5) % 256);
  }
  return image;
}

// The message of the Error(kInput) that `call` throws; a failure otherwise.
inline std::string InputError(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    EXPECT_EQ(Error::kInput, error.kind()) << error.what();
    return error.what();
  }
  ADD_FAILURE() << "nothing was thrown";
  return "";
}

// Both must be strings; prints both where `text` lacks `part`.
inline void ExpectHas(const std::string& text, const std::string& part) {
  EXPECT_NE(text.find(part), std::string::npos)
      << "wanted: " << part << "\nin: " << text;
}

}  // namespace caffe

#endif  // TERCET_TEST_IMAGE_FILES_HPP_
