// Which nets make a row from a row, whatever the number of rows.
#include "embed/row_by_row.hpp"

#include "gtest/gtest.h"

#include "net/prototxt.hpp"

namespace caffe {
namespace {

bool KeepsRows(const string& layer, const string& top = "") {
  NetParameter param;
  ParseNetPrototxt(
      "state { phase: TEST } layer { name: 'in' type: 'Input' top: 'in' "
      "input_param { shape { dim: 4 dim: 2 dim: 3 dim: 3 } } } "
      "layer { name: 'x' bottom: 'in' top: 'x' " + layer + " } " + top,
      "n", &param);
  return WorksRowByRow(Net<float>(param));
}

TEST(RowByRowTest, LayersInsideOfARowKeepRows) {
  for (const char* const layer :
       {"type: 'ReLU'", "type: 'Normalize'", "type: 'Softmax'",
        "type: 'Convolution' convolution_param { num_output: 2 kernel_size: 1 "
        "}",
        "type: 'InnerProduct' inner_product_param { num_output: 2 }",
        "type: 'Flatten'", "type: 'BatchNorm'",
        "type: 'Reshape' reshape_param { shape { dim: 0 dim: -1 } }",
        "type: 'Reshape' reshape_param { shape { dim: -1 dim: 18 } }",
        "type: 'Reshape' reshape_param { axis: 1 shape { dim: -1 } }",
        "type: 'Slice' slice_param { axis: 1 slice_point: 1 } top: 'y'"}) {
    EXPECT_TRUE(KeepsRows(layer)) << layer;
  }
}

TEST(RowByRowTest, LayersAcrossRowsDoNot) {
  for (const char* const layer :
       {"type: 'Softmax' softmax_param { axis: 0 }",
        "type: 'Flatten' flatten_param { axis: 0 }",
        "type: 'BatchNorm' batch_norm_param { use_global_stats: false }",
        "type: 'Reshape' reshape_param { shape { dim: 4 dim: -1 } }",
        "type: 'Reshape' reshape_param { shape { dim: -1 dim: 9 } }",
        "type: 'Slice' slice_param { axis: -4 slice_point: 1 } top: 'y'",
        "type: 'Reduction'"}) {
    EXPECT_FALSE(KeepsRows(layer)) << layer;
  }
}

TEST(RowByRowTest, OneLayerAcrossRowsIsEnough) {
  EXPECT_FALSE(KeepsRows("type: 'ReLU'",
                         "layer { name: 'y' type: 'Reduction' bottom: 'x' "
                         "top: 'y' }"));
}

}  // namespace
}  // namespace caffe
