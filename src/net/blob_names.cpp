// Names of blobs and of layers, which users take for one another; see the
// header.
#include "net/blob_names.hpp"

#include "core/suggest.hpp"

namespace caffe {

namespace {

// "; the layer of this name writes 'conv1', in place".
string OfLayer(const Net<float>& net, const string& name) {
  for (size_t i = 0; i < net.layers().size(); ++i) {
    const vector<int>& tops = net.top_ids(static_cast<int>(i));
    if (net.layer_names()[i] != name || tops.empty()) continue;
    const vector<int>& bottoms = net.bottom_ids(static_cast<int>(i));
    const bool in_place = !bottoms.empty() && bottoms[0] == tops[0];
    return "; the layer of this name writes '" + net.blob_names()[tops[0]] +
           "'" + (in_place ? ", in place" : "");
  }
  return "";
}

}  // namespace

void CheckBlobName(const string& model, const Net<float>& net,
                   const string& name) {
  if (net.has_blob(name)) return;
  const string layer = OfLayer(net, name);
  INPUT_FAIL() << model << ": has no blob '" << name << "'"
               << (layer.empty() ? DidYouMean(name, net.blob_names()) : layer)
               << " (have: " << ListNames(net.blob_names()) << ")";
}

}  // namespace caffe
