// DummyData: shapes and fillers from the options, values from the fillers.

#include "caffe/layers/dummy_data_layer.hpp"

#include <limits>
#include <string>
#include <vector>

namespace caffe {

namespace {

// What an option that is given `have` times, for `tops` tops, must hold to.
void CheckTimes(const char* option, int have, int tops) {
  INPUT_CHECK(have == 1 || have == tops)
      << "dummy_data_param has " << have << " " << option << " for " << tops
      << " tops; wanted one for all, or one a top";
}

}  // namespace

template <typename Dtype>
vector<int> DummyDataLayer<Dtype>::TopShape(int i, int tops) const {
  const DummyDataParameter& param = this->layer_param_.dummy_data_param();
  vector<int64_t> dims;
  if (param.num_size() + param.channels_size() + param.height_size() +
          param.width_size() == 0) {
    CheckTimes("shape", param.shape_size(), tops);
    const BlobShape& shape = param.shape(param.shape_size() == 1 ? 0 : i);
    dims.assign(shape.dim().begin(), shape.dim().end());
  } else {
    INPUT_CHECK(param.shape_size() == 0)
        << "dummy_data_param has both shape and num, channels, height, width";
    CheckTimes("num", param.num_size(), tops);
    CheckTimes("channels", param.channels_size(), tops);
    CheckTimes("height", param.height_size(), tops);
    CheckTimes("width", param.width_size(), tops);
    dims = {param.num(param.num_size() == 1 ? 0 : i),
            param.channels(param.channels_size() == 1 ? 0 : i),
            param.height(param.height_size() == 1 ? 0 : i),
            param.width(param.width_size() == 1 ? 0 : i)};
  }
  vector<int> shape;
  for (const int64_t dim : dims) {
    INPUT_CHECK(dim >= 1 && dim <= std::numeric_limits<int>::max())
        << "shape of top " << i << " has dim " << dim << " at axis "
        << shape.size() << "; wanted at least 1";
    shape.push_back(static_cast<int>(dim));
  }
  return shape;
}

template <typename Dtype>
const FillerParameter& DummyDataLayer<Dtype>::FillerOf(int i) const {
  const DummyDataParameter& param = this->layer_param_.dummy_data_param();
  if (param.data_filler_size() == 0) return zeros_;
  return param.data_filler(param.data_filler_size() == 1 ? 0 : i);
}

template <typename Dtype>
void DummyDataLayer<Dtype>::LayerSetUp(const vector<Blob<Dtype>*>& bottom,
                                       const vector<Blob<Dtype>*>& top) {
  const DummyDataParameter& param = this->layer_param_.dummy_data_param();
  const int tops = static_cast<int>(top.size());
  if (param.data_filler_size() > 0) {
    CheckTimes("data_filler", param.data_filler_size(), tops);
  }
  fillers_.clear();
  for (int i = 0; i < tops; ++i) {
    top[i]->Reshape(TopShape(i, tops));
    const FillerParameter& filler = FillerOf(i);
    fillers_.emplace_back(GetFiller<Dtype>(filler));
    if (filler.type() == "constant") {
      fillers_[i]->Fill(top[i]);
      fillers_[i].reset();
    }
  }
}

template <typename Dtype>
void DummyDataLayer<Dtype>::Forward_cpu(const vector<Blob<Dtype>*>& bottom,
                                        const vector<Blob<Dtype>*>& top) {
  for (size_t i = 0; i < top.size(); ++i) {
    if (fillers_[i] != nullptr) fillers_[i]->Fill(top[i]);
  }
}

#ifdef TERCET_CUDA
template <typename Dtype>
void DummyDataLayer<Dtype>::Forward_gpu(const vector<Blob<Dtype>*>& bottom,
                                        const vector<Blob<Dtype>*>& top) {
  static set<string> said;
  for (size_t i = 0; i < top.size(); ++i) {
    if (fillers_[i] == nullptr) continue;
    const FillerParameter& filler = FillerOf(static_cast<int>(i));
    if (FillOnDevice(filler, top[i])) continue;
    if (said.insert(filler.type()).second) {
      LOG(WARNING) << "DummyData fills on the CPU with filler type "
                   << filler.type() << ", which has no GPU code";
    }
    fillers_[i]->Fill(top[i]);
  }
}
#endif

INSTANTIATE_CLASS(DummyDataLayer);
REGISTER_LAYER_CLASS(DummyData);

}  // namespace caffe
