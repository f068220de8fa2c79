// Draws the numbers of face_params.hpp. The ranges are what makes people look
// unlike one another and pictures of one person unlike in their pixels; change
// them only together with the measured error rate of test_face_renderer.cpp.
#include "tools/make_faces/face_params.hpp"

#include "caffe/util/rng.hpp"

namespace faces {

namespace {

using caffe::Rng;

// One stream of random numbers for each (person, image); image 0 is the person.
Rng StreamOf(uint64_t seed, int person, int image) {
  return Rng(seed, (static_cast<uint64_t>(person) << 32) |
                       static_cast<uint32_t>(image));
}

float In(Rng* rng, float lo, float hi) {
  return lo + (hi - lo) * static_cast<float>(rng->Uniform());
}

// Bell-shaped about `mean`, never further than 2 * `spread` from it.
float About(Rng* rng, float mean, float spread) {
  const float sum = In(rng, -1.f, 1.f) + In(rng, -1.f, 1.f);
  return mean + spread * sum;
}

bool Chance(Rng* rng, float p) { return In(rng, 0.f, 1.f) < p; }

void DrawSkull(Rng* rng, Identity* id) {
  id->width = About(rng, 0.73f, 0.055f);
  id->depth = About(rng, 0.86f, 0.03f);
  id->jaw = About(rng, 0.04f, 0.11f);
  id->chin = About(rng, 0.10f, 0.20f);
  id->chin_out = About(rng, 0.06f, 0.04f);
  id->square = In(rng, 0.f, 0.10f);
  id->forehead = About(rng, 0.f, 0.05f);
  id->cheek = In(rng, 0.f, 0.08f);
  id->hollow = In(rng, 0.f, 0.06f);
}

void DrawEyes(Rng* rng, Identity* id) {
  id->eye_dx = About(rng, 0.30f, 0.033f);
  id->eye_y = About(rng, 0.03f, 0.045f);
  id->eye_w = About(rng, 0.150f, 0.016f);
  id->eye_h = About(rng, 0.46f, 0.085f);
  id->eye_tilt = About(rng, 0.06f, 0.10f);
  id->eye_deep = In(rng, 0.04f, 0.13f);
  id->iris = Chance(rng, 0.6f) ? In(rng, 0.02f, 0.08f) : In(rng, 0.12f, 0.4f);
  id->lash = In(rng, 0.3f, 1.f);
  id->brow_y = About(rng, 0.215f, 0.036f);
  id->brow_w = About(rng, 0.20f, 0.025f);
  id->brow_thick = In(rng, 0.016f, 0.066f);
  id->brow_arch = In(rng, 0.0f, 0.09f);
  id->brow_tilt = About(rng, 0.0f, 0.045f);
  id->brow_strength = In(rng, 0.45f, 1.f);
  id->brow_ridge = In(rng, 0.f, 0.07f);
}

void DrawNoseMouthEars(Rng* rng, Identity* id) {
  id->nose_length = About(rng, 0.43f, 0.06f);
  id->nose_w = About(rng, 0.135f, 0.026f);
  id->nose_bridge = In(rng, 0.02f, 0.10f);
  id->nose_tip = In(rng, 0.15f, 0.27f);
  id->nose_ridge_w = In(rng, 0.07f, 0.115f);
  id->mouth_y = id->eye_y - id->nose_length - About(rng, 0.200f, 0.025f);
  id->mouth_w = About(rng, 0.25f, 0.035f);
  id->lip_up = In(rng, 0.020f, 0.060f);
  id->lip_low = In(rng, 0.030f, 0.080f);
  id->lip_dark = In(rng, 0.10f, 0.48f);
  id->mouth_corner = About(rng, 0.f, 0.02f);
  id->ear_size = In(rng, 0.15f, 0.24f);
  id->ear_out = In(rng, 0.02f, 0.11f);
}

void DrawHair(Rng* rng, Identity* id) {
  const float kind = In(rng, 0.f, 1.f);
  id->style = kind < 0.32f   ? HairStyle::kShort
              : kind < 0.54f ? HairStyle::kFringe
              : kind < 0.76f ? HairStyle::kSwept
              : kind < 0.87f ? HairStyle::kReceding
              : kind < 0.94f ? HairStyle::kBald
                             : HairStyle::kShaved;
  const float shade = In(rng, 0.f, 1.f);
  id->hair_tone = shade < 0.5f    ? In(rng, 0.010f, 0.045f)
                  : shade < 0.78f ? In(rng, 0.05f, 0.16f)
                                  : In(rng, 0.2f, 0.5f);
  id->hair_line = In(rng, 0.46f, 0.78f);
  id->hair_peak = Chance(rng, 0.4f) ? In(rng, 0.04f, 0.14f) : 0.f;
  id->hair_volume = In(rng, 0.04f, 0.24f);
  id->hair_side = In(rng, -0.30f, 0.15f);
  id->hair_part = In(rng, -0.8f, 0.8f);
  id->hair_streak = In(rng, 0.15f, 0.5f);
  const bool can_be_long = id->style == HairStyle::kShort ||
                           id->style == HairStyle::kFringe ||
                           id->style == HairStyle::kSwept;
  const bool is_long = Chance(rng, 0.5f);
  const float length = In(rng, 0.5f, 1.5f);
  const float lock = In(rng, 0.f, 1.f);
  id->hair_length = can_be_long && is_long ? length : 0.f;
  id->hair_lock = can_be_long && is_long ? lock : 0.f;
}

void DrawSpots(Rng* rng, Identity* id) {
  const int freckles =
      Chance(rng, 0.3f) ? 20 + static_cast<int>(In(rng, 0.f, 40.f)) : 0;
  const float freckle_strength = In(rng, 0.2f, 0.5f);
  for (int i = 0; i < freckles; ++i) {
    Spot spot;
    spot.x = About(rng, 0.f, 0.24f);
    spot.y = id->eye_y + About(rng, -0.27f, 0.10f);
    spot.rx = spot.ry = In(rng, 0.015f, 0.035f);
    spot.strength = freckle_strength;
    id->spots.push_back(spot);
  }
  const int moles = static_cast<int>(In(rng, 0.f, 3.6f));
  for (int i = 0; i < moles; ++i) {
    Spot spot;
    spot.x = In(rng, -0.52f, 0.52f);
    spot.y = In(rng, -0.80f, 0.50f);
    spot.rx = spot.ry = In(rng, 0.028f, 0.055f);
    spot.strength = In(rng, 0.5f, 0.9f);
    id->spots.push_back(spot);
  }
  if (Chance(rng, 0.16f)) {  // a birthmark, or a patch without pigment
    Spot spot;
    spot.x = In(rng, -0.5f, 0.5f);
    spot.y = In(rng, -0.6f, 0.5f);
    spot.rx = In(rng, 0.10f, 0.24f);
    spot.ry = In(rng, 0.10f, 0.24f);
    spot.strength = Chance(rng, 0.6f) ? In(rng, 0.3f, 0.6f) : -0.4f;
    id->spots.push_back(spot);
  }
}

void DrawSkin(Rng* rng, Identity* id) {
  const float shade = In(rng, 0.f, 1.f);
  id->skin = Mix(0.15f, 0.66f, shade);
  id->blush = In(rng, 0.f, 0.25f);
  id->under_eye = In(rng, 0.f, 0.35f);
  id->fold = Chance(rng, 0.4f) ? In(rng, 0.3f, 1.f) : 0.f;
  id->mottle = In(rng, 0.02f, 0.08f);
  const bool bearded = id->hair_length == 0.f && Chance(rng, 0.42f);
  const float kind = In(rng, 0.f, 1.f);
  const float density = In(rng, 0.25f, 1.f);
  id->beard = bearded && kind < 0.7f ? density : 0.f;
  id->moustache = bearded && (kind < 0.5f || kind > 0.7f) ? density : 0.f;
  id->wears_glasses = Chance(rng, 0.2f);
  id->glasses_w = In(rng, 0.20f, 0.265f);
  id->glasses_h = In(rng, 0.62f, 0.95f);
  id->glasses_rim = In(rng, 0.010f, 0.026f);
  id->glasses_square = In(rng, 0.f, 1.f);
  id->glasses_tone = Chance(rng, 0.7f) ? In(rng, 0.005f, 0.05f) : 0.45f;
}

void DrawLight(Rng* rng, Shot* shot) {
  const float azimuth = About(rng, 0.f, 0.62f);
  const float elevation = About(rng, 0.22f, 0.34f);
  shot->key = {Sin(azimuth) * Cos(elevation), Sin(elevation),
               Cos(azimuth) * Cos(elevation)};
  shot->fill = Normalize({-shot->key.x + In(rng, -0.5f, 0.5f),
                          In(rng, -0.3f, 0.6f), In(rng, 0.2f, 0.9f)});
  shot->key_strength = In(rng, 0.7f, 1.25f);
  shot->fill_strength = Square(In(rng, 0.f, 0.62f));
  shot->ambient = In(rng, 0.14f, 0.40f);
}

void DrawExpression(Rng* rng, Shot* shot) {
  const bool neutral = Chance(rng, 0.35f);
  const float smile = In(rng, -0.5f, 1.f);
  const float open = Square(In(rng, 0.f, 1.f)) * 0.8f;
  shot->smile = neutral ? 0.f : smile;
  shot->open = neutral ? 0.f : open;
  shot->brow_raise = neutral ? 0.f : In(rng, -0.8f, 1.f);
  shot->squint = Chance(rng, 0.06f) ? 0.95f : In(rng, 0.f, 0.35f);
  shot->gaze_x = About(rng, 0.f, 0.35f);
  shot->gaze_y = About(rng, 0.f, 0.2f);
}

void DrawOccluder(Rng* rng, const Identity& identity, Shot* shot) {
  const float kind = In(rng, 0.f, 1.f);
  shot->occluder = kind < 0.80f   ? Occluder::kNone
                   : kind < 0.835f ? Occluder::kBlock
                   : kind < 0.87f ? Occluder::kScarf
                   : kind < 0.905f ? Occluder::kHand
                   : kind < 0.94f ? Occluder::kStrand
                   : kind < 0.975f ? Occluder::kHat
                                  : Occluder::kShades;
  for (float& value : shot->hide) value = In(rng, 0.f, 1.f);
  shot->glasses = Chance(rng, identity.wears_glasses ? 0.8f : 0.05f);
  if (shot->occluder == Occluder::kShades) shot->glasses = true;
}

void DrawScene(Rng* rng, Shot* shot) {
  shot->back_a = Square(In(rng, 0.05f, 0.95f));
  shot->back_b = Square(In(rng, 0.05f, 0.95f));
  shot->back_angle = In(rng, -kPi, kPi);
  shot->back_texture = In(rng, 0.f, 0.5f);
  shot->back_shapes = static_cast<int>(In(rng, 0.f, 5.f));
  shot->shirt = Square(In(rng, 0.1f, 0.9f));
  shot->gain = In(rng, 0.8f, 1.3f);
  shot->lift = In(rng, 0.f, 0.06f);
  shot->blur = Chance(rng, 0.2f) ? In(rng, 0.5f, 0.8f) : In(rng, 0.2f, 0.5f);
  shot->noise = Square(In(rng, 0.06f, 0.16f));
}

}  // namespace

Identity DrawIdentity(uint64_t seed, int person) {
  Rng rng = StreamOf(seed, person, 0);
  Identity identity = {};
  identity.seed = rng.Uint32();
  DrawSkull(&rng, &identity);
  DrawEyes(&rng, &identity);
  DrawNoseMouthEars(&rng, &identity);
  DrawHair(&rng, &identity);
  DrawSkin(&rng, &identity);
  DrawSpots(&rng, &identity);
  return identity;
}

Shot DrawShot(uint64_t seed, int person, int image, const Identity& identity) {
  Rng rng = StreamOf(seed, person, image);
  Shot shot = {};
  shot.seed = rng.Uint32();
  shot.yaw = About(&rng, 0.f, 0.20f);
  shot.pitch = About(&rng, 0.f, 0.10f);
  shot.roll = About(&rng, 0.f, 0.08f);
  shot.shift_x = About(&rng, 0.f, 0.028f);
  shot.shift_y = About(&rng, -0.01f, 0.028f);
  shot.scale = About(&rng, 0.41f, 0.025f);
  DrawLight(&rng, &shot);
  DrawExpression(&rng, &shot);
  DrawOccluder(&rng, identity, &shot);
  DrawScene(&rng, &shot);
  return shot;
}

}  // namespace faces
