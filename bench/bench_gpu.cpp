// Times the GPU code: memory copies, the triplet passes, single layers and the
// update step; or, with --model, whole training steps of a net. Prints one JSON
// object. Each sample is the time of several launches between two waits for
// the device. bench/gpu runs it, beside PyTorch; docs/gpu.md says where the
// bytes and operations of each come from.
#include <gflags/gflags.h>
#include <google/protobuf/text_format.h>

#include <cmath>
#include <functional>
#include <iostream>
#include <memory>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "bench/common.hpp"
#include "caffe/filler.hpp"
#include "caffe/layer_factory.hpp"
#include "caffe/loss/triplet.hpp"
#include "caffe/sgd_solvers.hpp"
#include "caffe/util/math_functions.hpp"
#include "solver/update_rules.hpp"
#include "caffe/solver_factory.hpp"
#include "core/device.hpp"
#include "net/prototxt.hpp"

DEFINE_int32(gpu, 0, "the device");
DEFINE_string(model, "", "a net's prototxt: times its training steps");
DEFINE_int32(batch, 0, "images a step instead of the net's own number");
DEFINE_int32(repetitions, 15, "samples, after one that does not count");
DEFINE_string(math, "FP32", "FP32 or TF32: the products of floats");
DEFINE_double(seconds, 0.05, "the least length of a sample");
DEFINE_bool(tiny, false, "sizes for a try on the emulated device");

#ifndef TERCET_CUDA
int main() {
  std::cerr << "error: " << caffe::DeviceProblem() << "\n";
  return caffe::Error::kDevice;
}
#else

namespace {

using caffe::Blob;
using caffe::Caffe;
using caffe::metric::Distance;

void Wait() { CUDA_CHECK(cudaDeviceSynchronize()); }

struct Times {
  double median, best, worst;
};

// Seconds a call.
Times Measure(const std::function<void()>& call) {
  call();
  Wait();
  double start = bench::Seconds();
  call();
  Wait();
  const double once = std::max(bench::Seconds() - start, 1e-7);
  const int calls =
      FLAGS_tiny ? 1 : static_cast<int>(std::ceil(FLAGS_seconds / once));
  std::vector<double> samples;
  for (int i = 0; i <= FLAGS_repetitions; ++i) {
    start = bench::Seconds();
    for (int k = 0; k < calls; ++k) call();
    Wait();
    if (i > 0) samples.push_back((bench::Seconds() - start) / calls);
  }
  return {bench::Quantile(samples, 0.5), bench::Quantile(samples, 0),
          bench::Quantile(samples, 1)};
}

std::string SecondsJson(const Times& times) {
  std::ostringstream json;
  json << "\"seconds\": {\"median\": " << times.median << ", \"best\": "
       << times.best << ", \"worst\": " << times.worst << "}";
  return json.str();
}

// The results so far, each a JSON object; the first is the device's own copy,
// which the others are measured against.
class Results {
 public:
  // bytes: the least that the call must read and write, and operations: what
  // it multiplies and adds; 0 where that is not its bound.
  void Add(const std::string& name, double bytes, double operations,
           const std::function<void()>& call) {
    const Times times = Measure(call);
    const double rate = bytes / times.median;
    if (copy_rate_ == 0) copy_rate_ = rate;
    std::ostringstream json;
    json << "{\"name\": \"" << name << "\", " << SecondsJson(times);
    if (bytes > 0) {
      json << ", \"bytes\": " << bytes << ", \"bytes_per_second\": " << rate
           << ", \"share_of_copy\": " << rate / copy_rate_;
    }
    if (operations > 0) {
      json << ", \"operations\": " << operations
           << ", \"operations_per_second\": " << operations / times.median;
    }
    json << "}";
    items_.push_back(json.str());
    std::cerr << name << ": " << times.median << " s";
    if (bytes > 0) std::cerr << ", " << rate / copy_rate_ << " of a copy";
    std::cerr << "\n";
  }
  std::string Json() const {
    std::string text;
    for (const std::string& item : items_) {
      text += (text.empty() ? "    " : ",\n    ") + item;
    }
    return "[\n" + text + "\n  ]";
  }

 private:
  std::vector<std::string> items_;
  double copy_rate_ = 0;
};

void FillNormal(Blob<float>* blob) {
  caffe::caffe_gpu_rng_gaussian<float>(blob->count(), 0, 1,
                                       blob->mutable_gpu_data());
}

void AddCopies(Results* results) {
  const int count = FLAGS_tiny ? 1 << 10 : 1 << 28;
  const double bytes = 2. * count * sizeof(float);
  Blob<float> from({count}), to({count});
  FillNormal(&from);
  const float* x = from.gpu_data();
  float* y = to.mutable_gpu_data();
  results->Add("copy cudaMemcpy", bytes, 0, [=] {
    CUDA_CHECK(cudaMemcpy(y, x, count * sizeof(float),
                          cudaMemcpyDeviceToDevice));
  });
  results->Add("copy kernel", bytes, 0,
               [=] { caffe::caffe_gpu_scale<float>(count, 1, x, y); });
}

void AddTriplet(const std::string& name, Distance distance, int N, int D,
                Results* results) {
  caffe::metric::TripletOptions options;
  options.distance = distance;
  // Large, so that every row is active and none is spared.
  options.margin = 1e6;
  Blob<float> x[3], rows({N, caffe::metric::kTripletRowSize}), loss({1}),
      factor({1});
  Blob<double> totals({caffe::metric::kTripletTotals});
  for (Blob<float>& one : x) {
    one.Reshape({N, D});
    FillNormal(&one);
    one.mutable_gpu_diff();
  }
  caffe::caffe_gpu_set<float>(1, 1, loss.mutable_gpu_diff());
  const std::string size =
      name + " N=" + std::to_string(N) + " D=" + std::to_string(D);
  const double values = 1. * N * D * sizeof(float);
  results->Add("triplet forward " + size, 3 * values, 0, [&] {
    caffe::metric::TripletForwardGpu(
        options, x[0].gpu_data(), x[1].gpu_data(), x[2].gpu_data(),
        static_cast<const float*>(nullptr), N, D, rows.mutable_gpu_data(),
        loss.mutable_gpu_data(), factor.mutable_gpu_data(),
        totals.mutable_gpu_data());
  });
  results->Add("triplet backward " + size, 6 * values, 0, [&] {
    caffe::metric::TripletBackwardGpu(
        options, x[0].gpu_data(), x[1].gpu_data(), x[2].gpu_data(),
        rows.gpu_data(), factor.gpu_data(), loss.gpu_diff(), N, D,
        x[0].mutable_gpu_diff(), x[1].mutable_gpu_diff(),
        x[2].mutable_gpu_diff());
  });
}

void AddTriplets(Results* results) {
  if (FLAGS_tiny) {
    AddTriplet("SQUARED_L2", Distance::kSquaredL2, 5, 8, results);
    AddTriplet("COSINE", Distance::kCosine, 5, 7, results);
    return;
  }
  const std::pair<int, int> sizes[] = {{256, 128},     {4096, 128},
                                       {1 << 17, 128}, {1 << 15, 512},
                                       {1 << 14, 1024}, {1 << 20, 128},
                                       {1 << 20, 64},  {1 << 17, 127}};
  for (const auto& size : sizes) {
    AddTriplet("SQUARED_L2", Distance::kSquaredL2, size.first, size.second,
               results);
  }
  AddTriplet("L2", Distance::kL2, 1 << 20, 128, results);
  AddTriplet("L1", Distance::kL1, 1 << 20, 128, results);
  for (const int D : {128, 512, 1024}) {
    AddTriplet("COSINE", Distance::kCosine, (1 << 27) / D, D, results);
  }
}

// A layer on bottoms of these shapes. `moves`: how often forward and backward
// at least move the values of bottom 0; 0 where memory is not the bound.
struct LayerBench {
  std::string name, text;
  caffe::vector<caffe::vector<int>> shapes;
  double forward_moves = 0, backward_moves = 0;
};

// Bottoms of one axis are labels, four of each.
void Fill(Blob<float>* blob) {
  if (blob->num_axes() > 1) {
    FillNormal(blob);
    return;
  }
  float* labels = blob->mutable_cpu_data();
  for (int i = 0; i < blob->count(); ++i) {
    labels[i] = static_cast<float>(i / 4);
  }
}

void AddLayer(const LayerBench& bench, Results* results) {
  caffe::LayerParameter param;
  CHECK(google::protobuf::TextFormat::ParseFromString(bench.text, &param));
  const auto layer = caffe::LayerRegistry<float>::CreateLayer(param);
  std::vector<std::unique_ptr<Blob<float>>> owned;
  caffe::vector<Blob<float>*> bottom;
  caffe::vector<bool> down;
  for (const auto& shape : bench.shapes) {
    owned.emplace_back(new Blob<float>(shape));
    bottom.push_back(owned.back().get());
    down.push_back(shape.size() > 1);
    Fill(bottom.back());
  }
  Blob<float> top;
  const caffe::vector<Blob<float>*> tops = {&top};
  layer->SetUp(bottom, tops);
  const double bytes = 1. * bottom[0]->count() * sizeof(float);
  const double operations = 2. * layer->MultiplyAdds(bottom, tops);
  layer->Forward(bottom, tops);
  caffe::caffe_gpu_set<float>(top.count(), 1, top.mutable_gpu_diff());
  results->Add(bench.name + " forward", bench.forward_moves * bytes,
               bench.forward_moves > 0 ? 0 : operations,
               [&] { layer->Forward(bottom, tops); });
  results->Add(bench.name + " backward", bench.backward_moves * bytes,
               bench.forward_moves > 0 ? 0 : 2 * operations,
               [&] { layer->Backward(tops, down, bottom); });
}

// A loss of weight 0, so that bringing it to the host is not timed.
std::string Loss(const std::string& type) {
  return "type: '" + type + "' loss_weight: 0 ";
}

void AddLosses(Results* results) {
  const bool tiny = FLAGS_tiny;
  const int N = tiny ? 3 : 1 << 17, D = tiny ? 8 : 512;
  const int rows = tiny ? 3 : 4096, classes = tiny ? 5 : 10572;
  std::vector<LayerBench> losses = {
      // Every row active, so that none is spared.
      {"TripletLoss",
       Loss("TripletLoss") + "triplet_loss_param { margin: 1e6 }",
       {{N, D}, {N, D}, {N, D}}, 3, 6},
      {"ContrastiveLoss", Loss("ContrastiveLoss"), {{N, D}, {N, D}, {N}}, 2,
       4},
      {"EuclideanLoss", Loss("EuclideanLoss"), {{N, D}, {N, D}}, 2, 4},
      {"SoftmaxWithLoss", Loss("SoftmaxWithLoss"), {{rows, classes}, {rows}},
       2, 2},
  };
  for (const std::string mining : {"BATCH_HARD", "BATCH_ALL", "SEMI_HARD"}) {
    for (const int B : {1800, 4096}) {
      const int batch = tiny ? 8 : B;
      losses.push_back(
          {"BatchTripletLoss " + mining + " B=" + std::to_string(batch),
           Loss("BatchTripletLoss") + "batch_triplet_loss_param { mining: " +
               mining + " }",
           {{batch, tiny ? 8 : 128}, {batch}}});
    }
  }
  for (const LayerBench& loss : losses) AddLayer(loss, results);
}

void AddMaps(Results* results) {
  const bool tiny = FLAGS_tiny;
  const int N = tiny ? 3 : 1 << 17, D = tiny ? 8 : 512;
  const caffe::vector<int> maps = {tiny ? 2 : 256, tiny ? 4 : 64,
                                   tiny ? 6 : 56, tiny ? 5 : 48};
  const std::vector<LayerBench> layers = {
      {"Normalize", "type: 'Normalize'", {{N, D}}, 2, 3},
      {"ReLU", "type: 'ReLU'", {maps}, 2, 3},
      {"PReLU", "type: 'PReLU'", {maps}, 2, 3},
      {"BatchNorm", "type: 'BatchNorm'", {maps}, 3, 5},
      {"Scale", "type: 'Scale' scale_param { bias_term: true }", {maps}, 2, 3},
      {"Eltwise SUM", "type: 'Eltwise'", {maps, maps}, 3, 3},
      {"Concat", "type: 'Concat'", {maps, maps}, 4, 4},
      {"Dropout", "type: 'Dropout'", {maps}, 2, 2},
      {"LRN", "type: 'LRN'", {maps}, 3, 4},
      {"Pooling MAX",
       "type: 'Pooling' pooling_param { kernel_size: 2 stride: 2 }", {maps},
       1.5, 1.5},
      {"Pooling AVE",
       "type: 'Pooling' pooling_param { pool: AVE kernel_size: 2 stride: 2 }",
       {maps}, 1.25, 1.25},
  };
  for (const LayerBench& layer : layers) AddLayer(layer, results);
}

// Outputs and window of a convolution, and the images that it reads.
struct Convolution {
  int outputs, kernel, stride;
  caffe::vector<int> shape;
};

// Shapes of the benchmarks' nets, with each engine: without cuDNN they are one
// and the same.
void AddProducts(Results* results) {
  const std::string filler = "weight_filler { type: 'gaussian' std: 0.01 } ";
  std::vector<Convolution> shapes = {
      {64, 3, 1, {256, 64, 56, 48}},  {128, 3, 1, {256, 128, 28, 24}},
      {256, 3, 1, {256, 256, 14, 12}}, {512, 3, 1, {256, 512, 7, 6}},
      {64, 3, 2, {256, 3, 112, 96}},  {32, 5, 1, {1024, 1, 64, 64}},
      {64, 7, 2, {128, 3, 224, 224}}, {64, 1, 1, {128, 192, 28, 28}}};
  if (FLAGS_tiny) shapes = {{4, 3, 1, {2, 3, 5, 4}}, {3, 1, 1, {2, 4, 3, 3}}};
  for (const Convolution& c : shapes) {
    const std::string size =
        std::to_string(c.kernel) + "x" + std::to_string(c.kernel) + "/" +
        std::to_string(c.stride) + " " + std::to_string(c.outputs) + " from " +
        Blob<float>(c.shape).shape_string();
    const std::string text =
        "type: 'Convolution' convolution_param { " + filler +
        "num_output: " + std::to_string(c.outputs) +
        " kernel_size: " + std::to_string(c.kernel) +
        " stride: " + std::to_string(c.stride) +
        " pad: " + std::to_string(c.kernel / 2) + " engine: ";
    for (const std::string engine : {"CAFFE", "CUDNN"}) {
      AddLayer({"Convolution " + engine + " " + size, text + engine + " }",
                {c.shape}},
               results);
    }
  }
  const int rows = FLAGS_tiny ? 3 : 256, depth = FLAGS_tiny ? 5 : 21504;
  AddLayer({"InnerProduct 512 from " + std::to_string(depth),
            "type: 'InnerProduct' inner_product_param { num_output: 512 " +
                filler + "}",
            {{rows, depth}}},
           results);
}

void AddUpdate(Results* results) {
  const int count = FLAGS_tiny ? 100 : 1 << 25;
  Blob<float> param({count}), history({count});
  FillNormal(&param);
  caffe::caffe_gpu_set<float>(count, 0, param.mutable_gpu_diff());
  caffe::caffe_gpu_set<float>(count, 0, history.mutable_gpu_data());
  results->Add("update SGD", 6. * count * sizeof(float), 0, [&] {
    caffe::ApplyRule(caffe::SgdRule<float>{0.01f, 0.9f},
                     caffe::GradientTerms<float>{1, 0, 5e-4f}, &param,
                     &history, static_cast<Blob<float>*>(nullptr));
  });
}

// Puts Input in the place of a DummyData layer, with another number of images
// if one is given: then the data of all steps are the same and lie on the card.
void ReplaceSource(int batch, caffe::LayerParameter* layer) {
  caffe::InputParameter* input = layer->mutable_input_param();
  *input->mutable_shape() = layer->dummy_data_param().shape();
  INPUT_CHECK(input->shape_size() > 0)
      << "layer '" << layer->name() << "': dummy_data_param has no shape";
  if (batch > 0) {
    for (caffe::BlobShape& shape : *input->mutable_shape()) {
      shape.set_dim(0, batch);
    }
  }
  layer->set_type("Input");
}

// Fills what Input gives as DummyData's fillers would have.
void FillSources(const caffe::NetParameter& param,
                 const caffe::Net<float>& net) {
  for (const caffe::LayerParameter& layer : param.layer()) {
    const auto& fillers = layer.dummy_data_param().data_filler();
    for (int i = 0; i < layer.top_size() && fillers.size() > 0; ++i) {
      const std::unique_ptr<caffe::Filler<float>> filler(
          caffe::GetFiller<float>(fillers.Get(fillers.size() > 1 ? i : 0)));
      filler->Fill(net.blob_by_name(layer.top(i)).get());
    }
  }
}

// Solver::Step as training runs it: forward, backward, update, and the loss
// and the gradients' norm brought to the host.
std::string StepsJson() {
  caffe::SolverParameter param;
  caffe::NetParameter* net = param.mutable_net_param();
  ReadNetFromPrototxt(FLAGS_model, net);
  for (caffe::LayerParameter& layer : *net->mutable_layer()) {
    if (layer.type() == "DummyData") ReplaceSource(FLAGS_batch, &layer);
  }
  param.set_type("SGD");
  param.set_base_lr(1e-5f);
  param.set_lr_policy("fixed");
  param.set_momentum(0.9f);
  param.set_weight_decay(5e-4f);
  param.set_max_iter(1 << 30);
  param.set_random_seed(1);
  param.set_snapshot_after_train(false);
  param.set_solver_mode(caffe::SolverParameter::GPU);
  param.set_device_id(FLAGS_gpu);
  param.set_math(FLAGS_math == "TF32" ? caffe::SolverParameter::TF32
                                      : caffe::SolverParameter::FP32);
  const std::unique_ptr<caffe::Solver<float>> solver(
      caffe::SolverRegistry<float>::CreateSolver(param));
  FillSources(*net, *solver->net());
  solver->Step(2);
  const caffe::Transfers before = caffe::TransfersSoFar();
  solver->Step(1);
  const caffe::Transfers moved = caffe::TransfersSoFar() - before;
  const Times times = Measure([&] { solver->Step(1); });
  const int batch = solver->net()->blobs()[0]->shape(0);
  int64_t parameters = 0;
  for (const auto& blob : solver->net()->params()) parameters += blob->count();
  std::ostringstream json;
  json << "  \"model\": \"" << FLAGS_model << "\",\n  \"batch\": " << batch
       << ",\n  \"parameters\": " << parameters
       << ",\n  \"step\": {" << SecondsJson(times)
       << ", \"images_per_second\": " << batch / times.median
       << ", \"transfers\": \"" << caffe::TransfersText(moved) << "\"}";
  return json.str();
}

std::string KernelsJson() {
  Results results;
  AddCopies(&results);
  AddTriplets(&results);
  AddLosses(&results);
  AddMaps(&results);
  AddProducts(&results);
  AddUpdate(&results);
  return "  \"kernels\": " + results.Json();
}

bool Emulated() {
#ifdef TERCET_TEST_CUDA_HOST_CUDA_RUNTIME_H_
  return true;
#else
  return false;
#endif
}

}  // namespace

int main(int argc, char** argv) {
  const std::string command = bench::Command(argc, argv);
  caffe::UseBestBlasCore();
  gflags::ParseCommandLineFlags(&argc, &argv, true);
  if (argc > 1 || FLAGS_repetitions < 1 ||
      (FLAGS_math != "FP32" && FLAGS_math != "TF32")) {
    std::cerr << "usage: bench_gpu [--model=net.prototxt [--batch=N]] "
                 "[--math=FP32|TF32] [--repetitions=15]\n"
                 "       [--seconds=0.05] [--gpu=0] [--tiny]\n";
    return caffe::Error::kUsage;
  }
  try {
    Caffe::SetDevice(FLAGS_gpu);
    Caffe::set_mode(Caffe::GPU);
    Caffe::set_math(FLAGS_math == "TF32" ? Caffe::TF32 : Caffe::FP32);
    Caffe::set_random_seed(1);
    const caffe::DeviceInfo device = caffe::DescribeDevice(FLAGS_gpu);
    const std::string body =
        FLAGS_model.empty() ? KernelsJson() : StepsJson();
    std::cout << "{\n  \"command\": \"" << command << "\",\n  \"date\": \""
              << bench::Date() << "\",\n  \"card\": \"" << device.name
              << "\",\n  \"emulated\": " << (Emulated() ? "true" : "false")
              << ",\n  \"versions\": \"" << caffe::CudaVersions()
              << "\",\n  \"math\": \"" << FLAGS_math
              << "\",\n  \"repetitions\": " << FLAGS_repetitions << ",\n"
              << body << "\n}\n";
  } catch (const caffe::Error& error) {
    std::cerr << "error: " << error.what() << "\n";
    return error.exit_code();
  }
  return 0;
}

#endif  // TERCET_CUDA
