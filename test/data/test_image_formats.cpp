// BMP, WebP and TIFF, the orientation that a file notes, and the bounds on what
// a file may ask for. The other formats are in test_image.cpp.

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "gtest/gtest.h"

#include "data/exif.hpp"
#include "data/image.hpp"
#include "data/image_formats.hpp"
#include "test/data/image_files.hpp"

namespace caffe {

namespace {

typedef std::vector<uint8_t> Pixels;

Image DecodeText(const std::string& text, int64_t max_pixels = kMaxImagePixels,
                 ImageInfo* info = nullptr) {
  return DecodeImage(reinterpret_cast<const uint8_t*>(text.data()),
                     text.size(), "the file", max_pixels, info);
}

std::string Little(uint32_t value, int bytes) {
  std::string text;
  for (int i = 0; i < bytes; ++i) {
    text += i < 4 ? static_cast<char>(value >> 8 * i) : 0;
  }
  return text;
}

// A BMP with a header of 40 bytes; `table` is its palette or its bit fields.
std::string Bmp(int width, int height, int depth, int compression,
                const std::string& table, const std::string& rows) {
  const uint32_t offset = static_cast<uint32_t>(54 + table.size());
  return "BM" + Little(0, 8) + Little(offset, 4) + Little(40, 4) +
         Little(width, 4) + Little(height, 4) + Little(1, 2) +
         Little(depth, 2) + Little(compression, 4) + Little(0, 12) +
         Little(compression == 3 ? 0 : table.size() / 4, 4) + Little(0, 4) +
         table + rows;
}

const std::string kFourColours =
    FromHex("0a000000" "14150000" "1e1e1e00" "28292a00");

// An Exif block with one entry.
std::string Exif(bool big, int type, int count, int value) {
  if (!big) {
    return "II" + Little(42, 2) + Little(8, 4) + Little(1, 2) +
           Little(0x112, 2) + Little(type, 2) + Little(count, 4) +
           Little(value, 4);
  }
  return FromHex("4d4d002a00000008" "0001" "0112") + '\0' +
         static_cast<char>(type) + std::string(3, '\0') +
         static_cast<char>(count) + '\0' + static_cast<char>(value) +
         std::string(2, '\0');
}

int OrientationIn(const std::string& block) {
  return ExifOrientation(reinterpret_cast<const uint8_t*>(block.data()),
                         block.size());
}

std::string JpegWithExif(const Image& image, const std::string& block) {
  const std::vector<uint8_t> bytes = EncodeJpeg(image, 95);
  std::string file(bytes.begin(), bytes.end());
  const size_t size = block.size() + 8;
  file.insert(2, std::string("\xff\xe1") + static_cast<char>(size >> 8) +
                     static_cast<char>(size) +
                     std::string("Exif\0\0", 6) + block);
  return file;
}

// 3 x 2 pixels, the first red 10, green 20, blue 30; made by libwebp.
const char kWebp[] =
    "5249464648000000574542505650384c3b0000002f024000002fa0a88d14684f5e88c3bf"
    "196c9009586c2efd03a94641db364c1f846ee38f74f31fe0ffc18969ace7562010a08c15"
    "4b7c12d1ff382b00";
// The same behind an Exif block of orientation 6.
const char kTurnedWebp[] =
    "524946467c00000057454250565038580a00000008000000020000010000565038"
    "4c3b0000002f024000002fa0a88d14684f5e88c3bf196c9009586c2efd03a94641db364c"
    "1f846ee38f74f31fe0ffc18969ace7562010a08c154b7c12d1ff382b00455849461a0000"
    "004d4d002a00000008000101120003000000010006000000000000";
// The same as a PNG.
const char kTurnedPng[] =
    "89504e470d0a1a0a0000000d49484452000000030000000208020000001216f14d000000"
    "1a655849664d4d002a00000008000101120003000000010006000000000000d6674b6900"
    "00001c4944415478da63e012913b9162c4c0f09fe1ffffff8c4ccc9c1cec003c7b05b508"
    "a52dd70000000049454e44ae426082";
// 3 x 2 grays: 0 50 100, 150 200 250.
const char kGrayTiff[] =
    "49492a000800000009000001040001000000030000000101040001000000020000000201"
    "030001000000080000000301030001000000010000000601030001000000010000001101"
    "0400010000007a0000001601040001000000020000001701040001000000060000001c01"
    "030001000000010000000000000000326496c8fa";
// The colours of kWebp, in orientation 6.
const char kTurnedTiff[] =
    "49492a00080000000b000001040001000000030000000101040001000000020000000201"
    "030003000000920000000301030001000000010000000601030001000000020000001101"
    "040001000000980000001201030001000000060000001501030001000000030000001601"
    "0400010000000200000017010400010000001200000"
    "01c0103000100000001000000000000000800080008000a141ec864320000ffffffff0102"
    "03090807";

const Pixels kColours = {30, 20, 10, 50, 100, 200, 255, 0, 0,
                         255, 255, 255, 3, 2, 1, 7, 8, 9};
// Turned clockwise: its first row are the first pixels of the rows, from below.
const Pixels kTurnedColours = {255, 255, 255, 30, 20, 10, 3, 2, 1,
                               50, 100, 200, 7, 8, 9, 255, 0, 0};

}  // namespace

TEST(ImageFormatsTest, BmpOfEachKindReads) {
  EXPECT_EQ((Pixels{1, 2, 3, 4, 5, 6}),
            DecodeText(Bmp(2, 1, 24, 0, "", FromHex("0102030405060000")))
                .pixels);
  EXPECT_EQ((Pixels{1, 2, 3}),
            DecodeText(Bmp(1, 1, 32, 0, "", FromHex("01020304"))).pixels);
  // Rows come from below, unless the height is negative.
  const std::string rows = FromHex("0102030004050600");
  EXPECT_EQ((Pixels{4, 5, 6, 1, 2, 3}),
            DecodeText(Bmp(1, 2, 24, 0, "", rows)).pixels);
  EXPECT_EQ((Pixels{1, 2, 3, 4, 5, 6}),
            DecodeText(Bmp(1, -2, 24, 0, "", rows)).pixels);
  // Five bits a colour, and five, six, five.
  EXPECT_EQ((Pixels{0, 0, 255}),
            DecodeText(Bmp(1, 1, 16, 0, "", FromHex("007c0000"))).pixels);
  EXPECT_EQ((Pixels{0, 255, 0}),
            DecodeText(Bmp(1, 1, 16, 3, FromHex("00f80000e00700001f000000"),
                           FromHex("e0070000"))).pixels);
  EXPECT_EQ((Pixels{0x28, 0x29, 0x2a, 0x14, 0x15, 0}),
            DecodeText(Bmp(2, 1, 8, 0, kFourColours, FromHex("03010000")))
                .pixels);
  EXPECT_EQ((Pixels{0x28, 0x29, 0x2a, 0x14, 0x15, 0}),
            DecodeText(Bmp(2, 1, 4, 0, kFourColours, FromHex("31000000")))
                .pixels);
}

TEST(ImageFormatsTest, BmpWithAPaletteOfGraysIsGray) {
  const Image image = DecodeText(
      Bmp(3, 1, 1, 0, FromHex("0000000063636300"), FromHex("a0000000")));
  EXPECT_EQ(1, image.channels);
  EXPECT_EQ((Pixels{99, 0, 99}), image.pixels);
}

TEST(ImageFormatsTest, RunsOfABmpAreUnrolled) {
  // Below: twice 1; above, one pixel to the right: 2, 3.
  const std::string grays = FromHex("00000000010101000202020003030300");
  const std::string runs =
      FromHex("0201" "0000" "00020100" "0102" "0103" "0001");
  const Image image = DecodeText(Bmp(3, 2, 8, 1, grays, runs));
  EXPECT_EQ((Pixels{0, 2, 3, 1, 1, 0}), image.pixels);
  // Halves of bytes in turn, then three of them as they stand.
  EXPECT_EQ((Pixels{1, 2, 1, 3, 2, 1}),
            DecodeText(Bmp(6, 1, 4, 2, grays,
                           FromHex("0312" "00033210" "0001")))
                .pixels);
}

TEST(ImageFormatsTest, HostileBmpsAreRefused) {
  const auto error = [](const std::string& file) {
    return InputError([&] { DecodeText(file); });
  };
  ExpectHas(error("BM"), "broken BMP: its header ends at byte 18");
  ExpectHas(error(Bmp(2, 1, 24, 0, "", "")), "its last row ends at byte 62");
  ExpectHas(error(Bmp(2, 1, 8, 0, kFourColours, FromHex("04000000"))),
            "a pixel is colour 4 of a palette of 4");
  ExpectHas(error(Bmp(2, 1, 8, 1, kFourColours, FromHex("0301"))),
            "a run leaves the picture");
  ExpectHas(error(Bmp(2, 1, 8, 1, kFourColours, FromHex("0201"))),
            "a run ends at byte 74, the file at 72");
  ExpectHas(error(Bmp(2, 1, 7, 0, "", "")), "BMP has 7 bits a pixel");
  ExpectHas(error(Bmp(-2, 1, 24, 0, "", "")), "its width is -2");
  ExpectHas(error(Bmp(2, INT32_MIN, 24, 0, "", "")), "at most 67108864");
  ExpectHas(error(Bmp(0, 1, 24, 0, "", "")), "wanted at least 1 x 1");
  const std::string whole =
      Bmp(2, 2, 8, 0, kFourColours, FromHex("0001000002030000"));
  for (size_t size = 0; size < whole.size(); ++size) {
    EXPECT_THROW(DecodeText(whole.substr(0, size)), Error) << size;
  }
}

TEST(ImageFormatsTest, WebpReads) {
  if (!image_internal::kReadsWebp) {
    ExpectHas(InputError([] { DecodeText(FromHex(kWebp)); }),
              "is a WebP, which this build does not read: install");
    return;
  }
  ImageInfo info;
  EXPECT_EQ(kColours,
            DecodeText(FromHex(kWebp), kMaxImagePixels, &info).pixels);
  EXPECT_STREQ("WebP", info.format);
  EXPECT_EQ(kTurnedColours, DecodeText(FromHex(kTurnedWebp)).pixels);
  const std::string whole = FromHex(kWebp);
  for (size_t size = 0; size + 2 < whole.size(); ++size) {
    EXPECT_THROW(DecodeText(whole.substr(0, size)), Error) << size;
  }
}

TEST(ImageFormatsTest, AWebpsOrientationIsFoundBehindManyPixels) {
  if (!image_internal::kReadsWebp) return;
  // A chunk that no reader knows, between the pixels and the Exif block.
  std::string file = FromHex(kTurnedWebp);
  const size_t exif = file.find("EXIF");
  constexpr int kMore = 100000;
  file.insert(exif, "MORE" + Little(kMore, 4) + std::string(kMore, '\0'));
  file.replace(4, 4, Little(static_cast<uint32_t>(file.size() - 8), 4));
  ImageFolder folder;
  const std::string path = folder.Write("turned.webp", file);
  const ImageInfo info = ReadImageInfo(path, kMaxImagePixels);
  EXPECT_EQ(6, info.orientation);
  EXPECT_EQ(kTurnedColours, ReadImage(path).pixels);
}

TEST(ImageFormatsTest, TiffReads) {
  if (!image_internal::kReadsTiff) {
    ExpectHas(InputError([] { DecodeText(FromHex(kGrayTiff)); }),
              "is a TIFF, which this build does not read: install");
    return;
  }
  const Image gray = DecodeText(FromHex(kGrayTiff));
  EXPECT_EQ(1, gray.channels);
  EXPECT_EQ((Pixels{0, 50, 100, 150, 200, 250}), gray.pixels);
  const Image turned = DecodeText(FromHex(kTurnedTiff));
  EXPECT_EQ(3, turned.height);
  EXPECT_EQ(2, turned.width);
  EXPECT_EQ(kTurnedColours, turned.pixels);
  testing::internal::CaptureStderr();
  const std::string whole = FromHex(kGrayTiff);
  for (size_t size = 0; size < whole.size(); ++size) {
    EXPECT_THROW(DecodeText(whole.substr(0, size)), Error) << size;
  }
  EXPECT_EQ("", testing::internal::GetCapturedStderr());
}

// The eight ways to store one picture of 2 x 3, as Exif's tag counts them.
TEST(ImageFormatsTest, EachOrientationStandsUpright) {
  const Pixels upright = {1, 2, 3, 4, 5, 6};
  const std::array<Pixels, 8> stored = {
      Pixels{1, 2, 3, 4, 5, 6}, Pixels{3, 2, 1, 6, 5, 4},
      Pixels{6, 5, 4, 3, 2, 1}, Pixels{4, 5, 6, 1, 2, 3},
      Pixels{1, 4, 2, 5, 3, 6}, Pixels{3, 6, 2, 5, 1, 4},
      Pixels{6, 3, 5, 2, 4, 1}, Pixels{4, 1, 5, 2, 6, 3}};
  for (int orientation = 1; orientation <= 8; ++orientation) {
    const bool turned = orientation >= 5;
    Image image(turned ? 3 : 2, turned ? 2 : 3, 1);
    image.pixels = stored[orientation - 1];
    const Image seen = TurnUpright(image, orientation);
    EXPECT_EQ(2, seen.height) << orientation;
    EXPECT_EQ(3, seen.width) << orientation;
    EXPECT_EQ(upright, seen.pixels) << orientation;
  }
}

TEST(ImageFormatsTest, JpegOfAPhoneIsTurnedUpright) {
  Image lying(16, 32, 1);
  for (int h = 0; h < 16; ++h) {
    for (int w = 16; w < 32; ++w) lying.at(h, w, 0) = 200;
  }
  for (const bool big : {false, true}) {
    ImageInfo info;
    const Image seen = DecodeText(JpegWithExif(lying, Exif(big, 3, 1, 6)),
                                  kMaxImagePixels, &info);
    EXPECT_EQ(6, info.orientation);
    EXPECT_EQ(32, info.height);
    EXPECT_EQ(32, seen.height);
    EXPECT_EQ(16, seen.width);
    EXPECT_NEAR(0, seen.at(4, 8, 0), 4);
    EXPECT_NEAR(200, seen.at(28, 8, 0), 4);
  }
}

TEST(ImageFormatsTest, APngsExifIsFollowed) {
  EXPECT_EQ(kTurnedColours, DecodeText(FromHex(kTurnedPng)).pixels);
}

TEST(ImageFormatsTest, DamagedExifIsNoOrientation) {
  EXPECT_EQ(8, OrientationIn(Exif(false, 3, 1, 8)));
  EXPECT_EQ(8, OrientationIn(Exif(true, 3, 1, 8)));
  EXPECT_EQ(1, OrientationIn(Exif(false, 3, 1, 0)));
  EXPECT_EQ(1, OrientationIn(Exif(false, 3, 1, 9)));
  EXPECT_EQ(1, OrientationIn(Exif(false, 4, 1, 6)));
  EXPECT_EQ(1, OrientationIn(Exif(false, 3, 2, 6)));
  const std::string whole = Exif(false, 3, 1, 6);
  for (size_t size = 0; size < whole.size(); ++size) {
    EXPECT_EQ(1, OrientationIn(whole.substr(0, size))) << size;
  }
  std::string far = whole;
  far.replace(4, 4, "\xff\xff\xff\xff");
  EXPECT_EQ(1, OrientationIn(far));
  std::string many = whole;
  many.replace(8, 2, "\xff\xff");
  EXPECT_EQ(6, OrientationIn(many));
}

TEST(ImageFormatsTest, HeaderAloneTellsWhatThePixelsAre) {
  ImageFolder folder;
  const std::string exif = Exif(false, 3, 1, 5) + std::string(65000, ' ');
  const std::string path =
      folder.Write("long_header.jpg", JpegWithExif(Pattern(8, 16, 3), exif));
  const ImageInfo info = ReadImageInfo(path);
  EXPECT_STREQ("JPEG", info.format);
  EXPECT_EQ(16, info.height);
  EXPECT_EQ(8, info.width);
  EXPECT_EQ(3, info.channels);
  EXPECT_EQ(5, info.orientation);
  ExpectHas(InputError([&] { ReadImageInfo(folder.Write("a.png", "GIF8")); }),
            "a.png: is a GIF");
}

TEST(ImageFormatsTest, FewBytesCannotAskForAHugePicture) {
  const std::vector<uint8_t> bytes = EncodeJpeg(Pattern(8, 8, 1), 90);
  std::string file(bytes.begin(), bytes.end());
  const size_t frame = file.find("\xff\xc0");
  file.replace(frame + 5, 4, "\x1f\xff\x1f\xff");
  ExpectHas(InputError([&] { DecodeText(file); }),
            "JPEG header asks for 8191 x 8191 pixels, which a file of");
  ExpectHas(InputError([&] { DecodeText(file, 1000000); }),
            "at most 1000000 are read (max_pixels)");
}

}  // namespace caffe
