// What the tests of images, lists and data layers share: a folder that is
// gone after the test, small pictures to put in it, and the text of an Error.
#ifndef TERCET_TEST_DATA_IMAGE_FILES_HPP_
#define TERCET_TEST_DATA_IMAGE_FILES_HPP_

#include <functional>
#include <string>

#include "caffe/check.hpp"
#include "test/data/shared_data.hpp"
#include "data/image.hpp"

namespace caffe {

// A temporary folder with ways to put files in it.
class ImageFolder : public TempFolder {
 public:
  // The path of `name` in the folder; makes the folders on the way.
  std::string operator/(const std::string& name) const;
  // Returns the path.
  std::string Write(const std::string& name, const std::string& text) const;
  // A picture of one value. Returns its path.
  std::string WriteFlat(const std::string& name, int height, int width,
                        int channels, int value) const;
};

// A picture whose pixels all differ from their neighbours.
Image Pattern(int height, int width, int channels);

// The bytes that two digits each stand for.
std::string FromHex(const std::string& hex);

// The message of the Error(kInput) that `call` throws; a failure otherwise.
std::string InputError(const std::function<void()>& call);

// Both must be strings; prints both where `text` lacks `part`.
void ExpectHas(const std::string& text, const std::string& part);

}  // namespace caffe

#endif  // TERCET_TEST_DATA_IMAGE_FILES_HPP_
