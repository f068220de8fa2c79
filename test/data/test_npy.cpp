// .npy files, there and back and broken.

#include <gtest/gtest.h>

#include "caffe/check.hpp"
#include "test/data/shared_data.hpp"
#include "caffe/util/io.hpp"
#include "data/npy.hpp"

namespace caffe {

namespace {

std::string NpyError(const std::string& path) {
  try {
    ReadNpy<float>(path);
  } catch (const Error& error) {
    EXPECT_EQ(Error::kInput, error.kind());
    return error.what();
  }
  return "";
}

// A file of version 1 with this dict and these values behind it.
std::string File(const std::string& dict, const std::string& values) {
  std::string head("\x93NUMPY\x01\x00", 8);
  head += static_cast<char>(dict.size() & 255);
  head += static_cast<char>(dict.size() >> 8);
  return head + dict + values;
}

std::string Dict(const std::string& descr, const std::string& shape) {
  return "{'descr': '" + descr +
         "', 'fortran_order': False, 'shape': " + shape + ", }\n";
}

}  // namespace

TEST(NpyTest, ThereAndBackInEveryRank) {
  const TempFolder folder;
  const std::string path = folder.File("x.npy");
  const std::vector<std::vector<int>> shapes = {
      {}, {5}, {2, 3}, {0, 4}, {1, 2, 3, 4}};
  for (const std::vector<int>& shape : shapes) {
    size_t count = 1;
    for (int dim : shape) count *= dim;
    std::vector<double> values(count);
    for (size_t i = 0; i < count; ++i) values[i] = i / 3.0;
    WriteNpy(path, shape, values.data());
    const NpyArray<double> read = ReadNpy<double>(path);
    EXPECT_EQ(shape, read.shape);
    EXPECT_EQ(values, read.data);
    const NpyArray<float> narrow = ReadNpy<float>(path);
    ASSERT_EQ(count, narrow.data.size());
    for (size_t i = 0; i < count; ++i) {
      EXPECT_EQ(static_cast<float>(values[i]), narrow.data[i]);
    }
  }
}

TEST(NpyTest, HeaderIsWhatNumpyWrites) {
  const TempFolder folder;
  const float values[] = {1, 2};
  WriteNpy(folder.File("x"), {2}, values);
  const std::string bytes = ReadFile(folder.File("x"), 1000);
  EXPECT_EQ(128u + 8u, bytes.size());
  EXPECT_EQ("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }",
            bytes.substr(10, 57));
  EXPECT_EQ('\n', bytes[127]);
}

TEST(NpyTest, EachWrongFileIsToldApart) {
  const TempFolder folder;
  const std::string path = folder.File("x.npy");
  const std::string six(24, '\0');
  const auto error = [&](const std::string& bytes) {
    WriteFileAtomically(path, bytes);
    const std::string text = NpyError(path);
    return text.compare(0, path.size(), path) ? text : text.substr(path.size());
  };
  EXPECT_EQ("", error(File(Dict("<f4", "(2, 3)"), six)));
  EXPECT_EQ(": the file is empty", error(""));
  EXPECT_EQ(": is not a .npy file", error("1.0, 2.0, 3.0, 4.0\n"));
  EXPECT_EQ(": is not a .npy file", error("\x93NUMPY"));
  EXPECT_EQ(": is truncated in its header",
            error(File(Dict("<f4", "(2, 3)"), "").substr(0, 30)));
  EXPECT_EQ(": is truncated: its shape wants 24 bytes of values, found 23",
            error(File(Dict("<f4", "(2, 3)"), six.substr(1))));
  EXPECT_EQ(": is longer than its shape: 24 bytes of values, found 25",
            error(File(Dict("<f4", "(2, 3)"), six + "x")));
  EXPECT_EQ(
      ": holds values of type '<i8'; '<f4' (float32) or '<f8' (float64)"
      " is read",
      error(File(Dict("<i8", "(3,)"), six)));
  EXPECT_EQ(": is in Fortran order; C order is read (numpy.ascontiguousarray)",
            error(File("{'descr': '<f4', 'fortran_order': True, 'shape': (2, "
                       "3), }",
                       six)));
  EXPECT_EQ(": has no shape that can be read in its header",
            error(File(Dict("<f4", "(99999999999999999999,)"), six)));
  EXPECT_EQ(
      ": has no shape that can be read in its header",
      error(File(Dict("<f4", "(2000000000, 2000000000, 2000000000)"), six)));
  EXPECT_EQ(
      ": is truncated: its shape wants 8000000000 bytes of values, found "
      "24",
      error(File(Dict("<f4", "(2000000000,)"), six)));
  EXPECT_EQ(": no such file", NpyError(path + "2").substr(path.size() + 1));
}

TEST(NpyTest, EverySharedArrayReads) {
  TERCET_SHARED_OR_SKIP(golden, "golden");
  int files = 0;
  for (const std::string& path : SharedFiles("golden", ".npy")) {
    EXPECT_EQ("", NpyError(path));
    ++files;
  }
  EXPECT_GE(files, 60);
}

}  // namespace caffe
