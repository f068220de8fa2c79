#ifndef TERCET_NET_WEIGHTS_HPP_
#define TERCET_NET_WEIGHTS_HPP_

// .caffemodel and .solverstate files. Of weights only each layer's name, type
// and blobs are read: Caffe's forks give one field number to different options,
// so nothing else in the file can be trusted (options come from the prototxt).
// Layers that the net lacks, and net layers without weights, are the net's to
// report.
//
// A .caffemodel is a NetParameter in protobuf's binary form: field 1 the net's
// name, field 100 a layer (1 name, 2 type, 7 blobs); files of 2014 have field 2
// (4 name, 5 type, 6 blobs). What is written has the number of layers in field
// 1000 before them, so that a file cut between two layers is refused too.

#include <cstdint>
#include <string>
#include <vector>

#include "caffe/proto/caffe.pb.h"
#include "core/stored_shape.hpp"

namespace caffe {

// Name, type and blobs of each layer that has blobs. Throws Error(kInput), one
// line each, for what is missing, a folder, empty, text, HDF5, truncated,
// damaged, a solverstate or anything else; for a blob whose shape and number of
// values disagree; and for more layers or blobs than any net has, since of tiny
// ones each takes far more memory than it does in the file. `param` then has
// unspecified content.
void ReadWeights(const std::string& path, NetParameter* param);

// The files of a list with commas, as a flag or an option names weights. Throws
// where a list that is not empty names none.
std::vector<std::string> WeightFiles(const std::string& list);

// Writes a net with its blobs, without what only a reader of text stamps on it.
void WriteWeights(const std::string& path, NetParameter param);

// Throws the same way; weights given as a state are named as such.
void ReadSolverState(const std::string& path, SolverState* state);

// Whether a stored array (core/stored_shape.hpp) may fill a blob of this shape:
// the same axes, leading ones aside (old files hold a bias as 1x1x1xN, an
// InnerProduct's weights as 1x1xOxI).
bool StoredShapeFits(const BlobProto& blob, const std::vector<int>& shape);

// The hash of weights (core/hasher.hpp), by which a solver state and a
// threshold know them: of each layer with blobs in turn the name, and of each
// blob the shape (8 bytes an axis) and the values.
uint64_t HashWeights(const NetParameter& weights);

// "64x3x3x3"; "scalar" for {}.
std::string ShapeText(const std::vector<int64_t>& shape);
std::string ShapeText(const std::vector<int>& shape);

}  // namespace caffe

#endif  // TERCET_NET_WEIGHTS_HPP_
