// What a camera sees of a mesh: for each sample of a square picture, the
// triangle in front and the place within it. Also the shadow map: the same seen
// from the light, depth only. Knows nothing of colours.
#ifndef TERCET_TOOLS_MAKE_FACES_RASTER_HPP_
#define TERCET_TOOLS_MAKE_FACES_RASTER_HPP_

#include <cstdint>
#include <vector>

#include "tools/make_faces/head_mesh.hpp"
#include "tools/make_faces/math3.hpp"

namespace faces {

struct Sample {
  int32_t triangle;  // -1: nothing there
  float b, c;        // weights of the triangle's second and third corner
};

// Projects with a little perspective: `scale` is the side of the picture that
// one unit at z = 0 covers, `shift_*` moves the centre (in sides, y up).
struct Camera {
  float scale, shift_x, shift_y;
};

// side x side samples, row-major, the top row first.
std::vector<Sample> Rasterize(const Mesh& mesh, const Camera& camera, int side);

// How much of a directional light gets to a point.
class ShadowMap {
 public:
  // `towards` is the unit vector to the light.
  ShadowMap(const Mesh& mesh, Vec3 towards);
  // 0 in full shadow, 1 in full light, between at the shadow's edge.
  float Light(Vec3 point) const;

 private:
  Vec3 right_, up_, towards_;
  std::vector<float> depth_;
};

}  // namespace faces

#endif  // TERCET_TOOLS_MAKE_FACES_RASTER_HPP_
