// The doctor of one loss, on made-up courses of a run: each failure is told
// once, with the iteration since which it shows, and nothing is told of courses
// that are healthy.
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include "caffe/check.hpp"
#include "solver/doctor.hpp"

namespace caffe {
namespace {

using metric::BatchHealth;

// A healthy batch of unit embeddings: margin 0.2, half of the triplets active.
BatchHealth HealthyBatch() {
  BatchHealth health;
  health.count = {100, 50};
  health.hinged = true;
  health.loss = 0.1;
  health.collapsed_loss = 0.2;
  health.rows = {1, 0.9};
  health.typical_distance = 2 * 0.9 * 0.9;
  return health;
}

// What is told of the iterations from 0 on.
typedef std::function<BatchHealth(int iteration)> Course;

struct Told {
  int iteration;
  Diagnosis what;
};

std::vector<Told> Follow(LossDoctor* doctor, int from, int to,
                         const Course& course) {
  std::vector<Told> told;
  for (int i = from; i < to; ++i) {
    doctor->Add(course(i));
    for (const Diagnosis& what : doctor->Look(i)) told.push_back({i, what});
  }
  return told;
}

std::vector<Told> Follow(int iterations, const Course& course) {
  LossDoctor doctor;
  return Follow(&doctor, 0, iterations, course);
}

void ExpectOne(const std::vector<Told>& told, Failure failure, int since,
               int slack, const std::string& text) {
  ASSERT_EQ(told.size(), 1u);
  EXPECT_EQ(told[0].what.failure, failure);
  EXPECT_FALSE(told[0].what.over);
  EXPECT_GE(told[0].what.since, since);
  EXPECT_LE(told[0].what.since, since + slack);
  EXPECT_NE(told[0].what.text.find(text), std::string::npos)
      << told[0].what.text;
}

BatchHealth OnePoint() {
  BatchHealth health = HealthyBatch();
  health.count.active = 100;
  health.loss = 0.202;
  health.rows = {1, 0.08};
  health.typical_distance = 2 * 0.08 * 0.08;
  return health;
}

TEST(DoctorTest, SilentOnAHealthyCourse) {
  // From the start's small spread and all active to few active, with noise.
  EXPECT_TRUE(Follow(2000, [](int i) {
                BatchHealth health = HealthyBatch();
                const double progress = 1 - std::exp(-i / 100.);
                const double noise = 1 + 0.1 * ((i * 7919) % 13 - 6) / 6;
                health.rows.spread = 0.34 + 0.55 * progress;
                health.loss = (0.19 - 0.18 * progress) * noise;
                health.count.active =
                    static_cast<int64_t>(100 - 95 * progress);
                return health;
              }).empty());
}

TEST(DoctorTest, OnePointIsToldOnceWithItsBeginning) {
  ExpectOne(Follow(1000,
                   [](int i) { return i < 300 ? HealthyBatch() : OnePoint(); }),
            Failure::kPoint, 300, 60, "nearly one point (spread 0.08");
}

TEST(DoctorTest, OnePointOfASoftHinge) {
  const auto soft = [](double loss) {
    BatchHealth health = OnePoint();
    health.soft = true;
    health.collapsed_loss = std::log(2.);
    health.loss = loss;
    return health;
  };
  ExpectOne(Follow(300, [&](int) { return soft(0.695); }), Failure::kPoint, 0,
            20, "one point");
  // Few active, since h is nearly 0.
  ExpectOne(Follow(300,
                   [&](int) {
                     BatchHealth health = soft(0.69);
                     health.count.active = 40;
                     return health;
                   }),
            Failure::kPoint, 0, 20, "one point");
  // As far from log 2 as a hard hinge may be from its margin, but not a soft
  // one.
  for (const Told& told : Follow(300, [&](int) { return soft(0.66); })) {
    EXPECT_NE(told.what.failure, Failure::kPoint);
  }
}

// A small spread with a loss that is another, a loss at the margin with a wide
// spread, a dip of some batches: none of these alone.
TEST(DoctorTest, NoSingleSignIsAPoint) {
  const auto none = [](const Course& course) {
    for (const Told& told : Follow(190, course)) {
      EXPECT_NE(told.what.failure, Failure::kPoint) << told.what.text;
    }
  };
  none([](int) {
    BatchHealth health = OnePoint();
    health.loss = 0.25;
    return health;
  });
  none([](int) {
    BatchHealth health = OnePoint();
    health.rows.spread = 0.6;
    return health;
  });
  none([](int) {
    BatchHealth health = OnePoint();
    health.count.active = 95;
    return health;
  });
  none([](int i) { return i % 60 < 15 ? OnePoint() : HealthyBatch(); });
  // Long rows that share an offset: not one point, by their distances.
  none([](int) {
    BatchHealth health = OnePoint();
    health.rows = {20, 4};
    health.typical_distance = 2 * 4 * 4;
    return health;
  });
}

// It may be a plateau: the end of it is told, too, and a second one again.
TEST(DoctorTest, WhatEndsIsOverAndMayComeAgain) {
  const auto told = Follow(1200, [](int i) {
    return (i >= 100 && i < 400) || i >= 800 ? OnePoint() : HealthyBatch();
  });
  ASSERT_EQ(told.size(), 3u);
  EXPECT_FALSE(told[0].what.over);
  EXPECT_TRUE(told[1].what.over);
  EXPECT_EQ(told[1].what.text.find("spread 0."), 0u) << told[1].what.text;
  EXPECT_GE(told[1].what.since, 400);
  EXPECT_LE(told[1].what.since, 430);
  EXPECT_FALSE(told[2].what.over);
  EXPECT_GE(told[2].what.since, 800);
}

// Some batches that look otherwise, again and again, are no end.
TEST(DoctorTest, ABreakIsNoEnd) {
  const auto told = Follow(600, [](int i) {
    return i > 100 && i % 60 < 2 ? HealthyBatch() : OnePoint();
  });
  EXPECT_EQ(told.size(), 1u);
}

TEST(DoctorTest, VanishingNorms) {
  ExpectOne(Follow(600,
                   [](int i) {
                     BatchHealth health = OnePoint();
                     const double size = std::pow(0.97, i);
                     health.rows = {size, 0.7 * size};
                     // Wide at first.
                     health.loss = 0.2 + (i < 30 ? 3 : 0.01 * size);
                     health.typical_distance = size * size;
                     return health;
                   }),
            Failure::kVanishing, 140, 60, "vanish");
  // All zero from the start.
  const auto told = Follow(200, [](int) {
    BatchHealth health = OnePoint();
    health.rows = {0, 0};
    health.loss = 0.2;
    return health;
  });
  ASSERT_FALSE(told.empty());
  EXPECT_EQ(told[0].what.failure, Failure::kVanishing);
}

// A point that goes on to vanish is not over.
TEST(DoctorTest, FromOnePointToNothing) {
  const auto told = Follow(900, [](int i) {
    BatchHealth health = OnePoint();
    const double size = i < 200 ? 1 : std::pow(0.97, i - 200);
    health.rows = {size, 0.08 * size};
    health.typical_distance = 0.01 * size * size;
    return health;
  });
  ASSERT_EQ(told.size(), 2u);
  EXPECT_EQ(told[0].what.failure, Failure::kPoint);
  EXPECT_EQ(told[1].what.failure, Failure::kVanishing);
  EXPECT_FALSE(told[1].what.over);
}

TEST(DoctorTest, ExplodingNorms) {
  ExpectOne(Follow(400,
                   [](int i) {
                     BatchHealth health = HealthyBatch();
                     const double size = std::pow(1.05, i);
                     health.rows = {size, size};
                     health.loss = 0.1 * size * size;
                     return health;
                   }),
            Failure::kExploding, 40, 40, "explode");
  // Norms that grow while a loss that was large falls are none.
  EXPECT_TRUE(Follow(400, [](int i) {
                BatchHealth health = HealthyBatch();
                const double size = std::min(20., std::pow(1.03, i));
                health.rows = {size, size};
                health.typical_distance = 2 * size * size;
                health.loss = 100 - 0.1 * i;
                return health;
              }).empty());
  // Norms that grow from nearly nothing while the loss falls are a start.
  EXPECT_TRUE(Follow(400, [](int i) {
                BatchHealth health = HealthyBatch();
                const double size = std::min(1., 1e-4 * std::pow(1.05, i));
                health.rows = {size, size};
                health.typical_distance = size * size;
                health.loss = 0.2 - 0.1 * size;
                health.count.active = static_cast<int64_t>(99 - 40 * size);
                return health;
              }).empty());
}

TEST(DoctorTest, NoneActive) {
  const auto quiet_from = [](int iteration, bool soft) {
    return [=](int i) {
      BatchHealth health = HealthyBatch();
      health.soft = soft;
      if (i >= iteration) {
        health.count.active = 0;
        health.loss = 0;
      }
      return health;
    };
  };
  // From the start it is told sooner than of a run that has solved its batches.
  ExpectOne(Follow(150, quiet_from(0, false)), Failure::kNoneActive, 0, 20,
            "none of the triplets is active");
  ExpectOne(Follow(400, quiet_from(70, false)), Failure::kNoneActive, 70, 0,
            "none of the triplets is active");
  EXPECT_TRUE(Follow(250, quiet_from(70, false)).empty());
  // A soft hinge teaches beyond its margin, too.
  EXPECT_TRUE(Follow(400, quiet_from(70, true)).empty());
}

// A few active ones now and then are what is left at the end of a run; from the
// start on they are too few.
TEST(DoctorTest, FewActive) {
  const auto few_from = [](int iteration) {
    return [=](int i) {
      BatchHealth health = HealthyBatch();
      health.count.tuples = 1000;
      health.count.active = i < iteration ? 400 : i % 50 == 0;
      health.loss = 1e-5 * health.count.active;
      return health;
    };
  };
  EXPECT_TRUE(Follow(1000, few_from(200)).empty());
  ExpectOne(Follow(300, few_from(0)), Failure::kNoneActive, 0, 20,
            "none of the triplets is active");
}

TEST(DoctorTest, AllActiveWithoutProgress) {
  const auto stuck = [](int i) {
    BatchHealth health = HealthyBatch();
    health.count.active = 100;
    health.rows.spread = 0.34;
    health.typical_distance = 2 * 0.34 * 0.34;
    health.loss = 0.186 + 0.001 * (i % 3);
    return health;
  };
  ExpectOne(Follow(600, stuck), Failure::kAllActive, 0, 30,
            "without progress");
  // All active, but on the way.
  EXPECT_TRUE(Follow(600, [&](int i) {
                BatchHealth health = stuck(i);
                health.loss -= 2e-4 * i;
                return health;
              }).empty());
}

// Batches without a triplet have no loss: what the loss was at the start is
// that of the others.
TEST(DoctorTest, EmptyBatchesDoNotLowerTheStart) {
  for (const bool learns : {true, false}) {
    const auto told = Follow(600, [&](int i) {
      BatchHealth health = HealthyBatch();
      health.count.active = 100;
      health.loss = learns ? 0.31 + 0.09 * std::exp(-i / 60.) : 0.4;
      if (i % 5 < 2) health.count = {0, 0};
      return health;
    });
    if (learns) {
      EXPECT_TRUE(told.empty()) << told[0].what.text;
    } else {
      ExpectOne(told, Failure::kAllActive, 0, 60, "at the start 0.4)");
    }
  }
}

// A margin that no embedding of length 1 can meet.
TEST(DoctorTest, AMarginOutOfReach) {
  ExpectOne(Follow(600,
                   [](int i) {
                     BatchHealth health = HealthyBatch();
                     health.count.active = 100;
                     health.collapsed_loss = 10;
                     health.loss = 10 - std::min(1.5, 0.01 * i);
                     return health;
                   }),
            Failure::kAllActive, 0, 30, "without progress");
}

TEST(DoctorTest, BatchesWithoutTuples) {
  const auto empty = [] {
    BatchHealth health = HealthyBatch();
    health.count = {0, 0};
    health.loss = NAN;
    return health;
  };
  ExpectOne(Follow(60, [&](int) { return empty(); }), Failure::kNoTuples, 0, 0,
            "100 % of the batches hold no triplets");
  // Two of three.
  const auto told = Follow(200, [&](int i) {
    return i % 3 == 0 ? HealthyBatch() : empty();
  });
  ASSERT_EQ(told.size(), 1u);
  EXPECT_EQ(told[0].what.failure, Failure::kNoTuples);
  // One of four is no failure, and its loss does not count.
  EXPECT_TRUE(Follow(500, [&](int i) {
                return i % 4 == 0 ? empty() : HealthyBatch();
              }).empty());
}

// Another stage's figures do not compare: hard triplets after easy ones.
TEST(DoctorTest, AStageBeginsAfresh) {
  EXPECT_TRUE(Follow(700, [](int i) {
                BatchHealth health = HealthyBatch();
                health.loss = i < 300 ? 0.01 : 0.3;
                health.stage = i >= 300;
                health.count.active = i < 300 ? 10 : 100;
                if (i >= 300) health.loss -= 4e-4 * (i - 300);
                return health;
              }).empty());
}

TEST(DoctorTest, ThePartsOfABatchCountAsOne) {
  LossDoctor whole, parts;
  std::vector<Told> by_whole, by_parts;
  for (int i = 0; i < 300; ++i) {
    whole.Add(OnePoint());
    BatchHealth more = OnePoint(), less = OnePoint();
    more.loss += 0.05;
    less.loss -= 0.05;
    parts.Add(more);
    parts.Add(less);
    for (const Diagnosis& what : whole.Look(i)) by_whole.push_back({i, what});
    for (const Diagnosis& what : parts.Look(i)) by_parts.push_back({i, what});
  }
  ASSERT_EQ(by_whole.size(), 1u);
  ASSERT_EQ(by_parts.size(), 1u);
  EXPECT_EQ(by_whole[0].iteration, by_parts[0].iteration);
  EXPECT_EQ(by_whole[0].what.text, by_parts[0].what.text);
}

TEST(DoctorTest, GoesOnWhereItWasSaved) {
  const auto noisy = [](BatchHealth health, int i) {
    health.loss *= 1 + 0.01 * (i * 31 % 7);
    return health;
  };
  const Course point = [&](int i) {
    return noisy(i < 90 || i > 200 ? HealthyBatch() : OnePoint(), i);
  };
  const Course vanishing = [&](int i) {
    BatchHealth health = OnePoint();
    health.rows = {std::pow(0.95, i), std::pow(0.95, i)};
    return noisy(health, i);
  };
  const Course with_empty_batches = [&](int i) {
    BatchHealth health = HealthyBatch();
    health.count = {i % 5 < 2 ? 0 : 100, i % 5 < 2 ? 0 : 100};
    return noisy(health, i);
  };
  for (const Course& course : {point, vanishing, with_empty_batches}) {
    for (const int at : {0, 5, 25, 89, 95, 110, 130, 215}) {
      LossDoctor straight, first, second;
      const auto want = Follow(&straight, 0, 300, course);
      EXPECT_GE(want.size(), 1u);
      auto have = Follow(&first, 0, at, course);
      LossDoctorState state;
      first.Save(&state);
      second.Load(state);
      EXPECT_EQ(first.Healthy(), second.Healthy());
      for (const Told& told : Follow(&second, at, 300, course)) {
        have.push_back(told);
      }
      ASSERT_EQ(want.size(), have.size()) << at;
      for (size_t i = 0; i < want.size(); ++i) {
        EXPECT_EQ(want[i].iteration, have[i].iteration);
        EXPECT_EQ(want[i].what.since, have[i].what.since);
        EXPECT_EQ(want[i].what.text, have[i].what.text);
      }
    }
  }
  LossDoctorState damaged;
  EXPECT_THROW(LossDoctor().Load(damaged), Error);
}

TEST(DoctorTest, IsHealthyUntilTheFirstSign) {
  LossDoctor doctor;
  Follow(&doctor, 0, 100, [](int) { return HealthyBatch(); });
  EXPECT_TRUE(doctor.Healthy());
  // Long before it is told.
  Follow(&doctor, 100, 118, [](int) { return OnePoint(); });
  Follow(&doctor, 118, 145, [](int) { return OnePoint(); });
  EXPECT_FALSE(doctor.Healthy());
}

}  // namespace
}  // namespace caffe
