// The settings and choices of cudnn_choice.hpp, and cuDNN's handle.
#include "convolution/cudnn_choice.hpp"

#include "caffe/common.hpp"
#ifdef TERCET_CUDNN
#include "math/cudnn.hpp"
#endif

namespace caffe {

namespace {

struct State {
  CudnnSettings settings;
  CudnnChoiceMap choices;
  int generation = 0;
};

State& state() {
  static State instance;
  return instance;
}

}  // namespace

const CudnnSettings& GetCudnnSettings() { return state().settings; }

void SetCudnnSettings(const CudnnSettings& settings) {
  const CudnnSettings& now = state().settings;
  if (now.autotune == settings.autotune &&
      now.workspace_bytes == settings.workspace_bytes) {
    return;
  }
  state().settings = settings;
  ++state().generation;
}

const CudnnChoiceMap& CudnnChoices() { return state().choices; }

void SetCudnnChoices(const CudnnChoiceMap& choices) {
  state().choices = choices;
  ++state().generation;
}

void AddCudnnChoice(const string& pass, int algorithm) {
  state().choices[pass] = algorithm;
}

int CudnnGeneration() {
  return 2 * state().generation + (Caffe::math() == Caffe::TF32);
}

#ifdef TERCET_CUDNN

string CudnnVersion() {
  // 8902 is 8.9.2, 91300 is 9.13.0.
  const int version = static_cast<int>(cudnnGetVersion());
  const int major = version / (version < 10000 ? 1000 : 10000);
  const int minor = version / 100 % (version < 10000 ? 10 : 100);
  return "cuDNN " + std::to_string(major) + "." + std::to_string(minor);
}

cudnnHandle_t CudnnHandle() {
  static cudnnHandle_t handle = nullptr;
  static int device = -1;
  if (handle == nullptr || device != Caffe::device()) {
    if (handle != nullptr) CUDNN_CHECK(cudnnDestroy(handle));
    handle = nullptr;
    CUDNN_CHECK(cudnnCreate(&handle));
    device = Caffe::device();
  }
  return handle;
}

#else

string CudnnVersion() { return ""; }

#endif

}  // namespace caffe
