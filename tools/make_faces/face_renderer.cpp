// Lights what the camera sees, sets it before a background, covers it with
// what hides it, and takes the picture: 2 x 2 samples a pixel, blur, gain,
// tone curve, noise, bytes.
#include "tools/make_faces/face_renderer.hpp"

#include <cmath>

#include "caffe/util/rng.hpp"
#include "tools/make_faces/face_paint.hpp"
#include "tools/make_faces/head_mesh.hpp"
#include "tools/make_faces/raster.hpp"

namespace faces {

namespace {

constexpr int kOver = 2;  // samples a pixel along each side

using Image = std::vector<float>;  // linear light, row-major

// The direction in which a mirror would send a light to the camera.
Vec3 Halfway(Vec3 towards) {
  return Normalize(towards + Vec3{0.f, 0.f, 1.f});
}

float Highlight(Vec3 normal, Vec3 halfway) {
  const float c = Clamp(Dot(normal, halfway), 0.f, 1.f);
  const float c4 = Square(Square(c));
  return Square(Square(c4));  // the 16th power
}

struct Lights {
  const Shot& shot;
  Vec3 key_half, fill_half;
  ShadowMap shadow;
};

// Light that leaves a surface towards the camera.
float Shade(const Lights& lights, const Surface& surface, Vec3 position,
            Vec3 normal) {
  const Shot& shot = lights.shot;
  const float key = Dot(normal, shot.key);
  const float sky = 0.75f + 0.25f * normal.y;
  float light = shot.ambient * sky;
  light += shot.fill_strength * Clamp(Dot(normal, shot.fill), 0.f, 1.f);
  float shine = 0.3f * shot.fill_strength *
                Highlight(normal, lights.fill_half);
  if (key > 0.f) {
    // Light that bounces keeps a shadow from being black; a step along the
    // normal keeps a surface from shading itself.
    const float seen = lights.shadow.Light(position + normal * 0.03f);
    const float lit = shot.key_strength * Mix(0.22f, 1.f, seen);
    light += lit * key;
    shine += lit * Highlight(normal, lights.key_half) *
             SmoothStep(0.f, 0.2f, key);
  }
  return surface.albedo * light + 0.35f * surface.gloss * shine;
}

// A wall with a gradient, some texture and a few boxes out of focus.
float BackgroundAt(const Shot& shot, float x, float y) {
  const float c = Cos(shot.back_angle), s = Sin(shot.back_angle);
  const float along = 0.5f + 0.7f * ((x - 0.5f) * c + (y - 0.5f) * s);
  float tone = Mix(shot.back_a, shot.back_b, Clamp(along, 0.f, 1.f));
  for (int i = 0; i < shot.back_shapes; ++i) {
    const float cx = Hash(i, 1, shot.seed), cy = Hash(i, 2, shot.seed);
    const float w = 0.06f + 0.3f * Hash(i, 3, shot.seed);
    const float h = 0.06f + 0.4f * Hash(i, 4, shot.seed);
    const float blur = 0.015f + 0.06f * Hash(i, 6, shot.seed);
    const float inside = SmoothStep(-blur, blur, w - std::fabs(x - cx)) *
                         SmoothStep(-blur, blur, h - std::fabs(y - cy));
    tone = Mix(tone, Square(Hash(i, 5, shot.seed)), inside);
  }
  const float texture = 0.6f * Noise(x * 6.f, y * 6.f, shot.seed) +
                        0.4f * Noise(x * 15.f, y * 15.f, shot.seed + 1);
  return tone * (1.f + shot.back_texture * texture);
}

// The background is smooth, so one value serves all samples of a pixel.
Image Background(const Shot& shot, int size) {
  Image image(size * size);
  for (int at = 0; at < size * size; ++at) {
    image[at] = BackgroundAt(shot, (at % size + 0.5f) / size,
                             (at / size + 0.5f) / size);
  }
  return image;
}

// Lights every sample of the scene; samples beside it show the background.
Image LightScene(const Face& face, const Shot& shot, int side) {
  const Mesh mesh = BuildScene(face, shot);
  const Camera camera = {shot.scale, shot.shift_x, shot.shift_y};
  const std::vector<Sample> samples = Rasterize(mesh, camera, side);
  const Lights lights = {shot, Halfway(shot.key), Halfway(shot.fill),
                         ShadowMap(mesh, shot.key)};
  const int size = side / kOver;
  const Image background = Background(shot, size);
  const float soft = 0.7f / (shot.scale * side);
  Image light(side * side);
  for (int at = 0; at < side * side; ++at) {
    const Sample& sample = samples[at];
    if (sample.triangle < 0) {
      light[at] =
          background[at / side / kOver * size + at % side / kOver];
      continue;
    }
    const Triangle& triangle = mesh.triangles[sample.triangle];
    const Vertex& va = mesh.vertices[triangle.a];
    const Vertex& vb = mesh.vertices[triangle.b];
    const Vertex& vc = mesh.vertices[triangle.c];
    const float b = sample.b, c = sample.c, a = 1.f - b - c;
    const Vec3 paint = va.paint * a + vb.paint * b + vc.paint * c;
    const Vec3 position = va.position * a + vb.position * b + vc.position * c;
    const Vec3 normal =
        Normalize(va.normal * a + vb.normal * b + vc.normal * c);
    const float hair = va.hair * a + vb.hair * b + vc.hair * c;
    const Surface surface =
        Paint(face, shot, triangle.part, paint, hair, soft);
    light[at] = Shade(lights, surface, position, normal);
  }
  return light;
}

// A rectangle of one tone somewhere over the face.
void CoverWithBlock(const Shot& shot, int side, Image* light) {
  const auto& r = shot.hide;
  const float cx = Mix(0.25f, 0.75f, r[0]), cy = Mix(0.3f, 0.75f, r[1]);
  const float w = Mix(0.08f, 0.20f, r[2]), h = Mix(0.08f, 0.20f, r[3]);
  const float c = Cos(3.f * r[5]), s = Sin(3.f * r[5]);
  const float soft = 1.f / side;
  for (int at = 0; at < side * side; ++at) {
    const float x = (at % side + 0.5f) / side - cx;
    const float y = (at / side + 0.5f) / side - cy;
    const float u = std::fabs(c * x + s * y), v = std::fabs(c * y - s * x);
    const float inside = SmoothStep(-soft, soft, w - u) *
                         SmoothStep(-soft, soft, h - v);
    (*light)[at] = Mix((*light)[at], 0.8f * r[4] * r[4], inside);
  }
}

// Three dark bows of hair that fall over the face.
void CoverWithStrands(const Shot& shot, float tone, int side, Image* light) {
  const auto& r = shot.hide;
  for (int strand = 0; strand < 3; ++strand) {
    const float jitter = 0.06f * Hash(strand, 9, shot.seed);
    const float top = Mix(0.3f, 0.7f, r[0]) + jitter;
    const float lean = Mix(-0.35f, 0.35f, r[1]) + 1.5f * jitter;
    const float bow = Mix(-0.3f, 0.3f, r[2]);
    const float end = Mix(0.5f, 0.9f, r[3]) - 2.f * jitter;
    for (int i = 0; i < side; ++i) {
      const float y = (i + 0.5f) / side;
      const float t = (y - 0.15f) / (end - 0.15f);
      if (t < 0.f || t > 1.f) continue;
      const float x = top + lean * t + bow * t * (1.f - t);
      const float thick = 0.017f * (1.f - t * t) + 0.003f;
      for (int j = 0; j < side; ++j) {
        const float off = std::fabs((j + 0.5f) / side - x);
        float* cell = &(*light)[i * side + j];
        *cell = Mix(*cell, tone, SmoothStep(thick, thick * 0.5f, off));
      }
    }
  }
}

// Averages kOver x kOver samples to a pixel.
Image Shrink(const Image& light, int size) {
  const int side = size * kOver;
  Image small(size * size);
  for (int i = 0; i < size; ++i) {
    for (int j = 0; j < size; ++j) {
      float sum = 0.f;
      for (int y = 0; y < kOver; ++y) {
        for (int x = 0; x < kOver; ++x) {
          sum += light[(i * kOver + y) * side + j * kOver + x];
        }
      }
      small[i * size + j] = sum / (kOver * kOver);
    }
  }
  return small;
}

// A bell-shaped blur of `radius` pixels (its standard deviation), first along
// rows, then along columns; borders repeat.
void Blur(float radius, int size, Image* image) {
  // Three taps with these weights have exactly that variance, up to 0.8;
  // more blur is several rounds of less.
  const int rounds = 1 + static_cast<int>(radius * radius / 0.6f);
  const float side = 0.5f * radius * radius / rounds;
  Image line(size);
  for (int round = 0; round < 2 * rounds; ++round) {
    const int step = round % 2 ? size : 1, next = round % 2 ? 1 : size;
    for (int i = 0; i < size; ++i) {
      float* row = image->data() + i * next;
      for (int j = 0; j < size; ++j) {
        const float before = row[(j ? j - 1 : j) * step];
        const float after = row[(j + 1 < size ? j + 1 : j) * step];
        line[j] = Mix(row[j * step], 0.5f * (before + after), 2.f * side);
      }
      for (int j = 0; j < size; ++j) row[j * step] = line[j];
    }
  }
}

std::vector<uint8_t> Expose(const Shot& shot, const Image& image) {
  caffe::Rng rng(shot.seed, 1);
  std::vector<uint8_t> bytes(image.size());
  for (size_t i = 0; i < image.size(); ++i) {
    const float light = shot.gain * image[i] + shot.lift;
    // Square-root tone curve with a shoulder: highlights bend, never clip hard.
    const float tone = std::sqrt(light) * 1.18f / (1.f + 0.22f * light);
    const uint32_t bits = rng.Uint32();
    const int sum = static_cast<int>((bits & 255) + (bits >> 8 & 255) +
                                     (bits >> 16 & 255) + (bits >> 24));
    const float grain = shot.noise * (sum - 510) * (1.f / 148.f);
    bytes[i] = static_cast<uint8_t>(
        Clamp((tone + grain) * 255.f + 0.5f, 0.f, 255.f));
  }
  return bytes;
}

}  // namespace

std::vector<uint8_t> RenderFace(const Identity& identity, const Shot& shot,
                                int size) {
  const int side = size * kOver;
  const Face face = WearExpression(identity, shot);
  Image light = LightScene(face, shot, side);
  if (shot.occluder == Occluder::kBlock) CoverWithBlock(shot, side, &light);
  if (shot.occluder == Occluder::kStrand) {
    CoverWithStrands(shot, 0.4f * identity.hair_tone, side, &light);
  }
  Image image = Shrink(light, size);
  Blur(shot.blur * size / 64.f, size, &image);
  return Expose(shot, image);
}

std::vector<uint8_t> RenderFace(uint64_t seed, int person, int image,
                                int size) {
  const Identity identity = DrawIdentity(seed, person);
  return RenderFace(identity, DrawShot(seed, person, image, identity), size);
}

}  // namespace faces
