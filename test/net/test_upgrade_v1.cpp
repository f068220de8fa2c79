// The 2014 form of a net, read as if it had been written today.

#include <gtest/gtest.h>

#include "test/data/shared_data.hpp"
#include "net/prototxt.hpp"
#include "caffe/util/upgrade_proto.hpp"

namespace caffe {

TEST(UpgradeV1Test, ParallelListsBecomeParamSpecs) {
  NetParameter net;
  ParseNetPrototxt(
      "name: 'old'\n"
      "input: 'data' input_dim: 1 input_dim: 1 input_dim: 4 input_dim: 4\n"
      "layers {\n name: 'c' type: CONVOLUTION bottom: 'data' top: 'c'\n"
      " blobs_lr: 1 blobs_lr: 2 weight_decay: 1 weight_decay: 0\n"
      " param: 'w' param: '' blob_share_mode: PERMISSIVE\n"
      " convolution_param { num_output: 3 kernel_size: 2 }\n"
      " include { phase: TRAIN } }\n"
      "layers { name: 'l' type: SOFTMAX_LOSS bottom: 'c' loss_weight: 2 }",
      "n", &net);
  EXPECT_EQ("old", net.name());
  ASSERT_EQ(3, net.layer_size());
  EXPECT_EQ("Input", net.layer(0).type());
  const LayerParameter& layer = net.layer(1);
  EXPECT_EQ("Convolution", layer.type());
  EXPECT_EQ("n:3", layer.source_location());
  EXPECT_EQ("data", layer.bottom(0));
  EXPECT_EQ(3, layer.convolution_param().num_output());
  EXPECT_EQ(TRAIN, layer.include(0).phase());
  ASSERT_EQ(2, layer.param_size());
  EXPECT_EQ("w", layer.param(0).name());
  EXPECT_EQ(ParamSpec::PERMISSIVE, layer.param(0).share_mode());
  EXPECT_FALSE(layer.param(1).has_name());
  EXPECT_EQ(2, layer.param(1).lr_mult());
  EXPECT_EQ(0, layer.param(1).decay_mult());
  EXPECT_EQ("SoftmaxWithLoss", net.layer(2).type());
  EXPECT_EQ(2, net.layer(2).loss_weight(0));
}

TEST(UpgradeV1Test, TypesHaveTheirNamesOfToday) {
  EXPECT_EQ("", V1LayerTypeName(0));
  EXPECT_EQ("Convolution", V1LayerTypeName(4));
  EXPECT_EQ("HDF5Data", V1LayerTypeName(9));
  EXPECT_EQ("InnerProduct", V1LayerTypeName(14));
  EXPECT_EQ("LRN", V1LayerTypeName(15));
  EXPECT_EQ("ReLU", V1LayerTypeName(18));
  EXPECT_EQ("TanH", V1LayerTypeName(23));
  EXPECT_EQ("SigmoidCrossEntropyLoss", V1LayerTypeName(27));
  EXPECT_EQ("ContrastiveLoss", V1LayerTypeName(37));
  EXPECT_EQ("", V1LayerTypeName(999));
}

TEST(UpgradeV1Test, LenetOf2014) {
  TERCET_SHARED_OR_SKIP(folder, "golden/models/lenet_mnist_v1");
  NetParameter net;
  ReadNetFromPrototxt(folder + "/lenet_train_test.prototxt", &net);
  std::string types;
  for (const LayerParameter& layer : net.layer()) types += layer.type() + " ";
  EXPECT_NE(std::string::npos,
            types.find("Convolution Pooling Convolution Pooling InnerProduct "
                       "ReLU InnerProduct"))
      << types;
}

}  // namespace caffe
