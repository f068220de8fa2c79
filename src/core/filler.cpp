// The fillers and their factory.
#include "caffe/filler.hpp"

#include <cmath>
#include <functional>

#include "caffe/util/math_functions.hpp"
#include "core/suggest.hpp"

namespace caffe {
namespace {

template <typename Dtype>
double FanSize(const FillerParameter& param, const Blob<Dtype>& blob) {
  const double count = blob.count();
  const double fan_in = blob.num_axes() > 0 ? count / blob.shape(0) : 1;
  const double fan_out = blob.num_axes() > 1 ? count / blob.shape(1) : count;
  switch (param.variance_norm()) {
    case FillerParameter::FAN_OUT:
      return fan_out;
    case FillerParameter::AVERAGE:
      return (fan_in + fan_out) / 2;
    default:
      return fan_in;
  }
}

template <typename Dtype>
void FillConstant(const FillerParameter& param, Blob<Dtype>* blob) {
  caffe_set(blob->count(), static_cast<Dtype>(param.value()),
            blob->mutable_cpu_data());
}

void CheckUniform(const FillerParameter& param) {
  INPUT_CHECK(param.min() <= param.max())
      << "uniform filler with min " << param.min() << " above max "
      << param.max();
}

void CheckGaussian(const FillerParameter& param) {
  INPUT_CHECK(param.std() >= 0)
      << "gaussian filler with a negative std of " << param.std();
}

template <typename Dtype>
void FillUniform(const FillerParameter& param, Blob<Dtype>* blob) {
  CheckUniform(param);
  caffe_rng_uniform<Dtype>(blob->count(), param.min(), param.max(),
                           blob->mutable_cpu_data());
}

template <typename Dtype>
void FillGaussian(const FillerParameter& param, Blob<Dtype>* blob) {
  CheckGaussian(param);
  Dtype* data = blob->mutable_cpu_data();
  const int count = blob->count();
  caffe_rng_gaussian<Dtype>(count, param.mean(), param.std(), data);
  if (param.sparse() < 0) return;
  INPUT_CHECK(blob->num_axes() >= 1 && blob->shape(0) > 0)
      << "a sparse filler for a blob without axes";
  const double inputs = static_cast<double>(count) / blob->shape(0);
  const double kept = std::min(1.0, param.sparse() / inputs);
  for (int i = 0; i < count; ++i) {
    if (!Caffe::rng().Bernoulli(kept)) data[i] = 0;
  }
}

template <typename Dtype>
void FillXavier(const FillerParameter& param, Blob<Dtype>* blob) {
  const Dtype limit = std::sqrt(3.0 / FanSize(param, *blob));
  caffe_rng_uniform<Dtype>(blob->count(), -limit, limit,
                           blob->mutable_cpu_data());
}

template <typename Dtype>
void FillMsra(const FillerParameter& param, Blob<Dtype>* blob) {
  const Dtype std = std::sqrt(2.0 / FanSize(param, *blob));
  caffe_rng_gaussian<Dtype>(blob->count(), 0, std, blob->mutable_cpu_data());
}

template <typename Dtype>
void FillPositiveUnitball(const FillerParameter& param, Blob<Dtype>* blob) {
  Dtype* data = blob->mutable_cpu_data();
  INPUT_CHECK(blob->num_axes() >= 1 && blob->count() > 0)
      << "a positive_unitball filler for a blob without values";
  caffe_rng_uniform<Dtype>(blob->count(), 0, 1, data);
  const int inputs = blob->count() / blob->shape(0);
  for (int row = 0; row < blob->shape(0); ++row) {
    Dtype* values = data + static_cast<int64_t>(row) * inputs;
    const Dtype sum = caffe_cpu_asum(inputs, values);
    if (sum > 0) caffe_scal(inputs, Dtype(1) / sum, values);
  }
}

template <typename Dtype>
void FillBilinear(const FillerParameter& param, Blob<Dtype>* blob) {
  INPUT_CHECK(blob->num_axes() == 4 && blob->shape(2) == blob->shape(3))
      << "a bilinear filler wants square kernels, and the blob is of shape "
      << blob->shape_string();
  const int size = blob->shape(3);
  const int factor = (size + 1) / 2;
  const double centre = (2 * factor - 1 - factor % 2) / (2.0 * factor);
  Dtype* data = blob->mutable_cpu_data();
  for (int i = 0; i < blob->count(); ++i) {
    const double x = i % size;
    const double y = (i / size) % size;
    data[i] = static_cast<Dtype>((1 - std::fabs(x / factor - centre)) *
                                 (1 - std::fabs(y / factor - centre)));
  }
}

template <typename Dtype>
class FunctionFiller : public Filler<Dtype> {
 public:
  typedef void (*Function)(const FillerParameter&, Blob<Dtype>*);
  FunctionFiller(const FillerParameter& param, Function function)
      : Filler<Dtype>(param), function_(function) {}
  void Fill(Blob<Dtype>* blob) override {
    function_(this->filler_param_, blob);
  }

 private:
  Function function_;
};

}  // namespace

template <typename Dtype>
Filler<Dtype>* GetFiller(const FillerParameter& param) {
  static const map<string, typename FunctionFiller<Dtype>::Function> kFillers =
      {{"constant", FillConstant<Dtype>},
       {"uniform", FillUniform<Dtype>},
       {"gaussian", FillGaussian<Dtype>},
       {"xavier", FillXavier<Dtype>},
       {"msra", FillMsra<Dtype>},
       {"positive_unitball", FillPositiveUnitball<Dtype>},
       {"bilinear", FillBilinear<Dtype>}};
  const auto found = kFillers.find(param.type());
  if (found == kFillers.end()) {
    vector<string> names;
    for (const auto& entry : kFillers) names.push_back(entry.first);
    INPUT_FAIL() << "unknown filler type '" << param.type() << "'"
                 << DidYouMean(param.type(), names) << " (have "
                 << ListNames(names) << ")";
  }
  const pair<const char*, float> kNumbers[] = {
      {"value", param.value()}, {"min", param.min()}, {"max", param.max()},
      {"mean", param.mean()},   {"std", param.std()}};
  for (const auto& number : kNumbers) {
    INPUT_CHECK(std::isfinite(number.second))
        << "filler with " << number.first << " " << number.second
        << ", wanted a finite number";
  }
  return new FunctionFiller<Dtype>(param, found->second);
}

#ifdef TERCET_CUDA
template <typename Dtype>
bool FillOnDevice(const FillerParameter& param, Blob<Dtype>* blob) {
  const int count = blob->count();
  if (param.type() == "constant") {
    caffe_gpu_set<Dtype>(count, param.value(), blob->mutable_gpu_data());
  } else if (param.type() == "uniform") {
    CheckUniform(param);
    caffe_gpu_rng_uniform<Dtype>(count, param.min(), param.max(),
                                 blob->mutable_gpu_data());
  } else if (param.type() == "gaussian" && param.sparse() < 0) {
    CheckGaussian(param);
    caffe_gpu_rng_gaussian<Dtype>(count, param.mean(), param.std(),
                                  blob->mutable_gpu_data());
  } else {
    return false;
  }
  return true;
}

template bool FillOnDevice<float>(const FillerParameter&, Blob<float>*);
template bool FillOnDevice<double>(const FillerParameter&, Blob<double>*);
#endif

template Filler<float>* GetFiller<float>(const FillerParameter& param);
template Filler<double>* GetFiller<double>(const FillerParameter& param);

}  // namespace caffe
