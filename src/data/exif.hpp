// How a camera was held, as Exif notes it, and a picture turned so that it
// stands upright. Where the note lies in a file is the decoders'.
#ifndef TERCET_DATA_EXIF_HPP_
#define TERCET_DATA_EXIF_HPP_

#include <cstddef>
#include <cstdint>

#include "data/image.hpp"

namespace caffe {

// The orientation, 1 to 8, in the first directory of an Exif block, which
// begins with its byte order (II or MM). 1, upright, where there is none, and
// for anything that is no such block: a damaged note is no damaged picture.
int ExifOrientation(const uint8_t* bytes, size_t size);

// The picture as it should be seen, from the rows as they are stored; 1 to 8
// are Exif's. From 5 on height and width change places.
Image TurnUpright(const Image& stored, int orientation);
inline bool ChangesSides(int orientation) { return orientation >= 5; }

}  // namespace caffe

#endif  // TERCET_DATA_EXIF_HPP_
