#ifndef TERCET_NET_PROTOTXT_OUTLINE_HPP_
#define TERCET_NET_PROTOTXT_OUTLINE_HPP_

// The tokens and the blocks of a prototxt: where each block begins, in which
// block and layer a token stands, which message type that block is. It never
// fails: what it cannot read, it leaves out.

#include <google/protobuf/descriptor.h>

#include <string>
#include <vector>

namespace caffe {

class Outline {
 public:
  struct Token {
    std::string text;
    int line;    // from 0, as protobuf counts
    int column;  // from 0
    int block;
  };
  struct Block {
    std::string name;  // `convolution_param` of `convolution_param { ... }`
    int line;          // of the opening brace
    int parent;        // -1: the file itself
    bool closed;
    std::string field;  // the last one in it, so far
    std::string given;  // the value of its own `name: "..."`
    bool names;         // while reading: a `name:` is open
  };

  // Where a block begins: at its field's name, or, from a list's second element
  // on, at its brace.
  struct Start {
    int line;
    int column;
    int block;
  };

  explicit Outline(const std::string& text);

  const std::vector<Token>& tokens() const { return tokens_; }
  const Block& block(int b) const { return blocks_[b]; }

  // The blocks of this name right in block `parent`, in the order of the file.
  // What protobuf tells of a list is one place for all of it.
  std::vector<Start> Starts(const std::string& name, int parent) const;
  // Whether the file has a block of this name at its top level, or a field that
  // is given as one.
  bool HasTopLevelField(const std::string& name) const;
  // The first token at or after a place; tokens().size() where there is none.
  int TokenAt(int line, int column) const;
  // The last token before token t whose text is `text`, at most `reach` back;
  // or -1.
  int Back(int t, const std::string& text, int reach) const;
  // The field whose value token t is: `kernel_size` for the 3 of `kernel_size:
  // 3`; or "".
  std::string FieldOf(int t) const;
  // The innermost block that is open at the end of the file; 0, the file, if
  // all are closed.
  int OpenAtEnd() const { return open_at_end_; }
  // The top-level block of b (below the file); 0 where b is the file.
  int TopOf(int b) const;
  // The name that a `layer` block around b gives itself, or "".
  std::string LayerName(int b) const;
  // The message type of a block in a file whose type is `root`; null where it
  // has none.
  const google::protobuf::Descriptor* TypeOf(
      int b, const google::protobuf::Descriptor* root) const;

 private:
  // Follows a token of block b: which field and which name it is in.
  void Read(const std::string& text, int b);

  std::vector<Token> tokens_;
  std::vector<Block> blocks_;  // [0] is the file
  int open_at_end_ = 0;
};

}  // namespace caffe

#endif  // TERCET_NET_PROTOTXT_OUTLINE_HPP_
