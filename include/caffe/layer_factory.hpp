// The registry of layer types: a layer's .cpp registers itself, and nets are
// built by type name. The registry is the only list of layers there is.
#ifndef CAFFE_LAYER_FACTORY_HPP_
#define CAFFE_LAYER_FACTORY_HPP_

#include <map>
#include <string>
#include <vector>

#include "caffe/common.hpp"
#include "caffe/proto/caffe.pb.h"

namespace caffe {

template <typename Dtype>
class Layer;

template <typename Dtype>
class LayerRegistry {
 public:
  typedef shared_ptr<Layer<Dtype>> (*Creator)(const LayerParameter&);
  typedef std::map<string, Creator> CreatorRegistry;

  static CreatorRegistry& Registry();
  // A broken contract where the type is registered already.
  static void AddCreator(const string& type, Creator creator);
  // Error kInput where the type is not registered; says what does its work
  // here, or names the nearest types.
  static void CheckType(const LayerParameter& param);
  static shared_ptr<Layer<Dtype>> CreateLayer(const LayerParameter& param);
  // The registered types in alphabetic order.
  static vector<string> LayerTypeList();

 private:
  LayerRegistry() = delete;
};

template <typename Dtype>
class LayerRegisterer {
 public:
  LayerRegisterer(const string& type,
                  typename LayerRegistry<Dtype>::Creator creator) {
    LayerRegistry<Dtype>::AddCreator(type, creator);
  }
};

}  // namespace caffe

#define REGISTER_LAYER_CREATOR(type, creator)                          \
  static LayerRegisterer<float> g_creator_f_##type(#type, creator<float>); \
  static LayerRegisterer<double> g_creator_d_##type(#type, creator<double>)

// In a layer's .cpp: makes FooLayer known as type "Foo".
#define REGISTER_LAYER_CLASS(type)                                        \
  template <typename Dtype>                                               \
  shared_ptr<Layer<Dtype>> Creator_##type##Layer(                         \
      const LayerParameter& param) {                                      \
    return shared_ptr<Layer<Dtype>>(new type##Layer<Dtype>(param));       \
  }                                                                       \
  REGISTER_LAYER_CREATOR(type, Creator_##type##Layer)

#endif  // CAFFE_LAYER_FACTORY_HPP_
