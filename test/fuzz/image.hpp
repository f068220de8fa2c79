#ifndef TERCET_TEST_FUZZ_IMAGE_HPP_
#define TERCET_TEST_FUZZ_IMAGE_HPP_

// What the fuzz targets of image formats share: the header alone, then the
// pixels, which are turned as the header says.

#include <cstddef>
#include <cstdint>

#include "data/exif.hpp"
#include "data/image_formats.hpp"
#include "test/fuzz/input.hpp"

namespace caffe {

inline void MayRefuseImage(Image (*decode)(const image_internal::Input&,
                                           ImageInfo*),
                           const uint8_t* bytes, size_t size) {
  for (const bool pixels : {false, true}) {
    MayRefuse([&] {
      ImageInfo info;
      const Image image =
          decode({bytes, size, size, kMaxImagePixels, pixels}, &info);
      if (pixels) TurnUpright(image, info.orientation);
    });
  }
}

}  // namespace caffe

#endif  // TERCET_TEST_FUZZ_IMAGE_HPP_
