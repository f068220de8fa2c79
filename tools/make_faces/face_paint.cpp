// Paints by layers, the lower first: skin, marks, shade of hollows, beard,
// lips, nostrils, brows, eyes, hair.
#include "tools/make_faces/face_paint.hpp"

#include <cmath>

namespace faces {

namespace {

float Over(float below, float tone, float cover) {
  return Mix(below, tone, Clamp(cover, 0.f, 1.f));
}

// 1 where `inside` is positive, 0 where negative, smooth over `soft`.
float Edge(float inside, float soft) {
  return SmoothStep(-soft, soft, inside);
}

float SkinTone(const Face& f, Vec3 p) {
  float tone = f.skin;
  tone *= 1.f + f.mottle * Noise(p.x * 7.f, p.y * 7.f, f.seed + 1) +
          0.5f * f.mottle * Noise(p.x * 17.f, p.y * 17.f, f.seed + 2);
  for (const Spot& spot : f.spots) {
    const float dx = p.x - spot.x, dy = p.y - spot.y;
    if (std::fabs(dx) > spot.rx || std::fabs(dy) > spot.ry) continue;
    const float cover = 1.f - Square(1.f - Bump(dx, dy, spot.rx, spot.ry));
    tone *= 1.f - spot.strength * cover;
  }
  const float ax = std::fabs(p.x);
  tone *= 1.f - f.blush * Bump(ax - 0.40f, p.y - f.eye_y + 0.32f, 0.25f, 0.2f);
  return tone;
}

// Creases and hollows that get little light from anywhere.
float Hollows(const Face& f, Vec3 p) {
  const float ax = std::fabs(p.x);
  const float ex = ax - f.eye_dx, ey = p.y - f.eye_y;
  const float nose_y = f.eye_y - f.nose_length;
  float shade = 1.f;
  shade *= 1.f - (0.15f + 1.6f * f.eye_deep) *
                     Bump(ex + 0.07f, ey - 0.02f, 0.22f, 0.15f);
  shade *= 1.f - f.under_eye * Bump(ex + 0.02f, ey + 0.12f, 0.16f, 0.07f);
  const float below = p.y - nose_y;
  shade *= 1.f - 0.12f * Bump(p.x, below + 0.08f, f.nose_w * 1.6f, 0.07f);
  shade *= 1.f - 0.30f * Bump(ax - f.nose_w * 1.15f, below - 0.01f, 0.045f,
                              0.08f);
  shade *= 1.f - 0.22f * Bump(p.x, p.y - f.mouth_y + 0.12f + 1.6f * f.lip_low +
                                       f.gap, 0.22f, 0.06f);
  const float laugh = f.fold + 0.7f * (f.smile > 0.f ? f.smile : 0.f);
  if (laugh > 0.f) {
    const float along = nose_y + 0.02f - p.y;
    const float line = ax - f.nose_w - 0.06f - 0.45f * along;
    shade *= 1.f - 0.30f * Clamp(laugh, 0.f, 1.f) *
                       Bump(line, along - 0.13f, 0.035f, 0.16f);
  }
  if (f.fold > 0.f && p.y > 0.3f) {  // lines of the forehead
    const float wave = std::fabs(p.y - 0.46f - 0.02f * Cos(7.f * p.x));
    const float line = std::fabs(wave - 0.05f);
    shade *= 1.f - 0.18f * f.fold * Bump(line, p.x, 0.02f, 0.4f);
  }
  return shade;
}

float WithBeard(const Face& f, Vec3 p, float tone) {
  if (f.beard == 0.f && f.moustache == 0.f) return tone;
  const float grain = 0.85f + 0.15f * Noise(p.x * 30.f, p.y * 30.f, f.seed + 3);
  const float hair = Mix(f.skin, f.hair_tone, 0.85f);
  const float ax = std::fabs(p.x);
  float cover = 0.f;
  if (f.beard > 0.f) {
    const float line = f.mouth_y + 0.03f + 0.35f * SmoothStep(0.25f, 0.68f, ax);
    const float jaw = Edge(line - p.y, 0.06f);
    const float lips = Bump(p.x, p.y - f.mouth_y, f.mouth_w * 1.25f, 0.17f);
    const float patch = Bump(p.x, p.y - f.mouth_y + 0.15f, 0.07f, 0.09f);
    cover = jaw * (1.f - SmoothStep(0.1f, 0.5f, lips));
    if (patch > cover) cover = patch;
    cover *= f.beard;
  }
  if (f.moustache > 0.f) {
    const float reach = Square(p.x / (f.mouth_w * 1.55f));
    const float y = p.y - f.mouth_y - 0.095f + 0.10f * reach;
    const float lip = f.moustache * SmoothStep(1.f, 0.8f, reach) *
                      SmoothStep(0.075f, 0.035f, std::fabs(y));
    if (lip > cover) cover = lip;
  }
  return Over(tone, hair, 0.9f * cover * grain);
}

Surface WithMouth(const Face& f, Vec3 p, float soft, Surface below) {
  const float u = p.x / f.mouth_w;
  if (u * u >= 1.3f || std::fabs(p.y - f.mouth_y) > 0.4f) return below;
  const float taper = u * u < 1.f ? 1.f - u * u : 0.f;
  const float middle = f.mouth_y + f.mouth_corner * (2.f * u * u - 0.7f);
  const float half = 0.5f * f.gap * taper;
  const float from = p.y - middle;
  const float bow = 1.f - 0.28f * Bump(Square(u / 0.28f));
  const float up = half + 2.f * f.lip_up * std::sqrt(taper) * bow;
  const float low = half + 2.f * f.lip_low * std::sqrt(taper);
  const float lips = Edge(up - from, soft) * Edge(low + from, soft) *
                     Edge(1.f - std::fabs(u), soft * 4.f);
  const float shade = from > half ? 0.82f : 1.f;
  below.albedo =
      Over(below.albedo, f.skin * (1.f - f.lip_dark) * shade, lips * 0.9f);
  below.gloss += 0.25f * lips * (from < 0.f ? 1.f : 0.3f);
  const float seam = 0.012f + half;
  const float inside = Edge(seam - std::fabs(from), soft * 0.7f) *
                       Edge(1.02f - std::fabs(u), soft * 4.f);
  float dark = f.skin * 0.16f;
  if (f.gap > 0.04f) {
    const float teeth = Edge(from + half * 0.15f, soft) *
                        SmoothStep(0.95f, 0.6f, std::fabs(u));
    dark = Mix(0.02f, 0.55f, teeth * Clamp(0.3f + f.smile, 0.f, 1.f));
  }
  below.albedo = Over(below.albedo, dark, inside * 0.9f);
  return below;
}

float WithBrows(const Face& f, Vec3 p, float soft, float tone) {
  const float along = (std::fabs(p.x) - f.eye_dx - 0.02f) / f.brow_w;
  if (along * along >= 1.f) return tone;
  const float line = f.eye_y + f.brow_y + f.brow_tilt * along +
                     f.brow_arch * (0.6f - Square(along - 0.25f)) -
                     0.5f * f.brow_arch;
  const float thin = SmoothStep(0.f, 1.f, along);
  const float thick = f.brow_thick * (1.f - 0.55f * thin);
  const float inside = thick - std::fabs(p.y - line);
  const float ends = SmoothStep(1.f, 0.8f, std::fabs(along));
  float hair = Mix(f.hair_tone, 0.25f * f.skin, 0.45f);
  if (hair > 0.5f * f.skin) hair = 0.5f * f.skin;
  return Over(tone, hair, f.brow_strength * ends * Edge(inside, soft + 0.006f));
}

Surface WithEyes(const Face& f, Vec3 p, float soft, Surface below) {
  const float side = p.x < 0.f ? -1.f : 1.f;
  const float u = (std::fabs(p.x) - f.eye_dx) / f.eye_w;  // 1: outer corner
  const float v = (p.y - f.eye_y) / f.eye_w - f.eye_tilt * u;
  if (u * u >= 1.7f || v * v >= 1.5f) return below;
  const float edge = soft / f.eye_w;
  const float bow = u * u < 1.f ? 1.f - u * u : 0.f;
  const float upper = 1.15f * f.eye_h * bow * (1.f + 0.2f * u) + 0.02f;
  const float lower = -0.75f * f.eye_h * bow;
  const float open = Edge(upper - v, edge) * Edge(v - lower, edge) *
                     SmoothStep(1.02f, 0.92f, std::fabs(u));
  float tone = Mix(0.50f, 0.9f * f.skin, 0.3f) * (1.f - 0.35f * Square(u)) *
               (1.f - 0.4f * SmoothStep(upper - 0.25f, upper, v));
  const float gx = u - side * 0.45f * f.gaze_x;
  const float gy = v - 0.3f * f.gaze_y - 0.04f;
  const float r = std::sqrt(gx * gx + gy * gy);
  const float ring = SmoothStep(0.30f, 0.42f, r);
  tone = Over(tone, f.iris * (1.f - 0.6f * ring), Edge(0.43f - r, edge));
  tone = Over(tone, 0.008f, Edge(0.19f - r, edge));
  const float glint = Bump(side * gx + 0.13f, gy - 0.15f, 0.16f, 0.16f);
  tone = Over(tone, 1.1f, 1.5f * glint);
  below.albedo = Over(below.albedo, tone, open);
  below.gloss = Over(below.gloss, 0.05f, open);
  const float lid = std::fabs(v - upper) / (0.08f + 0.10f * f.lash);
  const float lash = Bump(lid * lid) * SmoothStep(1.15f, 0.95f, std::fabs(u));
  below.albedo = Over(below.albedo, 0.05f * f.skin,
                      lash * (0.5f + 0.4f * f.lash));
  const float under = Bump(Square((v - lower) / 0.12f)) * bow;
  below.albedo *= 1.f - 0.35f * under;
  const float crease = Bump(Square((v - upper - 0.33f) / 0.12f)) * bow;
  below.albedo *= 1.f - 0.35f * crease;
  return below;
}

float HairTone(const Face& f, Vec3 p) {
  const float turn = p.x / (0.35f + std::fabs(p.z));
  const float strand = Noise(turn * 16.f + p.x * 6.f, p.y * 2.2f, f.seed + 4) +
                       0.6f * Noise(turn * 37.f, p.y * 3.f, f.seed + 5);
  return f.hair_tone * (1.f + f.hair_streak * strand);
}

Surface PaintHead(const Face& f, Vec3 p, float hair, float soft) {
  Surface surface = {SkinTone(f, p), 0.10f};
  if (p.z > 0.f) {
    surface.albedo *= Hollows(f, p);
    surface.albedo = WithBeard(f, p, surface.albedo);
    surface = WithMouth(f, p, soft, surface);
    const float nostril =
        Bump(std::fabs(p.x) - 0.5f * f.nose_w,
             p.y - f.eye_y + f.nose_length + 0.035f, 0.042f, 0.030f);
    surface.albedo *= 1.f - 0.6f * SmoothStep(0.f, 0.5f, nostril);
    surface.albedo = WithBrows(f, p, soft, surface.albedo);
    surface = WithEyes(f, p, soft, surface);
  }
  if (hair > 0.f) {
    const float ragged = 0.25f * Noise(p.x * 14.f, p.y * 6.f, f.seed + 6);
    const float cover = SmoothStep(0.3f, 0.75f, hair + ragged);
    surface.albedo *= 1.f - 0.25f * SmoothStep(0.f, 0.3f, hair);
    surface.albedo = Over(surface.albedo, HairTone(f, p), cover);
    surface.gloss = Over(surface.gloss, 0.3f, cover);
  } else if (f.style == HairStyle::kShaved) {
    const float scalp = SmoothStep(0.45f, 0.75f, p.y - 0.2f * p.z);
    surface.albedo *= 1.f - 0.25f * scalp * (1.f - f.hair_tone);
  }
  return surface;
}

float Wool(const Shot& shot, Vec3 p) {
  const float base = Mix(0.03f, 0.6f, Square(shot.hide[4]));
  const float stripe = Sin(p.y * Mix(14.f, 40.f, shot.hide[3]) + 3.f * p.x *
                           (shot.hide[5] - 0.5f));
  return base * (1.f + 0.35f * (shot.hide[5] > 0.4f ? stripe : 0.f));
}

}  // namespace

Surface Paint(const Face& face, const Shot& shot, Part part, Vec3 at,
              float hair, float soft) {
  switch (part) {
    case Part::kHead:
      return PaintHead(face, at, hair, soft);
    case Part::kEar: {
      const float inner = Bump(at.y - face.eye_y + 0.12f, at.z + 0.04f,
                               face.ear_size * 0.75f, 0.09f);
      return {face.skin * (1.f - 0.35f * inner), 0.08f};
    }
    case Part::kNeck: {
      const float beard = face.beard * SmoothStep(-1.30f, -1.0f, at.y);
      return {Mix(face.skin * 0.92f, face.hair_tone, 0.5f * beard), 0.05f};
    }
    case Part::kLongHair:
      return {HairTone(face, at), 0.3f};
    case Part::kShirt:
      return {shot.shirt, 0.02f};
    case Part::kRim:
      return {face.glasses_tone, 0.5f};
    case Part::kLens:
      return {0.015f, 0.7f};
    case Part::kScarf:
    case Part::kHat:
      return {Wool(shot, at), 0.02f};
    case Part::kHand:
      return {face.skin * 0.95f, 0.08f};
  }
  return {0.f, 0.f};
}

}  // namespace faces
