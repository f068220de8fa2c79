// .caffemodel and .solverstate files: what is read, what each broken one is
// answered with, and that writing leaves the old file or the new one.

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <csignal>
#include <filesystem>
#include <fstream>

#include "caffe/check.hpp"
#include "caffe/proto/caffe_v1.pb.h"
#include "test/data/shared_data.hpp"
#include "caffe/util/io.hpp"
#include "net/weights.hpp"

namespace caffe {

namespace {

std::string WeightsError(const std::string& path) {
  NetParameter net;
  try {
    ReadWeights(path, &net);
  } catch (const Error& error) {
    EXPECT_EQ(Error::kInput, error.kind());
    return error.what();
  }
  return "";
}

NetParameter SmallNet() {
  NetParameter net;
  net.set_name("small");
  for (const char* name : {"one", "two"}) {
    LayerParameter* layer = net.add_layer();
    layer->set_name(name);
    layer->set_type("InnerProduct");
    layer->mutable_inner_product_param()->set_num_output(2);
    layer->set_source_location("n:1");
    BlobProto* blob = layer->add_blobs();
    blob->mutable_shape()->add_dim(2);
    blob->mutable_shape()->add_dim(3);
    for (int i = 0; i < 6; ++i) blob->add_data(i + 0.5f);
  }
  return net;
}

// Without the care of WriteFileAtomically, which takes its time.
void Put(const std::string& path, const std::string& content) {
  std::ofstream(path, std::ios::binary) << content;
}

size_t FilesIn(const std::string& folder) {
  size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    static_cast<void>(entry);
    ++files;
  }
  return files;
}

}  // namespace

TEST(WeightsTest, OnlyNameTypeAndBlobsComeBack) {
  const TempFolder folder;
  WriteWeights(folder.File("w"), SmallNet());
  EXPECT_EQ(std::string::npos, ReadFile(folder.File("w"), 1000).find("n:1"));
  NetParameter net;
  ReadWeights(folder.File("w"), &net);
  EXPECT_EQ("small", net.name());
  ASSERT_EQ(2, net.layer_size());
  EXPECT_EQ("two", net.layer(1).name());
  EXPECT_EQ("InnerProduct", net.layer(1).type());
  EXPECT_FALSE(net.layer(1).has_inner_product_param());
  ASSERT_EQ(1, net.layer(1).blobs_size());
  EXPECT_EQ(5.5f, net.layer(1).blobs(0).data(5));
  EXPECT_EQ("2x3", ShapeText(StoredShape(net.layer(1).blobs(0))));
}

// Field 147 is swish_param here and a number, a string or broken bytes in
// files of Caffe's forks.
TEST(WeightsTest, ForeignFieldNumbersDoNotMatter) {
  const TempFolder folder;
  NetParameter net = SmallNet();
  LayerParameter* layer = net.mutable_layer(0);
  auto* unknown = layer->GetReflection()->MutableUnknownFields(layer);
  unknown->AddVarint(147, 7);
  unknown->AddLengthDelimited(141, "\xff\xff\xff no message");
  unknown->AddFixed32(106, 3);
  unknown->AddVarint(7, 1);
  WriteProtoAtomically(folder.File("w"), net);
  NetParameter read;
  ASSERT_EQ("", WeightsError(folder.File("w")));
  ReadWeights(folder.File("w"), &read);
  EXPECT_EQ(1, read.layer(0).blobs_size());
  EXPECT_EQ("two", read.layer(1).name());
}

TEST(WeightsTest, FormOf2014) {
  const TempFolder folder;
  v1::NetParameter net;
  v1::LayerParameter* layer = net.add_layers();
  layer->set_name("ip");
  layer->set_type(v1::LayerParameter::INNER_PRODUCT);
  BlobProto* blob = layer->add_blobs();
  blob->set_num(1);
  blob->set_channels(1);
  blob->set_height(2);
  blob->set_width(3);
  for (int i = 0; i < 6; ++i) blob->add_data(1);
  WriteProtoAtomically(folder.File("w"), net);
  NetParameter read;
  ReadWeights(folder.File("w"), &read);
  EXPECT_EQ("InnerProduct", read.layer(0).type());
  EXPECT_EQ("1x1x2x3", ShapeText(StoredShape(read.layer(0).blobs(0))));
  EXPECT_TRUE(StoredShapeFits(read.layer(0).blobs(0), {2, 3}));
  EXPECT_TRUE(StoredShapeFits(read.layer(0).blobs(0), {1, 1, 2, 3}));
  EXPECT_FALSE(StoredShapeFits(read.layer(0).blobs(0), {3, 2}));
  EXPECT_FALSE(StoredShapeFits(read.layer(0).blobs(0), {6}));
  EXPECT_FALSE(StoredShapeFits(read.layer(0).blobs(0), {2, 3, 1}));
}

TEST(WeightsTest, ShapesOfOldFiles) {
  BlobProto bias;
  bias.set_num(1);
  bias.set_channels(1);
  bias.set_height(1);
  bias.set_width(5);
  EXPECT_TRUE(StoredShapeFits(bias, {5}));
  EXPECT_FALSE(StoredShapeFits(bias, {4}));
  BlobProto scalar;
  EXPECT_EQ("scalar", ShapeText(StoredShape(scalar)));
  EXPECT_TRUE(StoredShapeFits(scalar, {}));
  EXPECT_TRUE(StoredShapeFits(scalar, {1}));
  EXPECT_FALSE(StoredShapeFits(scalar, {2}));
}

// Blobs once took the old fields first, and weights the new ones.
TEST(WeightsTest, ABlobWithShapesOfBothFormsHasTheNewOne) {
  BlobProto both;
  both.mutable_shape()->add_dim(2);
  both.mutable_shape()->add_dim(3);
  both.set_num(1);
  both.set_channels(1);
  both.set_height(3);
  both.set_width(2);
  for (int i = 0; i < 6; ++i) both.add_data(static_cast<float>(i));
  EXPECT_EQ("2x3", ShapeText(StoredShape(both)));
  Blob<float> blob;
  blob.FromProto(both);
  EXPECT_EQ((vector<int>{2, 3}), blob.shape());
  EXPECT_TRUE(blob.ShapeEquals(both));
  EXPECT_FALSE(Blob<float>(vector<int>{1, 1, 3, 2}).ShapeEquals(both));
}

TEST(WeightsTest, EachWrongFileIsToldApart) {
  const TempFolder folder;
  const std::string path = folder.File("w");
  EXPECT_EQ(path + ": no such file", WeightsError(path));
  EXPECT_EQ(folder.path() + ": is a folder, a file was wanted",
            WeightsError(folder.path()));
  WriteFileAtomically(path, "");
  EXPECT_EQ(path + ": the file is empty", WeightsError(path));
  WriteFileAtomically(path, "name: 'x'\nlayer { name: 'a' }\n");
  EXPECT_EQ(path + ": is a text file, not weights", WeightsError(path));
  WriteFileAtomically(path, "version https://git-lfs.github.com/spec/v1\n");
  EXPECT_EQ(path + ": is a Git LFS pointer, not the file itself",
            WeightsError(path));
  WriteFileAtomically(path, "\x89HDF\r\n\x1a\n");
  EXPECT_EQ(path +
                ": is an HDF5 file; weights in Caffe's binary form were "
                "wanted",
            WeightsError(path));
  WriteFileAtomically(path, "\xff\xd8\xff\xe0 some picture \x80\x81");
  EXPECT_EQ(path + ": is not a caffemodel", WeightsError(path));
  SolverState state;
  state.set_iter(7);
  state.set_learned_net("x.caffemodel");
  WriteProtoAtomically(path, state);
  EXPECT_EQ(path + ": is a solverstate, not weights", WeightsError(path));
  NetParameter empty;
  empty.set_name("\x01 no layers");
  WriteProtoAtomically(path, empty);
  EXPECT_EQ(path + ": holds no layers: is it a caffemodel?",
            WeightsError(path));
}

// A file that ends between two layers is refused for its count of layers.
TEST(WeightsTest, EveryTruncationIsRefused) {
  const TempFolder folder;
  const std::string path = folder.File("w");
  WriteWeights(path, SmallNet());
  const std::string whole = ReadFile(path, 1000);
  for (size_t size = 1; size < whole.size(); ++size) {
    Put(path, whole.substr(0, size));
    EXPECT_NE("", WeightsError(path)) << size << " of " << whole.size();
  }
  WriteFileAtomically(path, whole.substr(0, whole.size() - 5));
  EXPECT_EQ(path + ": is truncated: its " + std::to_string(whole.size() - 5) +
                " bytes end in or after layer 1 ('one')",
            WeightsError(path));
}

TEST(WeightsTest, NoFlippedByteDoesMoreThanThrow) {
  const TempFolder folder;
  const std::string path = folder.File("w");
  WriteWeights(path, SmallNet());
  const std::string whole = ReadFile(path, 1000);
  for (size_t i = 0; i < whole.size(); ++i) {
    for (int flip : {0x01, 0x80, 0xff}) {
      std::string bad = whole;
      bad[i] = static_cast<char>(bad[i] ^ flip);
      Put(path, bad);
      WeightsError(path);
    }
  }
}

TEST(WeightsTest, ShapeAndValuesMustAgree) {
  const TempFolder folder;
  const std::string path = folder.File("w");
  NetParameter net = SmallNet();
  net.mutable_layer(1)->mutable_blobs(0)->mutable_shape()->set_dim(0, 4);
  WriteWeights(path, net);
  EXPECT_EQ(path + ": layer 'two': blob 0 has shape 4x3 and 6 values",
            WeightsError(path));
  BlobShape* shape = net.mutable_layer(1)->mutable_blobs(0)->mutable_shape();
  for (int i = 0; i < 8; ++i) shape->add_dim(2000000000);
  WriteWeights(path, net);
  EXPECT_NE("", WeightsError(path));
  shape->Clear();
  shape->add_dim(-6);
  WriteWeights(path, net);
  EXPECT_EQ(path + ": layer 'two': blob 0 has shape -6 and 6 values",
            WeightsError(path));
}

// A layer by its field in the net, with blobs of one value.
std::string TinyLayer(bool v1, int blobs) {
  std::string body = v1 ? "\x22\x01" "a" : "\x0a\x01" "a";
  for (int i = 0; i < blobs; ++i) {
    body += v1 ? "\x32" : "\x3a";
    body += "\x06\x2a\x04" + std::string(4, '\0');
  }
  std::string size;
  size_t rest = body.size();
  for (; rest > 127; rest >>= 7) size += static_cast<char>(rest | 128);
  size += static_cast<char>(rest);
  return (v1 ? "\x12" : "\xa2\x06") + size + body;
}

TEST(WeightsTest, MoreTinyLayersOrBlobsThanAnyNetHasAreRefused) {
  const std::string path = testing::TempDir() + "tiny.caffemodel";
  for (const bool v1 : {false, true}) {
    const std::string layer = TinyLayer(v1, 1);
    std::string layers;
    for (int i = 0; i < 100000; ++i) layers += layer;
    Put(path, layers);
    EXPECT_EQ("", WeightsError(path));
    Put(path, layers + layer);
    EXPECT_EQ(path + ": layer 'a': a file holds at most 100000 layers with "
              "blobs and 400000 blobs, and this one holds more: is it a "
              "caffemodel?",
              WeightsError(path));
    Put(path, TinyLayer(v1, 400001));
    EXPECT_NE(std::string::npos, WeightsError(path).find("400000 blobs"));
  }
  std::remove(path.c_str());
}

TEST(WeightsTest, ADamagedFileNamesTheLayerReadLastThoughItHasNoBlobs) {
  const std::string path = testing::TempDir() + "between.caffemodel";
  const auto named = [](const std::string& name, int blobs) {
    std::string layer = TinyLayer(false, blobs);
    layer[5] = name[0];
    return layer;
  };
  Put(path, named("p", 1) + named("q", 0) + "\xa2\x06\x7f");
  EXPECT_NE(std::string::npos, WeightsError(path).find("layer 2 ('q')"))
      << WeightsError(path);
  Put(path, named("p", 1) + std::string("\xa2\x06\x00", 3) + "\xa2\x06\x7f");
  EXPECT_EQ(std::string::npos, WeightsError(path).find("'p'"))
      << WeightsError(path);
  std::remove(path.c_str());
}

TEST(WeightsTest, MoreThanTwoGiBIsRefused) {
  const TempFolder folder;
  const std::string path = folder.File("w");
  WriteFileAtomically(path, "x");
  std::filesystem::resize_file(path, (int64_t{1} << 31) + 5);
  EXPECT_EQ(path +
                ": has 2147483653 bytes, and the format holds less than 2 "
                "GiB",
            WeightsError(path));
}

TEST(WeightsTest, StatesAndWeightsAreNotMixedUp) {
  const TempFolder folder;
  const std::string path = folder.File("w");
  SolverState state;
  WriteWeights(path, SmallNet());
  const auto error = [&]() -> std::string {
    try {
      ReadSolverState(path, &state);
    } catch (const Error& e) {
      return e.what();
    }
    return "";
  };
  EXPECT_EQ(path + ": holds weights, not a solverstate; to begin a new run "
                   "with them: --weights=" + path, error());
  SolverState written;
  written.set_iter(0);
  written.set_learned_net("w");
  written.mutable_rng()->set_counter(~0ull);
  WriteProtoAtomically(path, written);
  EXPECT_EQ("", error());
  EXPECT_EQ(~0ull, state.rng().counter());
  const std::string whole = ReadFile(path, 1000);
  WriteFileAtomically(path, whole.substr(0, whole.size() - 1));
  EXPECT_EQ(path + ": is not a solverstate, or is truncated", error());
}

TEST(WeightsTest, EverySharedCaffemodelReads) {
  TERCET_SHARED_OR_SKIP(golden, "golden");
  int files = 0;
  for (const std::string& path : SharedFiles("golden", ".caffemodel")) {
    NetParameter net;
    EXPECT_EQ("", WeightsError(path));
    ReadWeights(path, &net);
    // Those of a net without weights hold none.
    EXPECT_TRUE(net.layer_size() > 0 || path.find("/ops/") != path.npos)
        << path;
    ++files;
  }
  EXPECT_GE(files, 24);
  SolverState state;
  const std::string lenet = golden + "/models/lenet_mnist_v1/lenet_iter_5000";
  ReadSolverState(lenet + ".solverstate", &state);
  EXPECT_EQ(5000, state.iter());
  EXPECT_EQ(lenet + ".solverstate: is a solverstate, not weights",
            WeightsError(lenet + ".solverstate"));
  NetParameter net;
  ReadWeights(lenet + ".caffemodel", &net);
  const LayerParameter* ip = nullptr;
  for (const LayerParameter& layer : net.layer()) {
    if (layer.name() == "ip1") ip = &layer;
  }
  ASSERT_NE(nullptr, ip);
  EXPECT_EQ("InnerProduct", ip->type());
  EXPECT_TRUE(StoredShapeFits(ip->blobs(0), {500, 800}));
  EXPECT_TRUE(StoredShapeFits(ip->blobs(1), {500}));
}

TEST(AtomicWriteTest, AFullDiskLeavesTheOldFileAndNoOther) {
  const TempFolder folder;
  const std::string path = folder.File("w");
  WriteFileAtomically(path, "old");
  // The kernel refuses to write past this size, as a full disk would.
  struct rlimit before = {};
  ASSERT_EQ(0, getrlimit(RLIMIT_FSIZE, &before));
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  struct rlimit small = before;
  small.rlim_cur = 4096;
  ASSERT_EQ(0, setrlimit(RLIMIT_FSIZE, &small));
  std::string error;
  try {
    SolverState big;
    big.set_learned_net(std::string(3 << 20, 'x'));
    WriteProtoAtomically(path, big);
  } catch (const Error& e) {
    error = e.what();
  }
  setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  EXPECT_EQ(path + ": cannot be written: File too large", error);
  EXPECT_EQ("old", ReadFile(path, 10));
  EXPECT_EQ(1u, FilesIn(folder.path()));
}

TEST(AtomicWriteTest, AFolderThatIsMissingOrReadOnlyIsNamed) {
  const TempFolder folder;
  const auto error = [](const std::string& path) -> std::string {
    try {
      WriteFileAtomically(path, "x");
    } catch (const Error& e) {
      return e.what();
    }
    return "";
  };
  EXPECT_EQ(folder.File("a/b") + ": cannot be written: no such file or folder",
            error(folder.File("a/b")));
  WriteFileAtomically(folder.File("f"), "x");
  EXPECT_EQ(folder.File("f/b") + ": cannot be written: Not a directory",
            error(folder.File("f/b")));
  mkdir(folder.File("d").c_str(), 0777);
  EXPECT_EQ(folder.File("d") + ": cannot be written: Is a directory",
            error(folder.File("d")));
  EXPECT_EQ(2u, FilesIn(folder.path()));
  if (geteuid() == 0) return;  // root may write everywhere
  chmod(folder.File("d").c_str(), 0555);
  EXPECT_EQ(folder.File("d/x") + ": cannot be written: Permission denied",
            error(folder.File("d/x")));
}

TEST(AtomicWriteTest, AThrowingWriterLeavesNothing) {
  const TempFolder folder;
  EXPECT_THROW(WriteFileAtomically(
                   folder.File("w"),
                   [](int) -> bool { throw Error(Error::kInput, "no"); }),
               Error);
  EXPECT_EQ(0u, FilesIn(folder.path()));
}

}  // namespace caffe
