// Do two images show the same person? The program embeds both with a net and
// prints their distance and the verdict; the net's Mirror layer is its own
// (mirror_layer.cpp).
//
//   embed deploy.prototxt weights.caffemodel|none A.jpg B.jpg [threshold]
//
// Without a threshold it is that of weights.caffemodel.threshold.
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "caffe/common.hpp"
#include "caffe/embedder.hpp"
#include "caffe/util/math_functions.hpp"

int main(int argc, char** argv) {
  if (argc != 5 && argc != 6) {
    std::fprintf(stderr, "usage: embed deploy.prototxt weights|none A B "
                         "[threshold]\n");
    return 2;
  }
  const std::string weights = argv[2];
  try {
    caffe::UseBestBlasCore();  // before anything else uses BLAS
    caffe::Caffe::set_random_seed(1);  // of weights that are not loaded
    caffe::EmbedderOptions options;
    if (argc == 6) options.threshold = std::atof(argv[5]);
    caffe::Embedder embedder(argv[1], weights == "none" ? "" : weights,
                             options);
    const std::vector<float> rows = embedder.Embed({argv[3], argv[4]});
    const caffe::Verdict verdict =
        embedder.Verify(rows.data(), rows.data() + embedder.width());
    std::printf("%s: %d numbers each, distance %.4f, threshold %.4f\n",
                verdict.same ? "same person" : "different persons",
                embedder.width(), verdict.distance, verdict.threshold);
    return 0;
  } catch (const caffe::Error& error) {
    std::fprintf(stderr, "error: %s\n", error.what());
    return error.exit_code();
  }
}
