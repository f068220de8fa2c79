// Loads a net from prototxt (and weights, where given), embeds two random
// images and prints how far apart they are.
//
//   embed deploy.prototxt [weights.caffemodel]
#include <cmath>
#include <cstdio>

#include "caffe/filler.hpp"
#include "caffe/net.hpp"

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: embed deploy.prototxt [weights]\n");
    return 2;
  }
  try {
    caffe::Caffe::set_random_seed(1);
    caffe::Net<float> net(argv[1], caffe::TEST);
    if (argc > 2) net.CopyTrainedLayersFrom(argv[2]);
    caffe::Blob<float>& images = *net.input_blobs()[0];
    caffe::caffe_rng_gaussian<float>(images.count(), 0, 1,
                                     images.mutable_cpu_data());
    const caffe::Blob<float>& embedding = *net.Forward()[0];
    const int dims = embedding.count() / embedding.shape(0);
    double squared = 0;
    for (int i = 0; i < dims; ++i) {
      const double difference =
          embedding.cpu_data()[i] - embedding.cpu_data()[dims + i];
      squared += difference * difference;
    }
    std::printf("two images, %d numbers each, distance %.4f\n", dims,
                std::sqrt(squared));
    return std::isfinite(squared) && squared <= 4.0001 ? 0 : 1;
  } catch (const caffe::Error& error) {
    std::fprintf(stderr, "error: %s\n", error.what());
    return error.exit_code();
  }
}
