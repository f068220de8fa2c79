// Files of pairs: those of LFW, and of paths. The images are a list's names, so
// that nothing hangs on what lies on the disk.
#include "evaluation/pairs_file.hpp"
#include "test/fuzz/input.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  const caffe::InputInMemory file(bytes, size);
  caffe::ImagesInList finder({"ann/ann_0001.jpg", "ann/ann_0002.jpg",
                              "bob/bob_0001.jpg", "cid lo/cid lo_0001.png",
                              "cid lo/cid lo_0002.png"});
  caffe::MayRefuse([&] { caffe::ReadPairsFile(file.path(), &finder); });
  return 0;
}
