// Older spellings inside the live form: input headers, BatchNorm's rates, the
// solver's type as an enum. The 2014 form of layers is upgrade_v1.cpp's.

#include "caffe/util/upgrade_proto.hpp"

#include "caffe/check.hpp"

namespace caffe {

namespace {

std::string Lead(const std::string& place) {
  return place.empty() ? place : place + ": ";
}

}  // namespace

void UpgradeNetInput(const std::string& place, NetParameter* param) {
  const int inputs = param->input_size();
  const int shapes = param->input_shape_size();
  const int dims = param->input_dim_size();
  if (inputs == 0) {
    INPUT_CHECK(shapes == 0 && dims == 0)
        << Lead(place) << (shapes ? "input_shape" : "input_dim")
        << " is given, but no input";
    return;
  }
  INPUT_CHECK(shapes == 0 || dims == 0)
      << Lead(place) << "both input_shape and input_dim are given";
  INPUT_CHECK(shapes > 0 || dims > 0)
      << Lead(place) << "input '" << param->input(0)
      << "' has neither input_shape nor input_dim";
  INPUT_CHECK(dims == 0 || dims == 4 * inputs)
      << Lead(place) << inputs << " input" << (inputs > 1 ? "s" : "")
      << " want " << 4 * inputs << " input_dim, found " << dims;
  INPUT_CHECK(shapes <= 1 || shapes == inputs)
      << Lead(place) << inputs << " inputs want " << inputs
      << " input_shape, found " << shapes;
  LayerParameter layer;
  layer.set_name("input");
  layer.set_type("Input");
  if (!place.empty()) layer.set_source_location(place);
  for (const std::string& top : param->input()) layer.add_top(top);
  for (const BlobShape& shape : param->input_shape()) {
    *layer.mutable_input_param()->add_shape() = shape;
  }
  for (int i = 0; i < dims; i += 4) {
    BlobShape* shape = layer.mutable_input_param()->add_shape();
    for (int j = 0; j < 4; ++j) shape->add_dim(param->input_dim(i + j));
  }
  param->clear_input();
  param->clear_input_shape();
  param->clear_input_dim();
  // In front of the others.
  auto* layers = param->mutable_layer();
  *layers->Add() = layer;
  for (int i = layers->size() - 1; i > 0; --i) layers->SwapElements(i, i - 1);
}

void UpgradeBatchNorm(NetParameter* param) {
  for (LayerParameter& layer : *param->mutable_layer()) {
    if (layer.type() != "BatchNorm") continue;
    for (ParamSpec& spec : *layer.mutable_param()) {
      spec.set_lr_mult(0);
      spec.set_decay_mult(0);
    }
  }
}

void UpgradeSolverType(const std::string& place, SolverParameter* param) {
  if (!param->has_solver_type()) return;
  static const char* const kTypes[] = {"SGD",     "Nesterov", "AdaGrad",
                                       "RMSProp", "AdaDelta", "Adam"};
  const std::string type = kTypes[param->solver_type()];
  INPUT_CHECK(!param->has_type() || param->type() == type)
      << Lead(place) << "solver_type says " << type << ", type says "
      << param->type() << ": keep one of them";
  param->set_type(type);
  param->clear_solver_type();
}

}  // namespace caffe
