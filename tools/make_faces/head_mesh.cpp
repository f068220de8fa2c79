// Builds the scene's triangles. The head is an ellipsoid-like grid over
// longitude and latitude, finest at the face, onto whose front a relief (eyes,
// nose, lips, ...) is added along z; all other shapes are ellipsoids or tubes.
#include "tools/make_faces/head_mesh.hpp"

#include <cmath>

namespace faces {

namespace {

constexpr int kHeadRows = 76;
constexpr int kHeadColumns = 73;
constexpr float kHeadReach = 2.3f;  // longitude at the grid's left and right

// Where a grid goes and how it is turned.
struct Placement {
  Mat3 turn;
  Vec3 origin;
};

// Adds rows x columns vertices whose `paint` holds unturned positions: computes
// normals from neighbours, turns them into place and joins them to triangles.
// Rows run from top to bottom, columns from the viewer's left to right.
void AddGrid(int rows, int columns, std::vector<Vertex>* grid, Part part,
             const Placement& place, Mesh* mesh) {
  const int32_t first = static_cast<int32_t>(mesh->vertices.size());
  const auto at = [&](int i, int j) { return (*grid)[i * columns + j].paint; };
  for (int i = 0; i < rows; ++i) {
    for (int j = 0; j < columns; ++j) {
      Vertex& vertex = (*grid)[i * columns + j];
      const Vec3 down = at(i + 1 < rows ? i + 1 : i, j) - at(i ? i - 1 : i, j);
      const Vec3 right =
          at(i, j + 1 < columns ? j + 1 : j) - at(i, j ? j - 1 : j);
      const Vec3 normal = Normalize(Cross(down, right), {0.f, 1.f, 0.f});
      vertex.normal = place.turn * normal;
      vertex.position = place.turn * vertex.paint + place.origin;
      mesh->vertices.push_back(vertex);
    }
  }
  for (int i = 0; i + 1 < rows; ++i) {
    for (int j = 0; j + 1 < columns; ++j) {
      const int32_t a = first + i * columns + j;
      const int32_t b = a + columns;
      mesh->triangles.push_back({a, b, a + 1, part});
      mesh->triangles.push_back({a + 1, b, b + 1, part});
    }
  }
}

// An ellipsoid about `centre`, turned by `tilt` about itself, then placed.
void AddEllipsoid(Vec3 centre, Vec3 radii, const Mat3& tilt, int rows,
                  int columns, Part part, const Placement& place, Mesh* mesh) {
  std::vector<Vertex> grid(rows * columns);
  for (int i = 0; i < rows; ++i) {
    const float latitude = kPi * (0.5f - static_cast<float>(i) / (rows - 1));
    const float y = Sin(latitude), ring = Cos(latitude);
    for (int j = 0; j < columns; ++j) {
      const float turn = 2.f * j / (columns - 1) - 1.f;
      const float longitude = kPi * turn;
      const Vec3 p = {radii.x * ring * Sin(longitude), radii.y * y,
                      radii.z * ring * Cos(longitude)};
      grid[i * columns + j].paint = tilt * p + centre;
    }
  }
  AddGrid(rows, columns, &grid, part, place, mesh);
}

// The nose's height over the face at (x, y).
float NoseRelief(const Face& f, float x, float y) {
  const float tip_y = f.eye_y - f.nose_length;
  const float t = (f.eye_y + 0.08f - y) / (f.nose_length + 0.08f);
  if (t < -0.3f || t > 1.25f) return 0.f;
  const float down = Clamp(t, 0.f, 1.f);
  const float width = Mix(f.nose_ridge_w, f.nose_w, down * down) * 1.25f;
  float height = Mix(f.nose_bridge, f.nose_tip, down);
  if (t < 0.f) height *= SmoothStep(-0.3f, 0.f, t);
  if (t > 1.f) height *= 1.f - SmoothStep(1.f, 1.25f, t);
  float z = height * Bump(Square(x / width));
  const float side = std::fabs(x) - f.nose_w * 0.82f;
  z += 0.4f * f.nose_tip * Bump(side, y - tip_y - 0.01f, 0.085f, 0.085f);
  z += 0.12f * f.nose_tip * Bump(x, y - tip_y - 0.02f, 0.10f, 0.09f);
  return z;
}

// Lips, the muzzle they sit on, the groove below and the chin.
float MouthRelief(const Face& f, float x, float y) {
  if (y > f.mouth_y + 0.3f) return 0.f;
  const float bend = f.mouth_corner * Square(x / f.mouth_w);
  const float from = y - f.mouth_y - bend;
  const float half = 0.5f * f.gap;
  float z = 0.06f * Bump(x, from, 0.36f, 0.27f);
  z += 0.060f * Bump(x, from - half - f.lip_up, f.mouth_w * 1.05f,
                     f.lip_up * 2.f + 0.02f);
  z += 0.075f * Bump(x, from + half + f.lip_low, f.mouth_w * 0.95f,
                     f.lip_low * 1.8f + 0.02f);
  z -= 0.035f * Bump(x, from, f.mouth_w * 1.1f, 0.03f + half);
  z -= 0.04f * Bump(x, from + 2.f * f.lip_low + 0.09f + half, 0.25f, 0.07f);
  z += (0.05f + f.chin_out) * Bump(x, y + 0.86f + f.gap, 0.26f, 0.2f);
  return z;
}

// The height of the face's features over the plain head at (x, y).
float Relief(const Face& f, float x, float y) {
  const float ax = std::fabs(x);
  const float ex = ax - f.eye_dx, ey = y - f.eye_y;
  float z = -f.eye_deep * Bump(ex + 0.02f, ey, 0.27f, 0.20f);
  z += 0.055f * Bump(ex, ey, f.eye_w * 1.15f, f.eye_w * 0.85f);
  z += (0.02f + f.brow_ridge) *
       Bump(ax - 0.24f, ey - f.brow_y - 0.02f, 0.32f, 0.13f);
  z += f.cheek * Bump(ax - 0.46f, ey + 0.27f, 0.30f, 0.22f);
  z -= f.hollow * Bump(ax - 0.46f, y - f.mouth_y - 0.05f, 0.20f, 0.28f);
  const float fold = ax - f.nose_w - 0.12f - 0.25f * (f.eye_y - 0.36f - y);
  z -= (0.012f + 0.02f * f.fold + 0.02f * (f.smile > 0.f ? f.smile : 0.f)) *
       Bump(fold, y - f.mouth_y - 0.12f, 0.05f, 0.2f);
  return z + NoseRelief(f, x, y) + MouthRelief(f, x, y);
}

// How far above the hairline a point is, in latitude's sine; over 0: hair.
float AboveHairline(const Face& f, float longitude, float v) {
  const float a = std::fabs(longitude);
  float line = f.hair_line;
  switch (f.style) {
    case HairStyle::kShort:
      line -= f.hair_peak * Bump(Square(longitude / 0.3f));
      break;
    case HairStyle::kFringe:
      line = 0.40f + 0.3f * (f.hair_line - 0.64f) -
             f.hair_peak * Square(longitude - f.hair_part * 0.5f) +
             0.03f * Noise(longitude * 9.f, 0.f, f.seed);
      break;
    case HairStyle::kSwept:
      line -= 0.13f;
      line += 0.30f * Bump(Square((longitude - f.hair_part) / 0.55f)) -
              0.14f * f.hair_part * longitude;
      break;
    case HairStyle::kReceding:
      line += 0.06f + 0.18f * Bump(Square((a - 0.62f) / 0.5f)) - f.hair_peak;
      break;
    case HairStyle::kBald:
      line = 1.6f;
      break;
    case HairStyle::kShaved:
      return -1.f;
  }
  line = Mix(line, f.hair_side, SmoothStep(0.92f, 1.30f, a));
  line = Mix(line, -0.60f, SmoothStep(1.72f, 1.95f, a));
  const float above = v - line;
  if (f.style != HairStyle::kBald) return above;
  return above < 0.55f - v ? above : 0.55f - v;
}

// An angle with its sine and cosine, which a grid computes once a line.
struct Turn {
  explicit Turn(float angle) : angle(angle), sin(Sin(angle)), cos(Cos(angle)) {}
  float angle, sin, cos;
};

// The plain head without relief or hair at a longitude and a latitude.
Vec3 Skull(const Face& f, const Turn& longitude, const Turn& latitude) {
  const float v = latitude.sin, ring = latitude.cos;
  const float s = longitude.sin, c = longitude.cos;
  float widen = 1.f + f.jaw * Bump(Square((v + 0.62f) / 0.5f)) +
                f.chin * Bump(Square((v + 0.90f) / 0.32f));
  widen *= 1.f + 0.06f * Bump(Square((v - 0.35f) / 0.7f));
  const float v2 = v * v;
  // The face is flatter from forehead to chin than a sphere is.
  const float flat = std::sqrt(v < 0.f ? 1.f - v2 * v2 * v2 : 1.f - v2 * v2);
  const float front = Mix(ring, flat, SmoothStep(0.f, 0.7f, c));
  const float square = 1.f + f.square * 4.f * s * s * c * c;
  const float slope = v > 0.f ? 1.f + f.forehead * v : 1.f;
  return {f.width * ring * widen * square * s, v > 0.f ? 1.08f * v : 1.03f * v,
          f.depth * front * square * slope * c};
}

Vertex HeadVertex(const Face& f, const Turn& across, const Turn& latitude) {
  Vertex vertex = {};
  Vec3 p = Skull(f, across, latitude);
  const float longitude = across.angle, v = latitude.sin;
  const float front = SmoothStep(0.05f, 0.45f, across.cos);
  if (front > 0.f) p.z += front * Relief(f, p.x, p.y);
  if (p.y < f.mouth_y) {  // an open mouth takes the jaw down with it
    p.y -= 0.6f * f.gap * SmoothStep(f.mouth_y, f.mouth_y - 0.3f, p.y);
  }
  const float above = AboveHairline(f, longitude, v);
  vertex.hair = Clamp(0.5f + above / 0.08f, -1.f, 2.f);
  const float grown = SmoothStep(0.f, 0.14f, above);
  if (grown > 0.f) {
    const float wave = 1.f + 0.18f * Noise(longitude * 5.f, v * 5.f, f.seed);
    const float part = f.style == HairStyle::kSwept
        ? 1.f - 0.6f * Bump(Square((longitude - f.hair_part) / 0.25f)) : 1.f;
    const float bulk = f.style == HairStyle::kReceding ? 0.5f : 1.f;
    const float crown = 0.4f + 0.6f * Clamp(v, 0.f, 1.f);
    const float thick = f.hair_volume * bulk * crown;
    const Vec3 away = Normalize({p.x, p.y - 0.1f, p.z * 0.8f});
    p = p + away * (grown * thick * wave * part);
  }
  vertex.paint = p;
  return vertex;
}

void AddHead(const Face& f, const Placement& place, Mesh* mesh) {
  std::vector<Turn> longitudes;
  for (int j = 0; j < kHeadColumns; ++j) {
    const float s = 2.f * j / (kHeadColumns - 1) - 1.f;
    longitudes.emplace_back(kHeadReach * (0.6f * s + 0.4f * s * s * s));
  }
  std::vector<Vertex> grid(kHeadRows * kHeadColumns);
  for (int i = 0; i < kHeadRows; ++i) {
    const Turn latitude(kPi * (0.5f - static_cast<float>(i) / (kHeadRows - 1)));
    for (int j = 0; j < kHeadColumns; ++j) {
      grid[i * kHeadColumns + j] = HeadVertex(f, longitudes[j], latitude);
    }
  }
  AddGrid(kHeadRows, kHeadColumns, &grid, Part::kHead, place, mesh);
}

void AddEars(const Face& f, const Placement& place, Mesh* mesh) {
  for (int side = -1; side <= 1; side += 2) {
    const Vec3 centre = {side * (f.width + 0.4f * f.ear_out), f.eye_y - 0.14f,
                         -0.10f};
    const Vec3 radii = {0.05f + 0.3f * f.ear_out, f.ear_size, 0.12f};
    const Mat3 tilt = Rotation(side * (0.4f + 3.f * f.ear_out), 0.f,
                               -side * 0.12f);
    AddEllipsoid(centre, radii, tilt, 11, 13, Part::kEar, place, mesh);
  }
}

// One half of a mantle of hair from the temple to behind the head; `side` is
// -1 or 1. It hangs straight below the ears and tapers at its end.
void AddHairPanel(const Face& f, int side, const Placement& place,
                  Mesh* mesh) {
  constexpr int kRows = 22, kColumns = 10;
  std::vector<Vertex> grid(kRows * kColumns);
  const float open = Mix(1.22f, 0.98f, f.hair_lock);
  const float thick = 0.11f + 0.65f * f.hair_volume;
  for (int i = 0; i < kRows; ++i) {
    const float down = static_cast<float>(i) / (kRows - 1);
    const float y = Mix(0.86f, -f.hair_length, down);
    const float ring = y > 0.f ? std::sqrt(1.f - Square(y / 1.12f)) : 1.f;
    const float taper = 1.f - 0.35f * SmoothStep(0.75f, 1.f, down);
    const float sway = 1.f + 0.04f * Sin(5.f * y + 6.f * f.hair_part);
    for (int j = 0; j < kColumns; ++j) {
      const float t = static_cast<float>(j) / (kColumns - 1);
      const float in = side > 0 ? t : 1.f - t;  // 0 at the open edge
      const float around = Mix(open, 2.7f, in);
      const float lift = (1.f - Square(Square(1.f - in))) * thick;
      const float radius = ring * taper * sway;
      grid[i * kColumns + j].paint = {
          side * (f.width * 1.03f + lift) * radius * Sin(around), y,
          (f.depth + lift) * radius * Cos(around) - 0.04f};
    }
  }
  AddGrid(kRows, kColumns, &grid, Part::kLongHair, place, mesh);
}

void AddLongHair(const Face& f, const Placement& place, Mesh* mesh) {
  if (f.hair_length == 0.f) return;
  const float top = 0.98f + f.hair_volume;
  const float half = 0.5f * (top + f.hair_length);
  AddEllipsoid({0.f, top - half, -0.45f},
               {f.width + 0.05f + 0.5f * f.hair_volume, half, 0.42f},
               Rotation(0.f, 0.f, 0.f), 21, 25, Part::kLongHair, place, mesh);
  AddHairPanel(f, -1, place, mesh);
  AddHairPanel(f, 1, place, mesh);
}

void AddBody(const Face& f, const Shot& shot, Mesh* mesh) {
  const Placement place = {
      Rotation(0.3f * shot.yaw, 0.2f * shot.pitch, 0.2f * shot.roll), {}};
  const Mat3 straight = Rotation(0.f, 0.f, 0.f);
  const float neck = 0.62f * f.width;
  AddEllipsoid({0.f, -1.15f, -0.16f}, {neck, 0.95f, 0.42f}, straight, 17, 21,
               Part::kNeck, place, mesh);
  AddEllipsoid({0.f, -1.95f, -0.25f}, {1.55f, 0.66f, 0.6f}, straight, 15, 25,
               Part::kShirt, place, mesh);
}

// A closed tube around a rounded rectangle in front of one eye.
void AddRim(const Face& f, float side, float w, float h, float rim,
            const Placement& place, Mesh* mesh) {
  constexpr int kAround = 33, kTube = 5;
  std::vector<Vertex> grid(kTube * kAround);
  for (int j = 0; j < kAround; ++j) {
    const float angle = -2.f * kPi * j / (kAround - 1);
    const float c = Cos(angle), s = Sin(angle);
    const float square = 1.f + 0.5f * f.glasses_square * 4.f * s * s * c * c *
                                   0.5f;
    const Vec3 centre = {side * f.eye_dx * 1.04f + w * c * square,
                         f.eye_y - 0.02f + h * s * square, 0.f};
    const float back = 0.30f * Square(centre.x) + 0.06f;
    for (int i = 0; i < kTube; ++i) {
      const float around = 2.f * kPi * i / (kTube - 1);
      const float out = rim * Cos(around);
      grid[i * kAround + j].paint = {
          centre.x + out * c, centre.y + out * s,
          f.depth + 0.16f - back + rim * Sin(around)};
    }
  }
  AddGrid(kTube, kAround, &grid, Part::kRim, place, mesh);
}

void AddGlasses(const Face& f, bool dark, const Placement& place, Mesh* mesh) {
  const float w = f.glasses_w, h = f.glasses_w * f.glasses_h;
  const Mat3 straight = Rotation(0.f, 0.f, 0.f);
  for (int side = -1; side <= 1; side += 2) {
    AddRim(f, side, w, h, f.glasses_rim, place, mesh);
    const float x = side * f.eye_dx * 1.04f;
    const float z = f.depth + 0.10f - 0.30f * x * x;
    if (dark) {
      AddEllipsoid({x, f.eye_y - 0.02f, z}, {w, h, 0.03f},
                   Rotation(side * 0.22f, 0.f, 0.f), 13, 17, Part::kLens, place,
                   mesh);
    }
    const float hinge = side * (f.eye_dx * 1.04f + w);
    AddEllipsoid({0.5f * (hinge + side * f.width), f.eye_y + 0.03f, 0.36f},
                 {f.glasses_rim, f.glasses_rim, 0.42f},
                 Rotation(-side * 0.22f, 0.f, 0.f), 7, 7, Part::kRim, place,
                 mesh);
  }
  const float half = f.eye_dx * 1.04f - w;
  AddEllipsoid({0.f, f.eye_y + 0.02f, f.depth + 0.12f},
               {half > 0.02f ? half * 1.2f : 0.03f, f.glasses_rim,
                f.glasses_rim},
               straight, 7, 9, Part::kRim, place, mesh);
}

void AddHand(const Shot& shot, Mesh* mesh) {
  const auto& r = shot.hide;
  const float side = r[0] < 0.5f ? -1.f : 1.f;
  const float lean = side * Mix(0.15f, 0.9f, r[1]);
  const Placement place = {Rotation(0.f, 0.f, lean),
                           {side * Mix(0.25f, 0.65f, r[2]),
                            Mix(-0.75f, 0.05f, r[3]), 1.12f}};
  const Mat3 straight = Rotation(0.f, 0.f, 0.f);
  AddEllipsoid({0.f, -0.32f, 0.f}, {0.27f, 0.34f, 0.10f}, straight, 13, 17,
               Part::kHand, place, mesh);
  for (int finger = 0; finger < 4; ++finger) {
    const float x = -0.21f + 0.14f * finger;
    const float length = 0.29f - 0.035f * Square(finger - 1.4f);
    AddEllipsoid({x, 0.02f + 0.55f * length, 0.02f}, {0.075f, length, 0.075f},
                 Rotation(0.f, 0.f, (1.5f - finger) * 0.07f), 11, 11,
                 Part::kHand, place, mesh);
  }
}

void AddOccluder(const Face& f, const Shot& shot, const Placement& head,
                 Mesh* mesh) {
  const auto& r = shot.hide;
  const Mat3 straight = Rotation(0.f, 0.f, 0.f);
  if (shot.occluder == Occluder::kScarf) {
    const float top = Mix(f.mouth_y - 0.12f, f.mouth_y + 0.14f, r[0]);
    const float half = 0.5f * (top + 2.1f);
    AddEllipsoid({0.f, top - half, 0.02f},
                 {f.width + 0.10f, half, f.depth + 0.26f},
                 Rotation(0.f, 0.f, Mix(-0.12f, 0.12f, r[1])), 19, 33,
                 Part::kScarf, head, mesh);
  } else if (shot.occluder == Occluder::kHand) {
    AddHand(shot, mesh);
  } else if (shot.occluder == Occluder::kHat) {
    const float low = Mix(0.34f, 0.52f, r[0]);
    const float high = 1.30f + 0.5f * f.hair_volume;
    const float wide = f.width + 0.12f + 0.8f * f.hair_volume;
    AddEllipsoid({0.f, 0.5f * (low + high), -0.05f},
                 {wide, 0.5f * (high - low) + 0.16f,
                  f.depth + 0.10f + 0.8f * f.hair_volume},
                 straight, 17, 29, Part::kHat, head, mesh);
    if (r[1] < 0.6f) {  // a brim
      AddEllipsoid({0.f, low + 0.04f, r[2] < 0.5f ? 0.55f : 0.f},
                   {wide + 0.05f, 0.035f, f.depth + 0.22f},
                   Rotation(0.f, 0.10f, 0.f), 9, 29, Part::kHat, head, mesh);
    }
  }
}

}  // namespace

Face WearExpression(const Identity& identity, const Shot& shot) {
  Face face;
  static_cast<Identity&>(face) = identity;
  face.smile = shot.smile;
  face.gaze_x = shot.gaze_x;
  face.gaze_y = shot.gaze_y;
  face.gap = 0.19f * shot.open;
  face.mouth_w *= 1.f + 0.20f * shot.smile - 0.12f * shot.open;
  face.mouth_corner += 0.055f * shot.smile;
  face.cheek += shot.smile > 0.f ? 0.04f * shot.smile : 0.f;
  face.brow_y += 0.045f * shot.brow_raise;
  face.brow_tilt += shot.brow_raise < 0.f ? -0.05f * shot.brow_raise : 0.f;
  face.eye_h *= (1.f - 0.9f * shot.squint) *
                (1.f - 0.15f * (shot.smile > 0.f ? shot.smile : 0.f)) *
                (1.f + 0.12f * shot.brow_raise);
  return face;
}

Mesh BuildScene(const Face& face, const Shot& shot) {
  Mesh mesh;
  mesh.vertices.reserve(9000);
  mesh.triangles.reserve(17000);
  const Placement head = {Rotation(shot.yaw, shot.pitch, shot.roll), {}};
  AddHead(face, head, &mesh);
  AddEars(face, head, &mesh);
  AddLongHair(face, head, &mesh);
  AddBody(face, shot, &mesh);
  if (shot.glasses) {
    AddGlasses(face, shot.occluder == Occluder::kShades, head, &mesh);
  }
  AddOccluder(face, shot, head, &mesh);
  return mesh;
}

}  // namespace faces
