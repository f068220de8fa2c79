// What a rendered picture depends on, in numbers: an Identity (shape and
// colours of one head, the same in all pictures of a person) and a Shot (pose,
// light, expression, what hides the face, background, camera: new in each
// picture). Drawing them from a seed happens here; making a picture of them is
// face_renderer.hpp.
//
// Units: the head is about 2 high and 1.4 wide, its centre at the origin; x to
// the viewer's right, y up, z towards the viewer. Angles are in radians, tones
// in [0, 1] are linear reflectances.
#ifndef TERCET_TOOLS_MAKE_FACES_FACE_PARAMS_HPP_
#define TERCET_TOOLS_MAKE_FACES_FACE_PARAMS_HPP_

#include <array>
#include <cstdint>
#include <vector>

#include "tools/make_faces/math3.hpp"

namespace faces {

struct Spot {  // a freckle, a mole or a mark on the skin
  float x, y, rx, ry, strength;  // strength > 0 darkens, < 0 lightens
};

enum class HairStyle { kShort, kFringe, kSwept, kReceding, kBald, kShaved };

struct Identity {
  uint32_t seed;  // of the identity's own textures
  // Skull.
  float width, depth, jaw, chin, chin_out, square, forehead, cheek, hollow;
  // Eyes and brows.
  float eye_dx, eye_y, eye_w, eye_h, eye_tilt, eye_deep, iris, lash;
  float brow_y, brow_w, brow_thick, brow_arch, brow_tilt, brow_strength;
  float brow_ridge;
  // Nose, mouth and ears.
  float nose_length, nose_w, nose_bridge, nose_tip, nose_ridge_w;
  float mouth_y, mouth_w, lip_up, lip_low, lip_dark, mouth_corner;
  float ear_size, ear_out;
  // Hair.
  HairStyle style;
  float hair_tone, hair_line, hair_peak, hair_volume, hair_side;
  float hair_part, hair_streak;
  float hair_length;  // how far long hair falls below the centre; 0: none
  float hair_lock;    // how much of the cheeks long hair covers, 0 to 1
  // Skin.
  float skin, blush, under_eye, fold, mottle;
  float beard, moustache;  // 0: none, 1: full
  std::vector<Spot> spots;
  // Glasses of those who wear them.
  bool wears_glasses;
  float glasses_w, glasses_h, glasses_rim, glasses_square, glasses_tone;
};

enum class Occluder { kNone, kBlock, kScarf, kHand, kStrand, kHat, kShades };

struct Shot {
  uint32_t seed;  // of the picture's own textures and noise
  // Pose; shift and scale relative to the picture's side.
  float yaw, pitch, roll, shift_x, shift_y, scale;
  // Light: a key light that casts shadows, a fill light that does not.
  Vec3 key, fill;
  float key_strength, fill_strength, ambient;
  // Expression, 0 to 1 unless said.
  float smile;  // -0.6 (sad) to 1
  float open, brow_raise /* -1 to 1 */, squint, gaze_x, gaze_y /* -1 to 1 */;
  // What hides the face.
  Occluder occluder;
  std::array<float, 6> hide;  // in [0, 1): the occluder's place, size, tone...
  bool glasses;
  // Behind the head, and what is worn.
  float back_a, back_b, back_angle, back_texture, shirt;
  int back_shapes;
  // Camera: gain, contrast, blur in pixels of a 64-pixel picture, noise.
  float gain, lift, blur, noise;
};

// Both are functions of their arguments alone: asking for more people or more
// pictures never changes earlier ones. Numbers start at 1.
Identity DrawIdentity(uint64_t seed, int person);
Shot DrawShot(uint64_t seed, int person, int image, const Identity& identity);

}  // namespace faces

#endif  // TERCET_TOOLS_MAKE_FACES_FACE_PARAMS_HPP_
