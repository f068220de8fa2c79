// A plain z-buffer: each front-facing triangle visits the samples of its
// bounding box.
#include "tools/make_faces/raster.hpp"

#include <cmath>

namespace faces {

namespace {

constexpr float kFar = -1e9f;
constexpr float kEye = 7.f;  // the camera's distance from the head's centre
constexpr int kShadowSide = 112;
constexpr float kShadowReach = 1.9f;  // half the width that the map covers
constexpr float kShadowBias = 0.03f;

// Calls visit(row, column, weight_b, weight_c, depth) for each sample centre
// that triangle a, b, c covers; z holds depth, larger is nearer.
template <typename Visit>
void Cover(Vec3 a, Vec3 b, Vec3 c, int side, const Visit& visit) {
  const float area = (b.x - a.x) * (c.y - a.y) - (c.x - a.x) * (b.y - a.y);
  if (!(area > 1e-9f)) return;
  const auto low = [](float p, float q, float r) {
    return p < q ? (p < r ? p : r) : (q < r ? q : r);
  };
  const auto high = [](float p, float q, float r) {
    return p > q ? (p > r ? p : r) : (q > r ? q : r);
  };
  const float top = static_cast<float>(side - 1);
  const int x0 = static_cast<int>(
      std::ceil(Clamp(low(a.x, b.x, c.x), 0.f, top)));
  const int y0 = static_cast<int>(
      std::ceil(Clamp(low(a.y, b.y, c.y), 0.f, top)));
  const int x1 = static_cast<int>(Clamp(high(a.x, b.x, c.x), -1.f, top) + 1.f);
  const int y1 = static_cast<int>(Clamp(high(a.y, b.y, c.y), -1.f, top) + 1.f);
  const float inverse = 1.f / area;
  for (int y = y0; y < y1; ++y) {
    for (int x = x0; x < x1; ++x) {
      const float px = x - a.x, py = y - a.y;
      const float wb = (px * (c.y - a.y) - (c.x - a.x) * py) * inverse;
      const float wc = ((b.x - a.x) * py - px * (b.y - a.y)) * inverse;
      if (wb < 0.f || wc < 0.f || wb + wc > 1.f) continue;
      visit(y, x, wb, wc, a.z + wb * (b.z - a.z) + wc * (c.z - a.z));
    }
  }
}

}  // namespace

std::vector<Sample> Rasterize(const Mesh& mesh, const Camera& camera,
                              int side) {
  std::vector<Vec3> seen(mesh.vertices.size());
  for (size_t i = 0; i < seen.size(); ++i) {
    const Vec3 p = mesh.vertices[i].position;
    const float scale = camera.scale * kEye / (kEye - p.z);
    // Bottom-up rows keep the corners' order; they are flipped on writing.
    seen[i] = {side * (0.5f + camera.shift_x + scale * p.x) - 0.5f,
               side * (0.5f + camera.shift_y + scale * p.y) - 0.5f, p.z};
  }
  std::vector<Sample> samples(side * side, Sample{-1, 0.f, 0.f});
  std::vector<float> nearest(side * side, kFar);
  for (size_t t = 0; t < mesh.triangles.size(); ++t) {
    const Triangle& triangle = mesh.triangles[t];
    Cover(seen[triangle.a], seen[triangle.b], seen[triangle.c], side,
          [&](int y, int x, float b, float c, float depth) {
            const int at = (side - 1 - y) * side + x;
            if (depth <= nearest[at]) return;
            nearest[at] = depth;
            samples[at] = {static_cast<int32_t>(t), b, c};
          });
  }
  return samples;
}

ShadowMap::ShadowMap(const Mesh& mesh, Vec3 towards)
    : towards_(towards), depth_(kShadowSide * kShadowSide, kFar) {
  const Vec3 helper = std::fabs(towards.y) < 0.9f ? Vec3{0.f, 1.f, 0.f}
                                                  : Vec3{1.f, 0.f, 0.f};
  right_ = Normalize(Cross(helper, towards));
  up_ = Cross(towards, right_);
  constexpr float kScale = 0.5f * kShadowSide / kShadowReach;
  std::vector<Vec3> seen(mesh.vertices.size());
  for (size_t i = 0; i < seen.size(); ++i) {
    const Vec3 p = mesh.vertices[i].position;
    seen[i] = {(Dot(p, right_) + kShadowReach) * kScale - 0.5f,
               (Dot(p, up_) + kShadowReach) * kScale - 0.5f, Dot(p, towards)};
  }
  for (const Triangle& triangle : mesh.triangles) {
    Cover(seen[triangle.a], seen[triangle.b], seen[triangle.c], kShadowSide,
          [&](int y, int x, float, float, float depth) {
            float* cell = &depth_[y * kShadowSide + x];
            if (depth > *cell) *cell = depth;
          });
  }
}

float ShadowMap::Light(Vec3 point) const {
  constexpr float kScale = 0.5f * kShadowSide / kShadowReach;
  const float x = (Dot(point, right_) + kShadowReach) * kScale - 0.5f;
  const float y = (Dot(point, up_) + kShadowReach) * kScale - 0.5f;
  const int ix = static_cast<int>(std::floor(x));
  const int iy = static_cast<int>(std::floor(y));
  if (ix < 0 || iy < 0 || ix + 1 >= kShadowSide || iy + 1 >= kShadowSide) {
    return 1.f;
  }
  const float depth = Dot(point, towards_) + kShadowBias;
  const float* cell = &depth_[iy * kShadowSide + ix];
  const auto lit = [depth](float blocker) {
    return 1.f - SmoothStep(0.f, 0.08f, blocker - depth);
  };
  const float u = x - ix, v = y - iy;
  return Mix(Mix(lit(cell[0]), lit(cell[1]), u),
             Mix(lit(cell[kShadowSide]), lit(cell[kShadowSide + 1]), u), v);
}

}  // namespace faces
