// .npy files; the format is in the header.

#include "data/npy.hpp"

#include <algorithm>
#include <climits>
#include <cstdint>
#include <cstring>

#include "caffe/check.hpp"
#include "caffe/util/io.hpp"

namespace caffe {

namespace {

constexpr char kMagic[] = "\x93NUMPY";
constexpr int kMagicBytes = 6;
constexpr uint32_t kMostHeader = 1 << 16;
constexpr size_t kMostAxes = 32;

struct Header {
  int bytes_a_value = 0;
  std::vector<int> shape;
  int64_t count = 1;
};

// The text after `'key':`, spaces skipped; "" where the dict lacks the key.
std::string After(const std::string& dict, const std::string& key) {
  for (const char* quote : {"'", "\""}) {
    const size_t at = dict.find(quote + key + quote);
    if (at == std::string::npos) continue;
    const size_t colon = dict.find(':', at);
    if (colon == std::string::npos) return "";
    const size_t value = dict.find_first_not_of(' ', colon + 1);
    return value == std::string::npos ? "" : dict.substr(value);
  }
  return "";
}

// "(2, 3)" into the header; false where it is no such thing or too large.
bool ParseShape(const std::string& text, Header* header) {
  if (text.empty() || text[0] != '(') return false;
  int64_t dim = -1;
  for (size_t i = 1; i < text.size(); ++i) {
    const char c = text[i];
    if (c >= '0' && c <= '9') {
      dim = std::max<int64_t>(dim, 0) * 10 + (c - '0');
      if (dim > INT_MAX) return false;
    } else if (c == ',' || c == ')') {
      if (dim >= 0) {
        header->shape.push_back(static_cast<int>(dim));
        if (dim != 0 && header->count > (INT64_MAX >> 4) / dim) return false;
        header->count *= dim;
        if (header->shape.size() > kMostAxes) return false;
      }
      if (c == ')') return true;
      dim = -1;
    } else if (c != ' ' && c != 'L') {
      return false;
    }
  }
  return false;
}

Header ParseDict(const std::string& path, const std::string& dict) {
  Header header;
  const std::string descr = After(dict, "descr");
  const size_t end = descr.empty() ? 0 : descr.find(descr[0], 1);
  INPUT_CHECK(end != 0 && end != std::string::npos)
      << path << ": is not a .npy file: its header has no descr";
  const std::string type = descr.substr(1, end - 1);
  header.bytes_a_value = type == "<f4" ? 4 : type == "<f8" ? 8 : 0;
  INPUT_CHECK(header.bytes_a_value != 0)
      << path << ": holds values of type '" << type.substr(0, 20)
      << "'; '<f4' (float32) or '<f8' (float64) is read";
  const std::string order = After(dict, "fortran_order");
  INPUT_CHECK(order.compare(0, 4, "True") != 0)
      << path << ": is in Fortran order; C order is read "
      << "(numpy.ascontiguousarray)";
  INPUT_CHECK(order.compare(0, 5, "False") == 0)
      << path << ": is not a .npy file: its header has no fortran_order";
  INPUT_CHECK(ParseShape(After(dict, "shape"), &header))
      << path << ": has no shape that can be read in its header";
  return header;
}

// Reads up to the first value and checks that the file ends where the shape
// says.
Header ReadHeader(const InputFile& file) {
  const std::string& path = file.path();
  INPUT_CHECK(file.size() > 0) << path << ": the file is empty";
  unsigned char head[12] = {};
  const bool long_enough = file.size() >= 12;
  if (long_enough) file.Read(head, 10);
  INPUT_CHECK(long_enough && std::memcmp(head, kMagic, kMagicBytes) == 0)
      << path << ": is not a .npy file";
  const int version = head[6];
  INPUT_CHECK(version >= 1 && version <= 3)
      << path << ": is a .npy file of version " << version
      << "; versions 1 to 3 are read";
  uint32_t length = head[8] | head[9] << 8;
  int64_t start = 10;
  if (version > 1) {
    file.Read(head + 10, 2);
    length |= static_cast<uint32_t>(head[10]) << 16 |
              static_cast<uint32_t>(head[11]) << 24;
    start = 12;
  }
  INPUT_CHECK(length <= kMostHeader)
      << path << ": has a header of " << length << " bytes, at most "
      << kMostHeader << " are read";
  INPUT_CHECK(start + length <= file.size())
      << path << ": is truncated in its header";
  std::string dict(length, '\0');
  file.Read(&dict[0], length);
  const Header header = ParseDict(path, dict);
  const int64_t wanted = header.count * header.bytes_a_value;
  const int64_t found = file.size() - start - length;
  INPUT_CHECK(found >= wanted) << path << ": is truncated: its shape wants "
                               << wanted << " bytes of values, found " << found;
  INPUT_CHECK(found == wanted)
      << path << ": is longer than its shape: " << wanted
      << " bytes of values, found " << found;
  return header;
}

template <typename From, typename To>
void ReadAs(const InputFile& file, std::vector<To>* out) {
  std::vector<From> block(std::min<size_t>(out->size(), 1 << 16));
  for (size_t done = 0; done < out->size(); done += block.size()) {
    const size_t now = std::min(block.size(), out->size() - done);
    file.Read(block.data(), static_cast<int64_t>(now * sizeof(From)));
    for (size_t i = 0; i < now; ++i) {
      (*out)[done + i] = static_cast<To>(block[i]);
    }
  }
}

}  // namespace

template <typename Dtype>
NpyArray<Dtype> ReadNpy(const std::string& path) {
  const InputFile file(path);
  const Header header = ReadHeader(file);
  NpyArray<Dtype> array;
  array.shape = header.shape;
  array.data.resize(static_cast<size_t>(header.count));
  if (header.bytes_a_value == static_cast<int>(sizeof(Dtype))) {
    file.Read(array.data.data(), header.count * header.bytes_a_value);
  } else if (header.bytes_a_value == 4) {
    ReadAs<float>(file, &array.data);
  } else {
    ReadAs<double>(file, &array.data);
  }
  return array;
}

template <typename Dtype>
void WriteNpy(const std::string& path, const std::vector<int>& shape,
              const Dtype* data) {
  std::string dict = "{'descr': '<f" + std::to_string(sizeof(Dtype)) +
                     "', 'fortran_order': False, 'shape': (";
  int64_t count = 1;
  for (size_t i = 0; i < shape.size(); ++i) {
    CHECK_GE(shape[i], 0);
    dict += (i ? ", " : "") + std::to_string(shape[i]);
    count *= shape[i];
  }
  dict += shape.size() == 1 ? ",), }" : "), }";
  const size_t whole = (10 + dict.size() + 1 + 63) / 64 * 64;
  dict.resize(whole - 11, ' ');
  dict += '\n';
  std::string head(kMagic, kMagicBytes);
  head += '\x01';
  head += '\x00';
  head += static_cast<char>(dict.size() & 255);
  head += static_cast<char>(dict.size() >> 8);
  head += dict;
  WriteFileAtomically(path, [&](int fd) {
    return WriteAll(fd, head.data(), static_cast<int64_t>(head.size())) &&
           WriteAll(fd, data, count * static_cast<int64_t>(sizeof(Dtype)));
  });
}

template NpyArray<float> ReadNpy<float>(const std::string&);
template NpyArray<double> ReadNpy<double>(const std::string&);
template void WriteNpy<float>(const std::string&, const std::vector<int>&,
                              const float*);
template void WriteNpy<double>(const std::string&, const std::vector<int>&,
                               const double*);

}  // namespace caffe
