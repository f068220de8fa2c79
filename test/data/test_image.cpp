// Pictures: each format in and out, gray and colour, resizing, and files that
// lie about themselves.

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "gtest/gtest.h"

#include "caffe/check.hpp"
#include "data/image.hpp"
#include "test/data/image_files.hpp"

namespace caffe {

namespace {

std::vector<uint8_t> Bytes(const std::string& text) {
  return std::vector<uint8_t>(text.begin(), text.end());
}

Image Decode(const std::vector<uint8_t>& bytes) {
  return DecodeImage(bytes.data(), bytes.size(), "the file");
}

Image Decode(const std::string& text) { return Decode(Bytes(text)); }

std::string DecodeError(const std::string& text) {
  const std::string message = InputError([&] { Decode(text); });
  EXPECT_EQ(0u, message.find("the file: ")) << message;
  EXPECT_EQ(std::string::npos, message.find('\n')) << message;
  return message;
}

std::string BigEndian(uint32_t value) {
  std::string text;
  for (int shift = 24; shift >= 0; shift -= 8) {
    text += static_cast<char>(value >> shift & 255);
  }
  return text;
}

// A PNG written by hand, so that it can hold what a writer would refuse.
std::string PngChunk(const std::string& type, const std::string& data) {
  const std::string body = type + data;
  uint32_t crc = ~0u;
  for (const char c : body) {
    crc ^= static_cast<uint8_t>(c);
    for (int bit = 0; bit < 8; ++bit) {
      crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
    }
  }
  return BigEndian(static_cast<uint32_t>(data.size())) + body +
         BigEndian(~crc);
}

// `rows`: each row's filter byte (0) and samples.
std::string Png(uint32_t width, uint32_t height, int depth, int color,
                const std::string& rows, const std::string& palette = "",
                int interlace = 0) {
  const std::string header = BigEndian(width) + BigEndian(height) +
                             static_cast<char>(depth) +
                             static_cast<char>(color) + std::string(2, '\0') +
                             static_cast<char>(interlace);
  uint32_t a = 1, b = 0;  // Adler-32
  for (const char c : rows) {
    a = (a + static_cast<uint8_t>(c)) % 65521;
    b = (b + a) % 65521;
  }
  const uint16_t size = static_cast<uint16_t>(rows.size());
  const uint16_t inverse = static_cast<uint16_t>(~size);
  std::string zlib("\x78\x01\x01", 3);
  zlib += static_cast<char>(size & 255);
  zlib += static_cast<char>(size >> 8);
  zlib += static_cast<char>(inverse & 255);
  zlib += static_cast<char>(inverse >> 8);
  zlib += rows + BigEndian(b << 16 | a);
  std::string file("\x89PNG\r\n\x1a\n", 8);
  file += PngChunk("IHDR", header);
  if (!palette.empty()) file += PngChunk("PLTE", palette);
  return file + PngChunk("IDAT", zlib) + PngChunk("IEND", "");
}

std::string Text(const std::vector<uint8_t>& bytes) {
  return std::string(bytes.begin(), bytes.end());
}

// One CMYK pixel.
const char kCmykJpeg[] =
    "ffd8ffee000e41646f626500640000000000ffdb00430050373c463c32504641465a5550"
    "5f78c882786e6e78f5afb991c8ffffffffffffffffffffffffffffffffffffffffffffff"
    "ffffffffffffffffffffffffffffffffc000140800010001044311004d11005911004b11"
    "00ffc40014000100000000000000000000000000000004ffc40014100100000000000000"
    "000000000000000000ffda000e0443004d0059004b00003f0018828cffd9";

void ExpectSame(const Image& a, const Image& b) {
  EXPECT_EQ(a.height, b.height);
  EXPECT_EQ(a.width, b.width);
  EXPECT_EQ(a.channels, b.channels);
  EXPECT_EQ(a.pixels, b.pixels);
}

}  // namespace

TEST(ImageTest, PnmTextWithCommentsReads) {
  const Image gray = Decode("P2 # a comment\n# and another\n3 2\n255\n"
                            "0 1 2\n3 # in the middle\n 4 255");
  EXPECT_EQ(2, gray.height);
  EXPECT_EQ(3, gray.width);
  EXPECT_EQ(1, gray.channels);
  EXPECT_EQ((std::vector<uint8_t>{0, 1, 2, 3, 4, 255}), gray.pixels);
  const Image color = Decode("P3\n2 1\n255\n1 2 3 4 5 6\n");
  EXPECT_EQ((std::vector<uint8_t>{3, 2, 1, 6, 5, 4}), color.pixels);
}

TEST(ImageTest, RawPnmReads) {
  EXPECT_EQ((std::vector<uint8_t>{'a', 'b'}),
            Decode("P5 2 1 255\nab").pixels);
  EXPECT_EQ((std::vector<uint8_t>{'c', 'b', 'a'}),
            Decode("P6 1 1 255\nabc").pixels);
  // A sample may look like white space or a comment.
  EXPECT_EQ((std::vector<uint8_t>{'\n', '#'}),
            Decode("P5 2 1 255\n\n#").pixels);
}

TEST(ImageTest, PnmOfOtherDepthsIsScaledTo255) {
  EXPECT_EQ((std::vector<uint8_t>{0, 17, 255}),
            Decode("P2 3 1 15 0 1 15").pixels);
  std::string wide("P5 3 1 65535\n");
  wide += std::string("\x00\x00\xff\xff\x80\x00", 6);
  EXPECT_EQ((std::vector<uint8_t>{0, 255, 128}), Decode(wide).pixels);
}

TEST(ImageTest, WrittenFilesReadBack) {
  for (const int channels : {1, 3}) {
    const Image image = Pattern(7, 5, channels);
    ExpectSame(image, Decode(EncodePnm(image)));
    ExpectSame(image, Decode(EncodePng(image)));
  }
}

TEST(ImageTest, PngOfEachKindReads) {
  // Two gray pixels of one bit, and of 16.
  EXPECT_EQ((std::vector<uint8_t>{255, 0}),
            Decode(Png(2, 1, 1, 0, std::string("\0\x80", 2))).pixels);
  EXPECT_EQ((std::vector<uint8_t>{18, 255}),
            Decode(Png(2, 1, 16, 0, std::string("\0\x12\x34\xff\xff", 5)))
                .pixels);
  // 255 of 65535 is nearer to 1 of 255 than to 0.
  EXPECT_EQ((std::vector<uint8_t>{1, 2}),
            Decode(Png(2, 1, 16, 0, std::string("\0\0\xff\1\xff", 5)))
                .pixels);
  // A palette, gray with alpha, colour with alpha.
  EXPECT_EQ((std::vector<uint8_t>{6, 5, 4, 3, 2, 1}),
            Decode(Png(2, 1, 8, 3, std::string("\0\1\0", 3),
                       "\1\2\3\4\5\6")).pixels);
  EXPECT_EQ((std::vector<uint8_t>{9}),
            Decode(Png(1, 1, 8, 4, std::string("\0\x09\x40", 3))).pixels);
  EXPECT_EQ((std::vector<uint8_t>{3, 2, 1}),
            Decode(Png(1, 1, 8, 6, std::string("\0\1\2\3\0", 5))).pixels);
  // Interlaced: the first pass holds the first pixel, the sixth the second.
  EXPECT_EQ((std::vector<uint8_t>{7, 8}),
            Decode(Png(2, 1, 8, 0, std::string("\0\7\0\x08", 4), "", 1))
                .pixels);
}

TEST(ImageTest, JpegReadsInBlueGreenRed) {
  Image blue(16, 16, 3);
  for (size_t i = 0; i < blue.pixels.size(); i += 3) blue.pixels[i] = 200;
  const Image read = Decode(EncodeJpeg(blue, 95));
  EXPECT_EQ(3, read.channels);
  EXPECT_NEAR(200, read.at(8, 8, 0), 4);
  EXPECT_NEAR(0, read.at(8, 8, 1), 4);
  EXPECT_NEAR(0, read.at(8, 8, 2), 4);
  const Image gray = Decode(EncodeJpeg(Image(9, 4, 1), 95));
  EXPECT_EQ(9, gray.height);
  EXPECT_EQ(4, gray.width);
  EXPECT_EQ(1, gray.channels);
}

// What is stored are 8, 18, 28, 38, which Adobe's marker makes light; without
// it they are inks.
TEST(ImageTest, CmykJpegHasTheColoursOfPaper) {
  std::string file = FromHex(kCmykJpeg);
  EXPECT_EQ((std::vector<uint8_t>{4, 3, 1}), Decode(file).pixels);
  file.erase(2, 16);
  EXPECT_EQ((std::vector<uint8_t>{193, 202, 210}), Decode(file).pixels);
}

TEST(ImageTest, ContentNotNameTellsTheFormat) {
  ImageFolder folder;
  const Image image = Pattern(4, 6, 3);
  const std::string path =
      folder.Write("really_a_png.jpg", Text(EncodePng(image)));
  ExpectSame(image, ReadImage(path));
}

TEST(ImageTest, WriteImageTakesTheFormatFromTheName) {
  ImageFolder folder;
  const Image image = Pattern(4, 6, 3);
  for (const char* name : {"a.ppm", "a.png", "a.jpg"}) {
    WriteImage(folder / name, image);
    EXPECT_EQ(6, ReadImage(folder / name).width) << name;
  }
  ExpectHas(InputError([&] { WriteImage(folder / "a.gif", image); }),
            "a.gif: image names end in");
  ExpectHas(InputError([&] { WriteImage("/no/such/folder/a.ppm", image); }),
            "/no/such/folder/a.ppm: ");
}

TEST(ImageTest, WrittenImageTakesTheOldOnesPlaceAsAWhole) {
  ImageFolder folder;
  WriteImage(folder / "a.pgm", Image(1, 1, 1));
  std::filesystem::create_hard_link(folder / "a.pgm", folder / "old.pgm");
  WriteImage(folder / "a.pgm", Image(2, 2, 1));
  EXPECT_EQ(2, ReadImage(folder / "a.pgm").width);
  EXPECT_EQ(1, ReadImage(folder / "old.pgm").width);
}

TEST(ImageTest, MissingFileAndFolderAreNamed) {
  ImageFolder folder;
  ExpectHas(InputError([&] { ReadImage(folder / "none.png"); }),
            "none.png: no such file");
  ExpectHas(InputError([&] { ReadImage(folder.path()); }),
            folder.path() + ": is a folder");
}

TEST(ImageTest, ForeignFilesAreNamed) {
  ExpectHas(DecodeError(""), "file is empty");
  ExpectHas(DecodeError("GIF89a..."), "is a GIF; wanted a PGM");
  ExpectHas(DecodeError("hello"), "begins with the bytes 68 65 6c 6c");
  ExpectHas(DecodeError("x"), "begins with the bytes 78)");
  ExpectHas(DecodeError("P4 8 1\nx"), "PBM bitmap (P4)");
  ExpectHas(DecodeError("P7\nWIDTH 1"), "PAM (P7)");
}

TEST(ImageTest, HostilePnmHeadersAreRefused) {
  ExpectHas(DecodeError("P5 100000000 100000000 255\nabc"),
            "asks for 100000000 x 100000000 pixels; at most");
  ExpectHas(DecodeError("P5 99999999999 1 255\nabc"), "over 9 digits");
  ExpectHas(DecodeError("P5 8000 8000 255\nabc"),
            "truncated: 8000 x 8000 pixels take 64000000 bytes, found 3");
  ExpectHas(DecodeError("P2 8000 8000 255\n1 2 3"), "PNM is truncated");
  ExpectHas(DecodeError("P5 0 4 255\n"), "0 x 4 pixels; wanted at least 1");
  ExpectHas(DecodeError("P5 4 0 255\n"), "4 x 0 pixels; wanted at least 1");
  ExpectHas(DecodeError("P5 -4 4 255\n"), "width at byte 3 is no number");
  ExpectHas(DecodeError("P5 1 1 0\na"), "largest value is 0");
  ExpectHas(DecodeError("P5 1 1 65536\nab"), "largest value is 65536");
  ExpectHas(DecodeError("P2 1 1 15\n16"), "sample 0 is 16, above");
  ExpectHas(DecodeError("P5 1 1 255#a\nb"), "not followed by white space");
  ExpectHas(DecodeError("P5 1 1"), "PNM ends before its largest value");
  ExpectHas(DecodeError("P2 2 1 255\n1 x"), "next sample at byte 13 is no");
}

TEST(ImageTest, HostilePngHeadersAreRefused) {
  const std::string rows(2, '\0');
  EXPECT_EQ(1, Decode(Png(1, 1, 8, 0, rows)).height);
  ExpectHas(DecodeError(Png(100000, 100000, 8, 0, rows)),
            "PNG header asks for 100000 x 100000 pixels; at most");
  ExpectHas(DecodeError(Png(0, 1, 8, 0, rows)), "broken PNG");
  ExpectHas(DecodeError(Png(2000000000, 1, 8, 0, rows)), "broken PNG");
  ExpectHas(DecodeError(Png(1, 1, 3, 0, rows)), "broken PNG");
  ExpectHas(DecodeError(Png(1, 1, 8, 3, rows)), "broken PNG");
  ExpectHas(DecodeError(Png(5, 5, 8, 0, rows)), "broken PNG");
  std::string crc = Png(1, 1, 8, 0, rows);
  crc[crc.size() - 14] ^= 1;  // the checksum of IDAT
  ExpectHas(DecodeError(crc), "broken PNG");
}

TEST(ImageTest, HostileJpegHeadersAreRefused) {
  std::string file = Text(EncodeJpeg(Pattern(8, 8, 1), 90));
  const size_t frame = file.find("\xff\xc0");
  ASSERT_NE(std::string::npos, frame);
  std::string huge = file;
  huge.replace(frame + 5, 4, "\xff\xdc\xff\xdc");
  ExpectHas(DecodeError(huge),
            "JPEG header asks for 65500 x 65500 pixels; at most");
  std::string empty = file;
  empty.replace(frame + 7, 2, std::string(2, '\0'));
  ExpectHas(DecodeError(empty), "broken JPEG");
  std::string tall = file;
  tall.replace(frame + 5, 4, std::string("\x10\0\0\x08", 4));
  ExpectHas(DecodeError(tall), "broken JPEG");
}

// Each cut of each format is one clear error, and neither library prints.
TEST(ImageTest, FileCutAtAnyByteIsAnError) {
  const std::vector<std::string> files = {
      Text(EncodePnm(Pattern(5, 4, 1))), Text(EncodePnm(Pattern(5, 4, 3))),
      "P2 2 2 255\n10 20 30 40", Text(EncodePng(Pattern(5, 4, 3))),
      Text(EncodeJpeg(Pattern(9, 10, 3), 80))};
  testing::internal::CaptureStderr();
  for (const std::string& file : files) {
    Decode(file);
    const bool text = file[1] == '2';
    for (size_t size = 0; size < file.size(); ++size) {
      // The last number of a text file may lose digits unseen.
      if (text && size + 1 == file.size()) continue;
      const std::string cut = file.substr(0, size);
      EXPECT_THROW(Decode(cut), Error) << file.substr(0, 2) << " at " << size;
    }
  }
  EXPECT_EQ("", testing::internal::GetCapturedStderr());
}

TEST(ImageTest, FileWithAnyByteChangedIsReadOrRefused) {
  const std::vector<std::string> files = {
      "P5 4 4 255\n0123456789abcdef", Text(EncodePng(Pattern(5, 4, 3))),
      Text(EncodeJpeg(Pattern(9, 10, 3), 80))};
  testing::internal::CaptureStderr();
  for (const std::string& file : files) {
    for (size_t at = 0; at < file.size(); ++at) {
      for (const int change : {1, 0x80, 0xff}) {
        std::string broken = file;
        broken[at] ^= static_cast<char>(change);
        try {
          Decode(broken);
        } catch (const Error& error) {
          EXPECT_EQ(Error::kInput, error.kind()) << error.what();
        }
      }
    }
  }
  EXPECT_EQ("", testing::internal::GetCapturedStderr());
}

TEST(ImageTest, GrayAndColorConvert) {
  const Image color = ConvertChannels(Decode("P2 2 1 255 7 255"), 3);
  EXPECT_EQ((std::vector<uint8_t>{7, 7, 7, 255, 255, 255}), color.pixels);
  EXPECT_EQ((std::vector<uint8_t>{7, 255}),
            ConvertChannels(color, 1).pixels);
  // Red, green, blue weigh 0.299, 0.587, 0.114.
  const Image rgb = Decode("P3 3 1 255 255 0 0 0 255 0 0 0 255");
  EXPECT_EQ((std::vector<uint8_t>{76, 150, 29}),
            ConvertChannels(rgb, 1).pixels);
}

TEST(ImageTest, ShrinkingAverages) {
  const Image image = Decode("P2 4 2 255  0 2 10 30  2 4 50 70");
  EXPECT_EQ((std::vector<uint8_t>{2, 40}), ResizeImage(image, 1, 2).pixels);
  // 3 -> 2: the middle pixel counts half in each.
  EXPECT_EQ((std::vector<uint8_t>{30, 150}),
            ResizeImage(Decode("P2 3 1 255 0 90 180"), 1, 2).pixels);
}

TEST(ImageTest, GrowingInterpolates) {
  EXPECT_EQ((std::vector<uint8_t>{0, 25, 75, 100}),
            ResizeImage(Decode("P2 2 1 255 0 100"), 1, 4).pixels);
  EXPECT_EQ((std::vector<uint8_t>{9, 9, 9}),
            ResizeImage(Decode("P2 1 1 255 9"), 3, 1).pixels);
}

TEST(ImageTest, ResizingKeepsSizeChannelsAndFlatPictures) {
  Image flat(6, 5, 3);
  for (size_t i = 0; i < flat.pixels.size(); ++i) {
    flat.pixels[i] = i % 3 == 0 ? 255 : i % 3 == 1 ? 101 : 0;
  }
  for (int height = 1; height < 14; ++height) {
    for (int width = 1; width < 14; ++width) {
      const Image resized = ResizeImage(flat, height, width);
      ASSERT_EQ(height, resized.height);
      ASSERT_EQ(width, resized.width);
      for (size_t i = 0; i < resized.pixels.size(); ++i) {
        ASSERT_EQ(i % 3 == 0 ? 255 : i % 3 == 1 ? 101 : 0, resized.pixels[i])
            << height << " x " << width;
      }
    }
  }
  const Image image = Pattern(6, 5, 3);
  ExpectSame(image, ResizeImage(image, 6, 5));
}

TEST(ImageTest, LargeShrinkKeepsTheMean) {
  Image image(997, 1009, 1);
  double sum = 0;
  for (size_t i = 0; i < image.pixels.size(); ++i) {
    image.pixels[i] = static_cast<uint8_t>(i * i % 251);
    sum += image.pixels[i];
  }
  EXPECT_NEAR(sum / image.pixels.size(), ResizeImage(image, 1, 1).pixels[0],
              0.5 + 1e-9);
}

}  // namespace caffe
