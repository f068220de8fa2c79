// The shapes of a picture as triangles: head with its relief and short hair,
// ears, neck, long hair, clothes, and the things that hide a face. Colours are
// face_paint.hpp's business; what is seen of the triangles is raster.hpp's.
#ifndef TERCET_TOOLS_MAKE_FACES_HEAD_MESH_HPP_
#define TERCET_TOOLS_MAKE_FACES_HEAD_MESH_HPP_

#include <cstdint>
#include <vector>

#include "tools/make_faces/face_params.hpp"
#include "tools/make_faces/math3.hpp"

namespace faces {

enum class Part : uint8_t {
  kHead, kEar, kNeck, kLongHair, kShirt, kRim, kLens, kScarf, kHand, kHat
};

struct Vertex {
  Vec3 position;  // turned as the picture shows it
  Vec3 normal;    // unit length, turned likewise
  Vec3 paint;     // where on the unturned head it sits: what colours depend on
  float hair;     // on the head: over 0.5 where hair grows
};

struct Triangle {
  int32_t a, b, c;  // counter-clockwise seen from outside
  Part part;
};

struct Mesh {
  std::vector<Vertex> vertices;
  std::vector<Triangle> triangles;
};

// An identity that wears an expression: Identity's numbers moved by the Shot's.
struct Face : Identity {
  float gap;  // the height of the open mouth
  float smile, gaze_x, gaze_y;
};

Face WearExpression(const Identity& identity, const Shot& shot);

// Everything that stands in the scene, turned to the shot's pose.
Mesh BuildScene(const Face& face, const Shot& shot);

}  // namespace faces

#endif  // TERCET_TOOLS_MAKE_FACES_HEAD_MESH_HPP_
