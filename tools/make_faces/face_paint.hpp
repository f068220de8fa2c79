// The colour (one grey tone) of each point of the scene: skin with its marks,
// eyes, brows, lips, beard, hair, clothes. Light and shadow are not its
// business: a point has the same colour in the dark.
#ifndef TERCET_TOOLS_MAKE_FACES_FACE_PAINT_HPP_
#define TERCET_TOOLS_MAKE_FACES_FACE_PAINT_HPP_

#include "tools/make_faces/head_mesh.hpp"
#include "tools/make_faces/math3.hpp"

namespace faces {

struct Surface {
  float albedo;  // linear reflectance, 0 to 1
  float gloss;   // strength of the highlight
};

// The surface of `part` at `at` (Vertex::paint) with Vertex::hair there. `soft`
// is the width, in head units, over which painted edges are smoothed.
Surface Paint(const Face& face, const Shot& shot, Part part, Vec3 at,
              float hair, float soft);

}  // namespace faces

#endif  // TERCET_TOOLS_MAKE_FACES_FACE_PAINT_HPP_
