// Writes a blob of a net as an .npy file: for images, or for inputs given as
// arrays.
#include <cstdio>
#include <filesystem>

#include "caffe/util/io.hpp"
#include "data/identity_list.hpp"
#include "data/image_survey.hpp"
#include "data/list_file.hpp"
#include "data/npy.hpp"
#include "core/suggest.hpp"
#include "net/blob_names.hpp"
#include "tools/common/image_flags.hpp"
#include "tools/common/tool_main.hpp"
#include "tools/common/weights_flag.hpp"

namespace caffe {
namespace {

FlagGroup flags;
TERCET_FLAG(string, model, "", "the net (prototxt); read in phase TEST");
TERCET_FLAG(string, weights, "",
            "a .caffemodel, or several between commas; none: as initialised");
TERCET_FLAG(string, blob, "",
            "the blob to write; any blob of the net, a loss too");
TERCET_FLAG(string, out, "", "the .npy file to write (float32)");
TERCET_FLAG(string, images, "", "a folder of images or of people, or a list");
TERCET_FLAG(string, root, "", "the folder that a list's paths are relative to");
TERCET_FLAG(string, input, "",
            "BLOB:FILE.npy, once for each input blob of the net");

// Where the names of the rows' images stand.
string NamesPath() { return FLAGS_out + ".list"; }

// The images, one a row: a list as evaluate's --list wants it, with paths that
// are relative to its own folder.
void WriteNames(const vector<LabelledImage>& images) {
  namespace fs = std::filesystem;
  bool labelled = false;
  for (const LabelledImage& image : images) {
    labelled = labelled || image.label >= 0;
  }
  const fs::path folder = fs::absolute(FLAGS_out).parent_path();
  string text;
  for (const LabelledImage& image : images) {
    const string path =
        fs::absolute(image.path).lexically_proximate(folder).string();
    if (path.find_first_of("\n\r") != string::npos ||
        path != StripBlanks(path)) {
      LOG(WARNING) << NamesPath() << ": is not written: " << Quoted(image.path)
                   << " cannot stand in a list";
      std::remove(NamesPath().c_str());
      return;
    }
    text += path + (labelled ? " " + std::to_string(image.label) : "") + "\n";
  }
  WriteFileAtomically(NamesPath(), text);
}

// A list has no line for a person without a row, whom evaluate's folds then
// pass over.
void LeaveOutBroken(int64_t max_pixels, vector<LabelledImage>* images) {
  vector<string> paths;
  set<int> people, left;
  for (const LabelledImage& image : *images) {
    paths.push_back(image.path);
    if (image.label >= 0) people.insert(image.label);
  }
  const set<string> broken = WarnOfBroken(paths, max_pixels, FLAGS_images);
  vector<LabelledImage> kept;
  for (const LabelledImage& image : *images) {
    if (broken.count(image.path) > 0) continue;
    kept.push_back(image);
    if (image.label >= 0) left.insert(image.label);
  }
  *images = kept;
  if (left.size() == people.size()) return;
  LOG(WARNING) << FLAGS_images << ": no image is left of "
               << people.size() - left.size() << " of " << people.size()
               << " people: folds that are counted from " << NamesPath()
               << " are others than those of " << FLAGS_images;
}

void ExtractImages(const ImageOptions& options) {
  Embedder embedder(FLAGS_model, CheckedWeights(FLAGS_weights),
                    ToolEmbedder(FLAGS_blob, options));
  CheckWeightsGiven(FLAGS_model, embedder.has_parameters());
  vector<string> paths;
  vector<LabelledImage> images = ListImages(FLAGS_images, FLAGS_root);
  if (SkipBroken()) LeaveOutBroken(embedder.max_pixels(), &images);
  for (const LabelledImage& image : images) paths.push_back(image.path);
  const vector<float> rows = embedder.Embed(paths, FLAGS_images);
  vector<int> shape = embedder.row_shape();
  shape.insert(shape.begin(), static_cast<int>(paths.size()));
  // A list of other rows must not stand beside these, whatever happens between.
  std::remove(NamesPath().c_str());
  WriteNpy(FLAGS_out, shape, rows.data());
  WriteNames(images);
}

string JoinInputNames(const Net<float>& net) {
  vector<string> names;
  for (int id : net.input_blob_indices()) names.push_back(net.blob_names()[id]);
  return names.empty() ? "none" : ListNames(names);
}

// Fills the inputs from --input=BLOB:FILE and gives the net their shapes.
void FillInputs(Net<float>* net) {
  set<string> filled;
  for (const string& value : FlagValues("input")) {
    const size_t colon = value.find(':');
    USAGE_CHECK(colon != string::npos && colon > 0 && colon + 1 < value.size())
        << "--input=" << value << ": wanted BLOB:FILE.npy";
    const string name = value.substr(0, colon);
    Blob<float>* blob = nullptr;
    for (int id : net->input_blob_indices()) {
      if (net->blob_names()[id] == name) blob = net->blobs()[id].get();
    }
    INPUT_CHECK(blob != nullptr)
        << "--input=" << value << ": the net has no input '" << name
        << "' (have: " << JoinInputNames(*net) << ")";
    const NpyArray<float> array = ReadNpy<float>(value.substr(colon + 1));
    INPUT_CHECK(!array.data.empty())
        << value.substr(colon + 1) << ": holds no values: its shape is "
        << ShapeString(array.shape);
    blob->Reshape(array.shape);
    std::copy(array.data.begin(), array.data.end(), blob->mutable_cpu_data());
    USAGE_CHECK(filled.insert(name).second)
        << "--input=" << value << ": '" << name << "' is given twice";
  }
  for (int id : net->input_blob_indices()) {
    INPUT_CHECK(filled.count(net->blob_names()[id]) > 0)
        << FLAGS_model << ": nothing is given for its input '"
        << net->blob_names()[id] << "' (--input="
        << net->blob_names()[id] << ":FILE.npy)";
  }
}

// Input layers keep the shape that the arrays gave; the others follow it.
void ExtractArrays() {
  Net<float> net(FLAGS_model, TEST);
  CheckWeightsGiven(FLAGS_model, !net.params().empty());
  LoadWeights(FLAGS_weights, &net);
  CheckBlobName(FLAGS_model, net, FLAGS_blob);
  FillInputs(&net);
  net.Forward();
  const Blob<float>& blob = *net.blob_by_name(FLAGS_blob);
  std::remove(NamesPath().c_str());
  WriteNpy(FLAGS_out, blob.shape(), blob.cpu_data());
}

int Run() {
  RequireFlag("model");
  RequireFlag("out");
  const bool images = FlagGiven("images");
  USAGE_CHECK(!images || !FlagGiven("input"))
      << "--images and --input: only one of them is possible";
  if (!images) {
    RequireFlag("blob");
    RefuseImageFlags("is for --images");
    USAGE_CHECK(!FlagGiven("broken")) << "--broken: is for --images";
  }
  const ImageOptions options = ImageOptionsFromFlags();
  SkipBroken();
  UseThreads(FLAGS_threads);
  UseGpu(FLAGS_gpu);
  LoadLayerLibraries(FLAGS_layers);
  if (images) {
    ExtractImages(options);
  } else {
    ExtractArrays();
  }
  return 0;
}

const Command command(
    "extract", "writes a blob of a net as a NumPy array",
    "tercet extract --model=F --weights=F --blob=NAME --out=F.npy "
    "(--images=DIR|LIST | --input=BLOB:F.npy ...)\n\n"
    "Writes a blob of the TEST net as a NumPy array.",
    Run,
    {&flags, &image_flags, &broken_flag, &threads_flag, &gpu_flag,
     &layers_flag});

}  // namespace
}  // namespace caffe
