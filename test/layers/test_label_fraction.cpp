// Labels with a fraction, as nets write them whose labels are drawn from a
// range of real numbers: the fraction does not count.
#include <cmath>

#include "caffe/test/fixture.hpp"
#include "test/layers/layer_runner.hpp"

namespace caffe {

template <typename TypeParam>
class LabelFractionTest : public MultiDeviceTest<TypeParam> {
 protected:
  typedef typename TypeParam::Dtype Dtype;

  // Loss or accuracy of fixed scores of 4 rows and 3 classes, then the
  // scores' gradient where there is one.
  static vector<Dtype> Run(const string& text, const vector<Dtype>& labels) {
    LayerRunner<Dtype> runner(text, {{4, 3}, {4}});
    for (int i = 0; i < 12; ++i) {
      runner.bottom()->mutable_cpu_data()[i] = static_cast<Dtype>(i * 7 % 5);
    }
    std::copy(labels.begin(), labels.end(),
              runner.bottom(1)->mutable_cpu_data());
    runner.SetUpAndForward();
    vector<Dtype> values = {runner.top()->cpu_data()[0]};
    if (string(runner.layer()->type()) == "Accuracy") return values;
    runner.top()->mutable_cpu_diff()[0] = 1;
    runner.layer()->Backward(runner.tops(), {true, false}, runner.bottoms());
    const Dtype* diff = runner.bottom()->cpu_diff();
    values.insert(values.end(), diff, diff + 12);
    return values;
  }
};

TYPED_TEST_SUITE(LabelFractionTest, TestDtypesAndDevices);

TYPED_TEST(LabelFractionTest, IsCutOff) {
  for (const char* text : {"type: 'SoftmaxWithLoss'", "type: 'Accuracy'"}) {
    EXPECT_EQ(this->Run(text, {0, 2, 1, 2}),
              this->Run(text, {0.999, 2.5, 1.25, 2}))
        << text;
  }
}

TYPED_TEST(LabelFractionTest, IsCutOffFromAnIgnoredLabelToo) {
  for (const char* text :
       {"type: 'SoftmaxWithLoss' loss_param { ignore_label: 1 }",
        "type: 'Accuracy' accuracy_param { ignore_label: 1 }"}) {
    EXPECT_EQ(this->Run(text, {0, 2, 1, 1}), this->Run(text, {0, 2, 1.5, 1}))
        << text;
  }
}

TYPED_TEST(LabelFractionTest, OutsideOfTheClassesStaysAnError) {
  typedef typename TypeParam::Dtype Dtype;
  for (const char* text : {"type: 'SoftmaxWithLoss'", "type: 'Accuracy'"}) {
    for (const Dtype label : {Dtype(3), Dtype(-1), Dtype(NAN), Dtype(1e30)}) {
      EXPECT_THROW(this->Run(text, {0, label, 1, 1}), Error) << text << label;
    }
  }
}

}  // namespace caffe
