// The made-up faces of tools/make_faces: the same bytes whatever else is
// rendered, and pictures in which a person cannot be told by their pixels.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <set>
#include <vector>

#include "tools/make_faces/face_renderer.hpp"

namespace faces {
namespace {

using Bytes = std::vector<uint8_t>;

uint64_t Fnv1a(uint64_t hash, const Bytes& bytes) {
  for (uint8_t byte : bytes) hash = (hash ^ byte) * 1099511628211u;
  return hash;
}

double SquaredDistance(const Bytes& a, const Bytes& b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    const double d = static_cast<double>(a[i]) - b[i];
    sum += d * d;
  }
  return sum;
}

// The rate at which as many genuine pairs are further than a threshold as
// impostor pairs are nearer.
double EqualErrorRate(std::vector<double> genuine,
                      std::vector<double> impostor) {
  std::sort(genuine.begin(), genuine.end());
  std::sort(impostor.begin(), impostor.end());
  for (size_t i = 0; i < genuine.size(); ++i) {
    const double missed = 1. - (i + 1.) / genuine.size();
    const double taken =
        static_cast<double>(std::upper_bound(impostor.begin(), impostor.end(),
                                             genuine[i]) -
                            impostor.begin()) /
        impostor.size();
    if (taken >= missed) return 0.5 * (taken + missed);
  }
  return 1.;
}

TEST(FaceRendererTest, SameArgumentsGiveTheSameBytes) {
  EXPECT_EQ(RenderFace(7, 3, 2, 64), RenderFace(7, 3, 2, 64));
}

// Two pictures alone, in another order, are those of a whole run: nothing is
// carried from one picture to the next.
TEST(FaceRendererTest, PictureDependsOnlyOnSeedPersonAndNumber) {
  std::vector<Bytes> forward, backward;
  for (int person = 1; person <= 3; ++person) {
    for (int image = 1; image <= 3; ++image) {
      forward.push_back(RenderFace(5, person, image, 32));
    }
  }
  for (int person = 3; person >= 1; --person) {
    for (int image = 3; image >= 1; --image) {
      backward.push_back(RenderFace(5, person, image, 32));
    }
  }
  std::reverse(backward.begin(), backward.end());
  EXPECT_EQ(forward, backward);
}

// The bytes that seed 1 gives, on any machine and at any optimisation. A
// change of the renderer that changes pictures changes this number too.
TEST(FaceRendererTest, BytesAreThoseOfEveryMachine) {
  uint64_t hash = 14695981039346656037u;
  for (int person = 1; person <= 10; ++person) {
    hash = Fnv1a(hash, RenderFace(1, person, person, 64));
  }
  EXPECT_EQ(hash, 3930413746037533839u);
}

TEST(FaceRendererTest, EveryPictureIsAnother) {
  std::set<Bytes> seen;
  for (uint64_t seed = 1; seed <= 2; ++seed) {
    for (int person = 1; person <= 4; ++person) {
      for (int image = 1; image <= 4; ++image) {
        const Bytes picture = RenderFace(seed, person, image, 48);
        ASSERT_EQ(picture.size(), 48u * 48u);
        const auto range = std::minmax_element(picture.begin(), picture.end());
        EXPECT_GT(*range.second - *range.first, 20) << "almost one tone";
        seen.insert(picture);
      }
    }
  }
  EXPECT_EQ(seen.size(), 32u);
}

TEST(FaceRendererTest, AnySizeRenders) {
  for (int size : {kMinSize, 17, 65, 200}) {
    EXPECT_EQ(RenderFace(1, 1, 1, size).size(),
              static_cast<size_t>(size) * size);
  }
}

// What a net is later seen to verify must not be there in the pixels.
TEST(FaceRendererTest, RawPixelsAreAPoorVerifier) {
  constexpr int kPeople = 24, kImages = 8;
  std::vector<Bytes> pictures;
  for (int i = 0; i < kPeople * kImages; ++i) {
    pictures.push_back(RenderFace(11, i / kImages + 1, i % kImages + 1, 64));
  }
  std::vector<double> genuine, impostor;
  for (int i = 0; i < kPeople * kImages; ++i) {
    for (int j = 0; j < i; ++j) {
      (i / kImages == j / kImages ? genuine : impostor)
          .push_back(SquaredDistance(pictures[i], pictures[j]));
    }
  }
  const double rate = EqualErrorRate(genuine, impostor);
  EXPECT_GT(rate, 0.25);
  EXPECT_LT(rate, 0.5) << "no trace of a person is left in the pictures";
}

// With pose, light and all the rest held still, a person is the same picture
// again and another person is not: identity is in the picture.
TEST(FaceRendererTest, PeopleDifferUnderOneShot) {
  const Identity first = DrawIdentity(3, 1);
  const Shot shot = DrawShot(3, 1, 1, first);
  const Bytes picture = RenderFace(first, shot, 64);
  for (int person = 2; person <= 12; ++person) {
    const Bytes other = RenderFace(DrawIdentity(3, person), shot, 64);
    EXPECT_GT(SquaredDistance(picture, other), 64 * 64 * 4.)
        << "person " << person;
  }
}

}  // namespace
}  // namespace faces
