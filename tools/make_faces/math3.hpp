// Small vector arithmetic for the face renderer. Everything here is built from
// + - * / sqrt and floor, which IEEE 754 rounds alike on each machine; sines
// come from a polynomial of our own, because libm's last bit differs between
// versions. Compile users of this file with -ffp-contract=off (the build does).
// What is drawn with it is the business of the other files of this folder.
#ifndef TERCET_TOOLS_MAKE_FACES_MATH3_HPP_
#define TERCET_TOOLS_MAKE_FACES_MATH3_HPP_

#include <cmath>
#include <cstdint>

namespace faces {

constexpr float kPi = 3.14159265f;

inline float Clamp(float x, float lo, float hi) {
  return x < lo ? lo : (x > hi ? hi : x);
}
inline float Mix(float a, float b, float t) { return a + (b - a) * t; }
inline float Square(float x) { return x * x; }

// 0 below lo, 1 above hi, a smooth cubic between (also for lo > hi).
inline float SmoothStep(float lo, float hi, float x) {
  const float t = Clamp((x - lo) / (hi - lo), 0.f, 1.f);
  return t * t * (3.f - 2.f * t);
}

// A hill of height 1 at r2 = 0 that ends at r2 = 1; r2 is a squared radius.
inline float Bump(float r2) {
  return r2 < 1.f ? (1.f - r2) * (1.f - r2) : 0.f;
}
inline float Bump(float x, float y, float rx, float ry) {
  if (std::fabs(x) >= rx || std::fabs(y) >= ry) return 0.f;
  return Bump(Square(x / rx) + Square(y / ry));
}

// Reduces to [-pi/2, pi/2], then Taylor's polynomial; error below 1e-6.
inline float Sin(float angle) {
  constexpr double kTwoPi = 6.283185307179586;
  double x = angle - kTwoPi * std::floor(angle * (1. / kTwoPi) + 0.5);
  if (x > 0.25 * kTwoPi) x = 0.5 * kTwoPi - x;
  if (x < -0.25 * kTwoPi) x = -0.5 * kTwoPi - x;
  const double y = x * x;
  const double series =
      1. - y * (1. / 6) *
               (1. - y * (1. / 20) *
                         (1. - y * (1. / 42) *
                                   (1. - y * (1. / 72) *
                                             (1. - y * (1. / 110)))));
  return static_cast<float>(x * series);
}
inline float Cos(float angle) { return Sin(angle + 0.5f * kPi); }

struct Vec3 {
  float x, y, z;
};
inline Vec3 operator+(Vec3 a, Vec3 b) {
  return {a.x + b.x, a.y + b.y, a.z + b.z};
}
inline Vec3 operator-(Vec3 a, Vec3 b) {
  return {a.x - b.x, a.y - b.y, a.z - b.z};
}
inline Vec3 operator*(Vec3 a, float s) { return {a.x * s, a.y * s, a.z * s}; }
inline float Dot(Vec3 a, Vec3 b) { return a.x * b.x + a.y * b.y + a.z * b.z; }
inline Vec3 Cross(Vec3 a, Vec3 b) {
  return {a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x};
}
// The unit vector along v; where v is almost 0, `otherwise`.
inline Vec3 Normalize(Vec3 v, Vec3 otherwise = {0.f, 0.f, 1.f}) {
  const float length2 = Dot(v, v);
  if (length2 < 1e-16f) return otherwise;
  return v * (1.f / std::sqrt(length2));
}

// A rotation, by rows.
struct Mat3 {
  Vec3 r0, r1, r2;
  Vec3 operator*(Vec3 v) const { return {Dot(r0, v), Dot(r1, v), Dot(r2, v)}; }
};
// Turns about y (yaw), then x (pitch), then z (roll); angles in radians. A
// positive yaw turns the face to the viewer's right, a positive pitch up.
inline Mat3 Rotation(float yaw, float pitch, float roll) {
  const float cy = Cos(yaw), sy = Sin(yaw);
  const float cp = Cos(pitch), sp = Sin(pitch);
  const float cr = Cos(roll), sr = Sin(roll);
  const Vec3 a = {cy, 0.f, sy};
  const Vec3 b = {-sp * sy, cp, sp * cy};
  const Vec3 c = {-cp * sy, -sp, cp * cy};
  return {a * cr - b * sr, a * sr + b * cr, c};
}

// A hash of three integers, uniform in [0, 1).
inline float Hash(int32_t x, int32_t y, uint32_t seed) {
  uint32_t h = static_cast<uint32_t>(x) * 0x9E3779B1u ^
               static_cast<uint32_t>(y) * 0x85EBCA77u ^ seed * 0xC2B2AE3Du;
  h = (h ^ (h >> 15)) * 0x2C1B3C6Du;
  h = (h ^ (h >> 12)) * 0x297A2D39u;
  h ^= h >> 15;
  return static_cast<float>(h >> 8) * (1.f / 16777216.f);
}

// Smooth noise in [-1, 1] with one random value at each integer point.
inline float Noise(float x, float y, uint32_t seed) {
  const float fx = std::floor(x), fy = std::floor(y);
  const int32_t ix = static_cast<int32_t>(fx), iy = static_cast<int32_t>(fy);
  const float u = SmoothStep(0.f, 1.f, x - fx);
  const float v = SmoothStep(0.f, 1.f, y - fy);
  const float top = Mix(Hash(ix, iy, seed), Hash(ix + 1, iy, seed), u);
  const float low = Mix(Hash(ix, iy + 1, seed), Hash(ix + 1, iy + 1, seed), u);
  return 2.f * Mix(top, low, v) - 1.f;
}

}  // namespace faces

#endif  // TERCET_TOOLS_MAKE_FACES_MATH3_HPP_
