// Small pictures in a temporary folder.
#include "test/data/image_files.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <fstream>

namespace caffe {

std::string ImageFolder::operator/(const std::string& name) const {
  const std::filesystem::path full = std::filesystem::path(path()) / name;
  std::filesystem::create_directories(full.parent_path());
  return full.string();
}

std::string ImageFolder::Write(const std::string& name,
                               const std::string& text) const {
  const std::string full = *this / name;
  std::ofstream(full, std::ios::binary) << text;
  return full;
}

std::string ImageFolder::WriteFlat(const std::string& name, int height,
                                   int width, int channels, int value) const {
  Image image(height, width, channels);
  for (uint8_t& pixel : image.pixels) pixel = static_cast<uint8_t>(value);
  const std::string full = *this / name;
  WriteImage(full, image);
  return full;
}

Image Pattern(int height, int width, int channels) {
  Image image(height, width, channels);
  for (size_t i = 0; i < image.pixels.size(); ++i) {
    image.pixels[i] = static_cast<uint8_t>((i * 37 + i / 7 * 11 + 5) % 256);
  }
  return image;
}

std::string FromHex(const std::string& hex) {
  std::string bytes;
  for (size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
  }
  return bytes;
}

std::string InputError(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    EXPECT_EQ(Error::kInput, error.kind()) << error.what();
    return error.what();
  }
  ADD_FAILURE() << "nothing was thrown";
  return "";
}

void ExpectHas(const std::string& text, const std::string& part) {
  EXPECT_NE(text.find(part), std::string::npos)
      << "wanted: " << part << "\nin: " << text;
}

}  // namespace caffe
