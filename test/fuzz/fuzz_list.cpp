// Lists of images: with a label or none, of triplets, and of groups.
#include "data/identity_list.hpp"
#include "test/fuzz/input.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  const caffe::InputInMemory file(bytes, size);
  const std::string& path = file.path();
  caffe::MayRefuse([&] { caffe::ReadIdentities(path, ""); });
  caffe::MayRefuse([&] { caffe::ListImages(path, ""); });
  caffe::MayRefuse([&] { caffe::ReadTripletList(path, ""); });
  const std::vector<caffe::Identity> people = {{"ann", 0, {"a.png"}},
                                               {"bob", 1, {"b.png"}}};
  caffe::MayRefuse([&] { caffe::ReadGroups(path, people, people, 1, 1); });
  return 0;
}
