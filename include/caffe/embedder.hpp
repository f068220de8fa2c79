// Embedder: images in, embeddings out, and whether two of them show the same
// person. It is what the tools extract, evaluate, verify and mine_triplets are
// made of.
//
//   caffe::Embedder embedder("deploy.prototxt", "face.caffemodel");
//   caffe::Verdict verdict = embedder.Verify("a.jpg", "b.jpg");
//   if (verdict.same) ...
//   std::vector<float> rows = embedder.Embed({"a.jpg", "b.jpg", "c.jpg"});
//   // rows: 3 x embedder.width()
//
// The net is a deploy net: it has one Input layer of one top, N x C x H x W
// with C 1 or 3. Its shape gives the batch size, the channels and the size that
// images are resized to; its transform_param the mean, the scale and the crop.
// ImageOptions replace what it says. Faces are neither found nor aligned: they
// should lie in the images as in those that the net was trained with.
//
// Errors are caffe::Error (caffe/check.hpp), of kind kInput where it is not
// said otherwise: one line, with the file or the image in front. Options are
// named there as the tools' flags are: "--crop" is EmbedderOptions::image.crop.
// After an error the Embedder is as it was before the call. Nothing is printed;
// what the library logs goes to glog.
//
// Threads. An Embedder may be used by one thread at a time, whichever that is,
// and the library runs one net at a time: of all nets, solvers and Embedders of
// a process only one may be built or run at any moment, so a program with many
// threads guards them with one mutex. The work itself is split among
// Caffe::threads() threads, and gives the same bits for any number of them.
// Distance and Verify of two rows touch no net: they may be called from several
// threads at once, as long as none calls anything else of this Embedder.
//
// Settings of the process (caffe/common.hpp) that matter, to be made before the
// Embedder is: Caffe::set_threads (else as many as the cores it may use), and
// for a GPU Caffe::SetDevice and Caffe::set_mode(Caffe::GPU). What no weights
// are loaded for is filled with random numbers, after Caffe::set_random_seed.
#ifndef CAFFE_EMBEDDER_HPP_
#define CAFFE_EMBEDDER_HPP_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "caffe/check.hpp"
#include "caffe/pairwise/distances.hpp"

namespace caffe {

struct ImageSize {
  int height = 0;  // 0: none is given
  int width = 0;
};

// How images are prepared, where it is not to be as the net says. An image goes
// through these steps: its channels become as many as the input has; blue and
// red change places (rgb); it is resized, to `resize`, or to the layer's
// new_height and new_width, or, without a crop, to the input's size; it is
// cropped about its centre; each value becomes (value - mean) * scale.
struct ImageOptions {
  // One, or one a channel in the net's order; in place of mean_value and
  // mean_file. Empty: the net's.
  std::vector<float> mean_values;
  std::optional<float> scale;  // finite, not 0
  // The net wants red, green, blue, where Caffe has blue, green, red.
  bool rgb = false;
  ImageSize resize;
  // In place of crop_size; it is the size of the net's input.
  ImageSize crop;
  // A row is the mean of the image's row and of its mirror image's. Where both
  // have length 1, within 0.001, the mean is scaled to length 1 too, unless it
  // is 0.
  bool flip = false;
  // With flip: a row is the image's row and behind it its mirror image's, as
  // they are; width() is twice the blob's.
  bool flip_concat = false;
};

// An image in memory: height x width x channels bytes, channels innermost. One
// channel is gray; three are blue, green, red, as OpenCV has them:
//   caffe::ImageView view = {m.data, m.rows, m.cols, m.channels(), m.step};
struct ImageView {
  const uint8_t* pixels = nullptr;
  int height = 0;
  int width = 0;
  int channels = 0;
  size_t row_bytes = 0;  // from a row to the next one; 0: width * channels
};

struct EmbedderOptions {
  // The blob whose rows are the embeddings. Empty: the net's only output.
  std::string blob;
  ImageOptions image;
  // Rows are the images as the net gets them, and nothing is run: what a net is
  // to be better than.
  bool pixels = false;

  // Two images show one person where their distance is at most this. Where it
  // is given no file is read.
  std::optional<double> threshold;
  // A file with a threshold, as `evaluate --write_threshold` writes it. Empty:
  // the one beside the weights, WEIGHTS.threshold, where there is one. A file
  // says which blob, which distance and which ImageOptions its threshold was
  // found with; they are used, and other ones are refused. One that was found
  // for other weights is warned of in the log.
  std::string threshold_file;
  // Without it no file is read at all.
  bool use_threshold_file = true;
  // Empty: that of the threshold's file, or squared L2.
  std::optional<metric::Distance> distance;

  // Said to an image of several that cannot be read: the caller's way on.
  std::string broken_hint;

  // Where stderr is a terminal, a line there shows how far Embed is.
  bool status_line = false;
};

struct Verdict {
  double distance = 0;
  double threshold = 0;
  bool same = false;  // distance <= threshold
};

class Embedder {
 public:
  // Loads the net of `model`, a prototxt, in phase TEST, and `weights`: a
  // .caffemodel, several between commas, or "" for none. Error: a file that
  // cannot be read or is damaged; no Input layer, or more than one; no image
  // input; a blob that does not exist, or none named where there are several
  // outputs; options that do not fit the net or the threshold's file. Error
  // kDevice of the GPU.
  Embedder(const std::string& model, const std::string& weights,
           const EmbedderOptions& options = EmbedderOptions());
  ~Embedder();
  // One that was moved from may be assigned to and destroyed; any other call is
  // Error kContract.
  Embedder(Embedder&& other) noexcept;
  Embedder& operator=(Embedder&& other) noexcept;

  // Embeds images in their order, as many at a time as the net's batch has:
  // rows x width() values. Where a layer of the net may not work row by row
  // (a Reshape to a fixed number of rows), the last batch is filled up with
  // repeats of its last image. Of the formats in docs/file_formats.md. The log
  // says once what it finds: gray and colour images together, images turned by
  // Exif, proportions that change. Error: an image that is missing, damaged, or
  // too small for a crop.
  // `source` is how the log calls the images; empty: by the net's file.
  std::vector<float> Embed(const std::vector<std::string>& paths,
                           const std::string& source = "");
  // The same of images in memory, which messages name "image 0", "image 1", ...
  // The rows are those of a file with these pixels.
  std::vector<float> EmbedImages(const std::vector<ImageView>& images);
  // Embeds arrays that are as the net's input wants them, N x input_shape():
  // of ImageOptions only flip is applied. Error: `values`, the number of all
  // values, is no multiple of the values of one.
  std::vector<float> EmbedArrays(const float* data, size_t values);

  // C, H, W.
  std::vector<int> input_shape() const;
  // The number of values a row.
  int width() const;
  // The shape of a row: the blob's without its first axis.
  std::vector<int> row_shape() const;
  // The hash of the net's weights, as a solver state and a threshold's file
  // have it.
  uint64_t WeightsHash() const;
  // The most pixels of an image, as the net's Input layer says.
  int64_t max_pixels() const;
  // Whether the net has any weights.
  bool has_parameters() const;

  // The distance of two rows of width() values, under the threshold's distance.
  // Error: a row with a value that is not finite; a row of zeros, which has no
  // cosine distance; a distance that is not finite.
  metric::Distance distance() const;
  double Distance(const float* a, const float* b) const;

  // Whether two rows, or images, are of one person. Error: there is no
  // threshold, as has_threshold() tells; and as Distance and Embed have it.
  bool has_threshold() const;
  Verdict Verify(const float* a, const float* b) const;
  Verdict Verify(const std::string& a, const std::string& b);

 private:
  class Impl;
  Impl& impl() const;

  std::unique_ptr<Impl> impl_;
};

}  // namespace caffe

#endif  // CAFFE_EMBEDDER_HPP_
