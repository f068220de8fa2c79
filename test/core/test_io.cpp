// Writing files: what a name already stands for is not destroyed.
#include "caffe/util/io.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "gtest/gtest.h"

#include "caffe/check.hpp"
#include "test/data/shared_data.hpp"

namespace caffe {

namespace fs = std::filesystem;

// Output to /dev/null once renamed a plain file to that name.
TEST(IoTest, WritingToADeviceLeavesADevice) {
  TempFolder folder;
  const std::string pipe = folder.File("pipe");
  ASSERT_EQ(0, mkfifo(pipe.c_str(), 0600));
  const int reader = open(pipe.c_str(), O_RDWR | O_NONBLOCK);
  ASSERT_GE(reader, 0);
  WriteFileAtomically(pipe, "seven b");
  EXPECT_TRUE(fs::is_fifo(pipe));
  char got[16] = {};
  EXPECT_EQ(7, read(reader, got, sizeof(got)));
  EXPECT_STREQ("seven b", got);
  close(reader);
}

// Who knows a program's number could put a link where its temporary file goes.
TEST(IoTest, ATemporaryFileIsNotLuredThroughALink) {
  TempFolder folder;
  WriteFileAtomically(folder.File("victim"), "precious");
  const std::string beside =
      folder.File("file.tmp" + std::to_string(getpid()));
  fs::create_symlink(folder.File("victim"), beside);
  WriteFileAtomically(folder.File("file"), "new");
  EXPECT_EQ("precious", ReadFile(folder.File("victim"), 100));
  EXPECT_EQ("new", ReadFile(folder.File("file"), 100));
  EXPECT_FALSE(fs::is_symlink(folder.File("file")));
  EXPECT_FALSE(fs::exists(beside));
}

TEST(IoTest, ASymbolicLinkStaysOneAndItsFileIsWritten) {
  TempFolder folder;
  WriteFileAtomically(folder.File("file"), "old");
  fs::create_symlink("file", folder.File("link"));
  WriteFileAtomically(folder.File("link"), "new");
  EXPECT_TRUE(fs::is_symlink(folder.File("link")));
  EXPECT_EQ("new", ReadFile(folder.File("file"), 10));
  fs::create_symlink("nowhere", folder.File("dangling"));
  WriteFileAtomically(folder.File("dangling"), "new");
  EXPECT_EQ("new", ReadFile(folder.File("dangling"), 10));
}

TEST(IoTest, NoTemporaryFileStaysBehind) {
  TempFolder folder;
  WriteFileAtomically(folder.File("file"), "old");
  EXPECT_THROW(WriteFileAtomically(folder.File("file"),
                                   [](int) { return false; }),
               Error);
  EXPECT_THROW(ReadFile(folder.File("file"), 2), Error);
  EXPECT_EQ("old", ReadFile(folder.File("file"), 3));
  int files = 0;
  for (const auto& entry : fs::directory_iterator(folder.path())) {
    files += entry.exists() ? 1 : 0;
  }
  EXPECT_EQ(1, files);
}

}  // namespace caffe
