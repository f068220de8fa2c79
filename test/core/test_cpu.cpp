// Which set of inner loops is chosen, and what lowers the choice.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "caffe/check.hpp"
#include "core/cpu.hpp"

namespace caffe {
namespace {

TEST(CpuTest, ANameLowersTheChoiceAndNeverRaisesIt) {
  EXPECT_EQ(Isa::kPlain, LoweredIsa(Isa::kAvx512, "plain"));
  EXPECT_EQ(Isa::kAvx2, LoweredIsa(Isa::kAvx512, "avx2"));
  EXPECT_EQ(Isa::kAvx512, LoweredIsa(Isa::kAvx512, "avx512"));
  EXPECT_EQ(Isa::kAvx2, LoweredIsa(Isa::kAvx2, "avx512"));
  EXPECT_EQ(Isa::kPlain, LoweredIsa(Isa::kPlain, "avx2"));
}

TEST(CpuTest, AnUnknownNameIsRefused) {
  for (const std::string name : {"sse", "AVX2", "avx2 ", "avx"}) {
    try {
      LoweredIsa(Isa::kAvx512, name);
      ADD_FAILURE() << name;
    } catch (const Error& error) {
      EXPECT_EQ(Error::kInput, error.kind());
      EXPECT_EQ("TERCET_ISA is '" + name + "' in the environment; wanted "
                "plain, avx2 or avx512", std::string(error.what()));
    }
  }
}

TEST(CpuTest, ALimitHoldsWhileItLives) {
  const Isa before = BestIsa();
  {
    const IsaLimit plain(Isa::kPlain);
    EXPECT_EQ(Isa::kPlain, BestIsa());
    const IsaLimit within(Isa::kAvx512);
    EXPECT_EQ(Isa::kPlain, BestIsa());
    EXPECT_EQ(std::vector<Isa>{Isa::kPlain}, RunnableIsas());
  }
  EXPECT_EQ(before, BestIsa());
  EXPECT_EQ(Isa::kPlain, RunnableIsas().front());
  EXPECT_EQ(before, RunnableIsas().back());
}

}  // namespace
}  // namespace caffe
