// How cuDNN's convolution algorithms are chosen, and which were: the process'
// settings, which a solver takes from its file, and the choices that timing
// made, which it keeps in its snapshots. In a build without cuDNN all of this
// may be called, and has no effect.
#ifndef TERCET_CONVOLUTION_CUDNN_CHOICE_HPP_
#define TERCET_CONVOLUTION_CUDNN_CHOICE_HPP_

#include <cstddef>
#include <map>
#include <string>

namespace caffe {

struct CudnnSettings {
  // Times the algorithms of each shape once, in place of asking cuDNN which
  // should be best. Another run may then choose others, whose last bits differ.
  // While it times, cuDNN takes memory of its own beyond workspace_bytes.
  bool autotune = false;
  // The most workspace that an algorithm may take.
  size_t workspace_bytes = size_t{512} << 20;
};

const CudnnSettings& GetCudnnSettings();
void SetCudnnSettings(const CudnnSettings& settings);

// What timing chose: a pass over a shape, and the number of an algorithm with
// its way of multiplying. A choice that is set is taken in place of timing. Each
// call of SetCudnnChoices lets convolutions that are planned plan again.
typedef std::map<std::string, int> CudnnChoiceMap;
const CudnnChoiceMap& CudnnChoices();
void SetCudnnChoices(const CudnnChoiceMap& choices);
void AddCudnnChoice(const std::string& pass, int algorithm);

// Changes with the settings, with Caffe::math() and with SetCudnnChoices.
int CudnnGeneration();

// "cuDNN 9.13"; empty in a build without it.
std::string CudnnVersion();

}  // namespace caffe

#endif  // TERCET_CONVOLUTION_CUDNN_CHOICE_HPP_
