// The 2014 form of a net (proto/caffe_v1.proto) into the live one: the type's
// number into its name, the parallel lists param, blob_share_mode, blobs_lr and
// weight_decay into one ParamSpec a blob; everything else moves over by name.

#include <google/protobuf/descriptor.h>

#include <algorithm>

#include "caffe/check.hpp"
#include "caffe/proto/caffe_v1.pb.h"
#include "caffe/util/upgrade_proto.hpp"

namespace caffe {

namespace {

namespace pb = google::protobuf;

// Only those whose name is not the number's name in camel case.
struct Renamed {
  v1::LayerParameter::LayerType number;
  const char* name;
};
constexpr Renamed kRenamed[] = {
    {v1::LayerParameter::ABSVAL, "AbsVal"},
    {v1::LayerParameter::ARGMAX, "ArgMax"},
    {v1::LayerParameter::BNLL, "BNLL"},
    {v1::LayerParameter::HDF5_DATA, "HDF5Data"},
    {v1::LayerParameter::HDF5_OUTPUT, "HDF5Output"},
    {v1::LayerParameter::IM2COL, "Im2col"},
    {v1::LayerParameter::LRN, "LRN"},
    {v1::LayerParameter::MVN, "MVN"},
    {v1::LayerParameter::RELU, "ReLU"},
    {v1::LayerParameter::SOFTMAX_LOSS, "SoftmaxWithLoss"},
    {v1::LayerParameter::TANH, "TanH"},
};

std::string CamelCase(const std::string& upper) {
  std::string out;
  bool start = true;
  for (char c : upper) {
    if (c == '_') {
      start = true;
      continue;
    }
    out += start ? c : static_cast<char>(std::tolower(c));
    start = false;
  }
  return out;
}

void UpgradeParams(const v1::LayerParameter& old, LayerParameter* layer) {
  const int specs = std::max({old.param_size(), old.blob_share_mode_size(),
                              old.blobs_lr_size(), old.weight_decay_size()});
  for (int i = 0; i < specs; ++i) {
    ParamSpec* spec = layer->add_param();
    if (i < old.param_size() && !old.param(i).empty()) {
      spec->set_name(old.param(i));
    }
    if (i < old.blob_share_mode_size()) {
      spec->set_share_mode(old.blob_share_mode(i) ==
                                   v1::LayerParameter::PERMISSIVE
                               ? ParamSpec::PERMISSIVE
                               : ParamSpec::STRICT);
    }
    if (i < old.blobs_lr_size()) spec->set_lr_mult(old.blobs_lr(i));
    if (i < old.weight_decay_size()) spec->set_decay_mult(old.weight_decay(i));
  }
}

// Copies the messages of both forms that have one name and one type:
// convolution_param and so on, include, exclude, blobs.
void CopyMessages(const v1::LayerParameter& old, LayerParameter* layer) {
  std::vector<const pb::FieldDescriptor*> fields;
  const pb::Reflection* from = old.GetReflection();
  const pb::Reflection* to = layer->GetReflection();
  from->ListFields(old, &fields);
  for (const pb::FieldDescriptor* field : fields) {
    if (field->message_type() == nullptr) continue;
    const pb::FieldDescriptor* live =
        layer->GetDescriptor()->FindFieldByName(field->name());
    CHECK(live != nullptr && live->message_type() == field->message_type());
    if (!field->is_repeated()) {
      to->MutableMessage(layer, live)->CopyFrom(from->GetMessage(old, field));
      continue;
    }
    for (int i = 0; i < from->FieldSize(old, field); ++i) {
      to->AddMessage(layer, live)
          ->CopyFrom(from->GetRepeatedMessage(old, field, i));
    }
  }
}

void UpgradeLayer(const v1::LayerParameter& old, LayerParameter* layer) {
  layer->set_name(old.name());
  layer->set_type(V1LayerTypeName(old.type()));
  INPUT_CHECK(!layer->type().empty() || old.has_unknown_field())
      << old.source_location() << ": layer '" << old.name() << "' has no type";
  layer->mutable_bottom()->CopyFrom(old.bottom());
  layer->mutable_top()->CopyFrom(old.top());
  layer->mutable_loss_weight()->CopyFrom(old.loss_weight());
  CopyMessages(old, layer);
  UpgradeParams(old, layer);
  if (old.has_source_location()) {
    layer->set_source_location(old.source_location());
  }
  if (old.has_unknown_field()) layer->set_unknown_field(old.unknown_field());
}

}  // namespace

std::string V1LayerTypeName(int number) {
  if (number == v1::LayerParameter::NONE) return "";
  if (!v1::LayerParameter::LayerType_IsValid(number)) return "";
  const auto type = static_cast<v1::LayerParameter::LayerType>(number);
  for (const Renamed& renamed : kRenamed) {
    if (renamed.number == type) return renamed.name;
  }
  return CamelCase(v1::LayerParameter::LayerType_Name(type));
}

void UpgradeV1Net(const v1::NetParameter& old, NetParameter* param) {
  param->Clear();
  if (old.has_name()) param->set_name(old.name());
  param->mutable_input()->CopyFrom(old.input());
  param->mutable_input_shape()->CopyFrom(old.input_shape());
  param->mutable_input_dim()->CopyFrom(old.input_dim());
  if (old.has_force_backward()) param->set_force_backward(old.force_backward());
  if (old.has_state()) *param->mutable_state() = old.state();
  if (old.has_debug_info()) param->set_debug_info(old.debug_info());
  for (const v1::LayerParameter& layer : old.layers()) {
    UpgradeLayer(layer, param->add_layer());
  }
  param->mutable_layer()->MergeFrom(old.layer());
}

}  // namespace caffe
