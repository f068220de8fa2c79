// Which layers work row by row; see the header.
#include "embed/row_by_row.hpp"

namespace caffe {

namespace {

// Row by row whatever their options are.
const set<string>& Always() {
  static const set<string> kTypes = {
      "Convolution", "Dropout", "Eltwise", "Input",   "LRN",
      "Normalize",   "PReLU",   "Pooling", "Power",   "ReLU",
      "Sigmoid",     "Silence", "Split",   "TanH"};
  return kTypes;
}

// The axis that a layer's options name leaves the first one alone.
bool InsideRows(const Blob<float>& bottom, int axis) {
  return bottom.CanonicalAxisIndex(axis) > 0;
}

// A first dim of -1 does where the other dims make up one row.
bool ReshapeKeepsRows(const Blob<float>& bottom, const Blob<float>& top,
                      const ReshapeParameter& param) {
  const int axis = param.axis() < 0 ? bottom.num_axes() + 1 + param.axis()
                                    : param.axis();
  if (axis > 0) return true;
  if (param.num_axes() == 0 || param.shape().dim_size() == 0) return false;
  return param.shape().dim(0) == 0 ||
         (param.shape().dim(0) == -1 && top.shape(0) == bottom.shape(0));
}

bool BatchNormKeepsRows(const LayerParameter& layer) {
  const BatchNormParameter& param = layer.batch_norm_param();
  return param.has_use_global_stats() ? param.use_global_stats()
                                      : layer.phase() == TEST;
}

bool LayerKeepsRows(const LayerParameter& layer, const Blob<float>& bottom,
                    const Blob<float>& top) {
  const string& type = layer.type();
  if (Always().count(type) > 0) return true;
  if (bottom.num_axes() == 0) return false;
  if (type == "BatchNorm") return BatchNormKeepsRows(layer);
  if (type == "Reshape") {
    return ReshapeKeepsRows(bottom, top, layer.reshape_param());
  }
  if (type == "InnerProduct") {
    return InsideRows(bottom, layer.inner_product_param().axis());
  }
  if (type == "Flatten") {
    return InsideRows(bottom, layer.flatten_param().axis());
  }
  if (type == "Softmax") {
    return InsideRows(bottom, layer.softmax_param().axis());
  }
  if (type == "Concat") {
    const ConcatParameter& param = layer.concat_param();
    return param.has_concat_dim() ? param.concat_dim() > 0
                                  : InsideRows(bottom, param.axis());
  }
  if (type == "Slice") {
    const SliceParameter& param = layer.slice_param();
    return param.has_slice_dim() ? param.slice_dim() > 0
                                 : InsideRows(bottom, param.axis());
  }
  // With two bottoms both have the rows.
  if (type == "Scale") {
    return layer.bottom_size() > 1 ||
           InsideRows(bottom, layer.scale_param().axis());
  }
  if (type == "Bias") {
    return layer.bottom_size() > 1 ||
           InsideRows(bottom, layer.bias_param().axis());
  }
  return false;
}

}  // namespace

bool WorksRowByRow(const Net<float>& net) {
  static const Blob<float> kNone;
  for (size_t i = 0; i < net.layers().size(); ++i) {
    const vector<Blob<float>*>& bottoms = net.bottom_vecs()[i];
    const vector<Blob<float>*>& tops = net.top_vecs()[i];
    if (!LayerKeepsRows(net.layers()[i]->layer_param(),
                        bottoms.empty() ? kNone : *bottoms[0],
                        tops.empty() ? kNone : *tops[0])) {
      return false;
    }
  }
  return true;
}

}  // namespace caffe
