// Renders one grey picture of one made-up person: the front door of this
// folder. The same arguments give the same bytes on each machine, from any
// thread; a picture never depends on how many others are made.
#ifndef TERCET_TOOLS_MAKE_FACES_FACE_RENDERER_HPP_
#define TERCET_TOOLS_MAKE_FACES_FACE_RENDERER_HPP_

#include <cstdint>
#include <vector>

#include "tools/make_faces/face_params.hpp"

namespace faces {

constexpr int kMinSize = 16;
constexpr int kMaxSize = 1024;

// size x size bytes, row-major, the top row first. Requires kMinSize <= size <=
// kMaxSize.
std::vector<uint8_t> RenderFace(const Identity& identity, const Shot& shot,
                                int size);

// The picture `image` (from 1) of `person` (from 1) in the set of `seed`.
std::vector<uint8_t> RenderFace(uint64_t seed, int person, int image, int size);

}  // namespace faces

#endif  // TERCET_TOOLS_MAKE_FACES_FACE_RENDERER_HPP_
