#ifndef TERCET_NET_PROTOTXT_HPP_
#define TERCET_NET_PROTOTXT_HPP_

// Reading nets and solvers from text. A reader turns every older form into the
// live one (input headers, `layers`, solver_type), stamps `file:line` on each
// layer, and reports the first thing that is wrong in one line: Error(kInput)
// "net.prototxt:7: layer 'fc': ...". What the layers' options mean, and which
// layers a phase keeps, is left to the net.
//
// A field that LayerParameter lacks is no failure yet, since nets of Caffe's
// forks carry such fields in layers that another phase uses: it is remembered
// in that layer, and CheckUnknownFields, called for the layers that are kept,
// reports it.

#include <google/protobuf/message.h>

#include <map>
#include <string>

#include "caffe/proto/caffe.pb.h"

namespace caffe {

// From a file. `param` is overwritten; after a throw its content is
// unspecified.
void ReadNetFromPrototxt(const std::string& path, NetParameter* param);
void ReadSolverFromPrototxt(const std::string& path, SolverParameter* param);

// From text; `display` stands where messages name the file.
void ParseNetPrototxt(const std::string& text, const std::string& display,
                      NetParameter* param);
void ParseSolverPrototxt(const std::string& text, const std::string& display,
                         SolverParameter* param);

// A file with any other message. `lines` gets the line, from 1, of each field
// of the message itself that the file has.
void ReadPrototxt(const std::string& path, google::protobuf::Message* message,
                  std::map<std::string, int>* lines);

// Throws what the reader remembered about the layer: a field that does not
// exist. The text is complete (file, line, layer): do not put a place in front.
void CheckUnknownFields(const LayerParameter& layer);

// "solver.prototxt:4" for a field that was read from a file, "solver.prototxt"
// for one that the file lacks, "" for a solver that was made by hand.
std::string FieldPlace(const SolverParameter& solver, const std::string& field);

}  // namespace caffe

#endif  // TERCET_NET_PROTOTXT_HPP_
