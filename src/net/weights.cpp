// Reading weights by walking the wire format: only the fields that weights.hpp
// names are decoded, all others are skipped by their length, so a fork's
// options cannot make a file unreadable, and every failure has a place.

#include "net/weights.hpp"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl.h>
#include <google/protobuf/wire_format_lite.h>

#include <sys/stat.h>

#include <algorithm>
#include <climits>
#include <utility>

#include "caffe/check.hpp"
#include "caffe/util/io.hpp"
#include "caffe/util/upgrade_proto.hpp"
#include "core/hasher.hpp"
#include "core/split_list.hpp"

namespace caffe {

namespace {

namespace pb = google::protobuf;
using Wire = pb::internal::WireFormatLite;

constexpr int kBytes = Wire::WIRETYPE_LENGTH_DELIMITED;
constexpr int kVarint = Wire::WIRETYPE_VARINT;
// NetParameter has fields to 8, and 100; forks add a few.
constexpr int kMostNetField = 300;
// Of layers with blobs, and of blobs; the largest nets have some thousand.
constexpr int kMostLayers = 100000;
constexpr int64_t kMostBlobs = 400000;
constexpr int kLayerCount = NetParameter::kLayerCountFieldNumber;

// Field numbers of a layer, today and in 2014.
struct LayerFields {
  int name, type, type_wire, blobs;
};
constexpr LayerFields kToday = {1, 2, kBytes, 7};
constexpr LayerFields k2014 = {4, 5, kVarint, 6};

int FieldOf(uint32_t tag) { return static_cast<int>(tag >> 3); }
int WireOf(uint32_t tag) { return static_cast<int>(tag & 7); }

// Says what a file is whose first bytes betray it; `wanted` is "weights" or "a
// solverstate".
void CheckHead(const InputFile& file, const std::string& wanted) {
  INPUT_CHECK(file.size() > 0) << file.path() << ": the file is empty";
  INPUT_CHECK(file.size() <= INT_MAX)
      << file.path() << ": has " << file.size()
      << " bytes, and the format holds less than 2 GiB";
  std::string head(static_cast<size_t>(std::min<int64_t>(file.size(), 1024)),
                   '\0');
  file.Read(&head[0], static_cast<int64_t>(head.size()));
  file.SeekTo(0);
  INPUT_CHECK(head.compare(0, 4, "\x89HDF") != 0)
      << file.path() << ": is an HDF5 file; " << wanted
      << " in Caffe's binary form were wanted";
  INPUT_CHECK(head.compare(0, 19, "version https://git") != 0)
      << file.path() << ": is a Git LFS pointer, not the file itself";
  const bool text = std::all_of(head.begin(), head.end(), [](char c) {
    return (c >= ' ' && c < 127) || (c >= '\t' && c <= '\r');
  });
  INPUT_CHECK(!text) << file.path() << ": is a text file, not " << wanted;
}

class WeightsReader {
 public:
  WeightsReader(const InputFile& file, NetParameter* param)
      : file_(file), stream_(file.fd(), 1 << 20), in_(&stream_), param_(param) {
    in_.SetTotalBytesLimit(INT_MAX);
  }

  void Read() {
    while (in_.CurrentPosition() < file_.size()) {
      const uint32_t tag = in_.ReadTagNoLastTag();
      const bool first = in_.CurrentPosition() <= 2;
      INPUT_CHECK(!(first && FieldOf(tag) == 1 && WireOf(tag) == kVarint))
          << file_.path() << ": is a solverstate, not weights";
      const bool known =
          FieldOf(tag) <= kMostNetField || FieldOf(tag) == kLayerCount;
      if (tag == 0 || FieldOf(tag) == 0 || !known) Fail();
      ReadNetField(tag);
    }
    INPUT_CHECK(layers_ > 0)
        << file_.path() << ": holds no layers: is it a caffemodel?";
    INPUT_CHECK(layer_count_ < 0 || layer_count_ == layers_)
        << file_.path() << ": is truncated: it holds " << layers_ << " of "
        << layer_count_ << " layers";
  }

 private:
  void ReadNetField(uint32_t tag) {
    if (FieldOf(tag) == kLayerCount && WireOf(tag) == kVarint) {
      uint32_t count = 0;
      if (!in_.ReadVarint32(&count)) Fail();
      layer_count_ = count;
      param_->set_layer_count(layer_count_);
      return;
    }
    if (WireOf(tag) != kBytes) {
      if (!Wire::SkipField(&in_, tag)) Fail();
      return;
    }
    in_layer_ = FieldOf(tag) == 2 || FieldOf(tag) == 100;
    const int size = ReadSize(file_.size() - in_.CurrentPosition());
    switch (FieldOf(tag)) {
      case 1:
        if (!in_.ReadString(param_->mutable_name(), size)) Fail();
        break;
      case 2:
        ReadLayer(size, k2014);
        break;
      case 100:
        ReadLayer(size, kToday);
        break;
      default:
        if (!in_.Skip(size)) Fail();
    }
  }

  void ReadLayer(int size, const LayerFields& fields) {
    LayerParameter* layer = param_->add_layer();
    ++layers_;
    last_name_.clear();
    const auto outer = in_.PushLimit(size);
    while (in_.BytesUntilLimit() > 0) {
      const uint32_t tag = in_.ReadTagNoLastTag();
      if (tag == 0 || FieldOf(tag) == 0) Fail();
      ReadLayerField(tag, fields, layer);
    }
    in_.PopLimit(outer);
    // Two bytes in a file would be a thousand in memory, and carry nothing.
    if (layer->blobs_size() == 0) param_->mutable_layer()->RemoveLast();
  }

  void ReadLayerField(uint32_t tag, const LayerFields& fields,
                      LayerParameter* layer) {
    const int field = FieldOf(tag);
    if (field == fields.type && fields.type_wire == kVarint &&
        WireOf(tag) == kVarint) {
      uint32_t number = 0;
      if (!in_.ReadVarint32(&number)) Fail();
      layer->set_type(V1LayerTypeName(static_cast<int>(number)));
      return;
    }
    if (WireOf(tag) != kBytes) {
      if (!Wire::SkipField(&in_, tag)) Fail();
      return;
    }
    const int size = ReadSize(in_.BytesUntilLimit());
    if (field == fields.name) {
      if (!in_.ReadString(layer->mutable_name(), size)) Fail();
      last_name_ = layer->name();
    } else if (field == fields.type && fields.type_wire == kBytes) {
      if (!in_.ReadString(layer->mutable_type(), size)) Fail();
    } else if (field == fields.blobs) {
      CountBlob(*layer);
      BlobProto* blob = layer->add_blobs();
      const auto outer = in_.PushLimit(size);
      if (!blob->MergeFromCodedStream(&in_) || in_.BytesUntilLimit() != 0) {
        Fail();
      }
      in_.PopLimit(outer);
      blob->clear_diff();
      blob->clear_double_diff();
      blob->DiscardUnknownFields();
      CheckBlob(*layer, layer->blobs_size() - 1);
    } else if (!in_.Skip(size)) {
      Fail();
    }
  }

  // Before it is made: refuses more than can be weights.
  void CountBlob(const LayerParameter& layer) {
    ++blobs_;
    INPUT_CHECK(param_->layer_size() <= kMostLayers && blobs_ <= kMostBlobs)
        << file_.path() << ": layer '" << layer.name() << "': a file holds at "
        << "most " << kMostLayers << " layers with blobs and " << kMostBlobs
        << " blobs, and this one holds more: is it a caffemodel?";
  }

  // A length that fits into `room`.
  int ReadSize(int64_t room) {
    uint32_t size = 0;
    if (!in_.ReadVarint32(&size)) Fail();
    room = std::min<int64_t>(room, file_.size() - in_.CurrentPosition());
    if (size > static_cast<uint64_t>(std::max<int64_t>(room, 0))) {
      missing_ = size - room;
      Fail();
    }
    return static_cast<int>(size);
  }

  void CheckBlob(const LayerParameter& layer, int i) const {
    const BlobProto& blob = layer.blobs(i);
    const int64_t values = blob.double_data_size() > 0 ? blob.double_data_size()
                                                       : blob.data_size();
    int64_t count = 1;
    bool valid = true;
    for (int64_t dim : StoredShape(blob)) {
      valid = valid && dim >= 0 && dim <= INT_MAX;
      // Bounded by the file: no product that could overflow is formed.
      if (valid) count = std::min<int64_t>(count, INT_MAX) * dim;
    }
    // A net that was written before it was filled has shapes and no values.
    INPUT_CHECK(valid && values > 0 && count == values)
        << file_.path() << ": layer '" << layer.name() << "': blob " << i
        << " has shape " << ShapeText(StoredShape(blob)) << " and " << values
        << " values";
  }

  [[noreturn]] void Fail() {
    const int64_t layers = layers_;
    const bool at_end = missing_ > 0 || in_.CurrentPosition() >= file_.size();
    if (layers == 0 && !(at_end && (in_layer_ || param_->has_name()))) {
      INPUT_FAIL() << file_.path() << ": is not a caffemodel";
    }
    std::string last = "its first layer";
    if (layers > 0) last = "layer " + std::to_string(layers) + LastName();
    if (at_end) {
      INPUT_FAIL() << file_.path() << ": is truncated: its " << file_.size()
                   << " bytes end in or after " << last;
    }
    INPUT_FAIL() << file_.path() << ": is damaged before byte "
                 << in_.CurrentPosition() << ", in or after " << last;
  }

  // The layer in which reading stopped, where its name was reached.
  std::string LastName() const {
    return last_name_.empty() ? "" : " ('" + last_name_ + "')";
  }

  const InputFile& file_;
  pb::io::FileInputStream stream_;
  pb::io::CodedInputStream in_;
  NetParameter* param_;
  int64_t missing_ = 0;
  int64_t layers_ = 0;        // so far, those without blobs as well
  int64_t layer_count_ = -1;  // as the file says; -1: it does not
  int64_t blobs_ = 0;
  std::string last_name_;  // of the layer begun last, whether it is kept or not
  bool in_layer_ = false;
};

// What may have been meant where a state was wanted.
std::string StateOrNewRun(const std::string& weights) {
  const size_t dot = weights.rfind('.');
  const std::string state = weights.substr(0, dot) + ".solverstate";
  struct stat status = {};
  if (dot != std::string::npos && stat(state.c_str(), &status) == 0) {
    return "their state is " + state;
  }
  return "to begin a new run with them: --weights=" + weights;
}

template <typename Int>
std::string Joined(const std::vector<Int>& shape) {
  if (shape.empty()) return "scalar";
  std::string out;
  for (Int dim : shape) out += (out.empty() ? "" : "x") + std::to_string(dim);
  return out;
}

}  // namespace

void ReadWeights(const std::string& path, NetParameter* param) {
  param->Clear();
  const InputFile file(path);
  CheckHead(file, "weights");
  WeightsReader(file, param).Read();
}

std::vector<std::string> WeightFiles(const std::string& list) {
  const std::vector<std::string> files = SplitList(list);
  INPUT_CHECK(list.empty() || !files.empty())
      << "the list of weights '" << list << "' names no file";
  return files;
}

void WriteWeights(const std::string& path, NetParameter param) {
  for (LayerParameter& layer : *param.mutable_layer()) {
    layer.clear_source_location();
    layer.clear_unknown_field();
  }
  // Name and count stand in front; a reader takes the two for one message.
  NetParameter head;
  head.set_name(param.name());
  head.set_layer_count(param.layer_size());
  param.clear_name();
  param.clear_layer_count();
  WriteProtosAtomically(path, {&head, &param});
}

void ReadSolverState(const std::string& path, SolverState* state) {
  state->Clear();
  const InputFile file(path);
  CheckHead(file, "a solverstate");
  unsigned char first = 0;
  file.Read(&first, 1);
  // Weights begin with a name or a layer, a state with the iteration's number.
  INPUT_CHECK(WireOf(first) != kBytes)
      << path << ": holds weights, not a solverstate; " << StateOrNewRun(path);
  ReadBinaryProto(path, "a solverstate", state);
  INPUT_CHECK(state->has_iter())
      << path << ": is not a solverstate: it has no iteration";
}

bool StoredShapeFits(const BlobProto& blob, const std::vector<int>& shape) {
  const std::vector<int64_t> stored = StoredShape(blob);
  size_t a = 0, b = 0;
  while (a < stored.size() && stored[a] == 1) ++a;
  while (b < shape.size() && shape[b] == 1) ++b;
  return std::equal(stored.begin() + static_cast<int64_t>(a), stored.end(),
                    shape.begin() + static_cast<int64_t>(b), shape.end());
}

uint64_t HashWeights(const NetParameter& weights) {
  Hasher hasher;
  for (const LayerParameter& layer : weights.layer()) {
    if (layer.blobs_size() == 0) continue;
    hasher.Add(layer.name().data(), layer.name().size());
    for (const BlobProto& blob : layer.blobs()) {
      const std::vector<int64_t> shape = StoredShape(blob);
      hasher.Add(shape.data(), shape.size() * sizeof(int64_t));
      hasher.Add(blob.data().data(), blob.data_size() * sizeof(float));
      hasher.Add(blob.double_data().data(),
                 blob.double_data_size() * sizeof(double));
    }
  }
  return hasher.value();
}

std::string ShapeText(const std::vector<int64_t>& shape) {
  return Joined(shape);
}
std::string ShapeText(const std::vector<int>& shape) { return Joined(shape); }

}  // namespace caffe
