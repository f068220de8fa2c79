// What is wrong with a solver is told before the first iteration, in one line
// with the file and the line of the field.
#include <gtest/gtest.h>

#include <cstdlib>

#include "net/prototxt.hpp"
#include "test/data/image_files.hpp"
#include "test/solver/solver_nets.hpp"

namespace caffe {
namespace {

// The message of the Error that a solver of this text fails with; the file is
// called solver.prototxt and lies beside net.prototxt.
class SolverErrorTest : public ::testing::Test {
 protected:
  SolverErrorTest() {
    WriteText(folder_ / "net.prototxt", TeacherNet(4, 3, 5, 2, false));
  }

  std::string Message(const std::string& text) {
    const std::string file = folder_ / "solver.prototxt";
    WriteText(file, text);
    try {
      SolverParameter param;
      ReadSolverFromPrototxt(file, &param);
      MakeSolver<float>(param);
    } catch (const Error& error) {
      EXPECT_EQ(error.exit_code(), 1);
      const std::string message = error.what();
      EXPECT_EQ(message.find('\n'), std::string::npos);
      const size_t at = message.find("solver.prototxt");
      return at == std::string::npos ? message : message.substr(at);
    }
    return "";
  }
  // `line` is the fourth line of an otherwise good solver.
  void ExpectError(const std::string& line, const std::string& message) {
    const std::string found = Message(kGood + line);
    EXPECT_NE(found, "") << line << " was not refused";
    EXPECT_EQ(found.compare(0, message.size(), message), 0)
        << "found: " << found << "\nwanted: " << message;
  }

  const std::string kGood =
      "net: 'net.prototxt'\nbase_lr: 0.01 max_iter: 5\n"
      "snapshot_after_train: false\n";
  ImageFolder folder_;
};

TEST_F(SolverErrorTest, GoodSolverIsAccepted) {
  EXPECT_EQ(Message(kGood + "lr_policy: 'fixed'"), "");
}

TEST_F(SolverErrorTest, PoliciesAndTypes) {
  ExpectError("lr_policy: 'stpe'",
              "solver.prototxt:4: unknown lr_policy 'stpe'; did you mean "
              "'step'?");
  ExpectError("", "solver.prototxt: lr_policy is missing");
  ExpectError("lr_policy: 'fixed' type: 'Adma'",
              "solver.prototxt:4: unknown solver type 'Adma'; did you mean "
              "'Adam'?");
  ExpectError("lr_policy: 'step' gamma: 0.1",
              "solver.prototxt: stepsize is missing: lr_policy 'step'");
  ExpectError("lr_policy: 'step' stepsize: 3",
              "solver.prototxt: gamma is missing");
  ExpectError("lr_policy: 'step' stepsize: 0 gamma: 0.1",
              "solver.prototxt:4: stepsize is 0, wanted 1 or more");
  ExpectError("lr_policy: 'exp'", "solver.prototxt: gamma is missing");
  ExpectError("lr_policy: 'inv' gamma: 0.1",
              "solver.prototxt: power is missing");
  ExpectError("lr_policy: 'poly'", "solver.prototxt: power is missing");
  ExpectError("lr_policy: 'sigmoid' gamma: 1",
              "solver.prototxt: stepsize is missing");
  ExpectError("lr_policy: 'multistep' gamma: 0.1",
              "solver.prototxt: stepvalue is missing");
  ExpectError("lr_policy: 'multistep' gamma: 0.1 stepvalue: 5 stepvalue: 4",
              "solver.prototxt:4: stepvalue 4 comes after 5");
}

TEST_F(SolverErrorTest, MissingAndOddNumbers) {
  EXPECT_EQ(Message("net: 'net.prototxt' lr_policy: 'fixed' max_iter: 3"),
            "solver.prototxt: base_lr is missing");
  EXPECT_EQ(Message("net: 'net.prototxt' lr_policy: 'fixed' base_lr: 1"),
            "solver.prototxt: max_iter is missing");
  ExpectError("lr_policy: 'fixed' iter_size: 0",
              "solver.prototxt:4: iter_size is 0, wanted 1 or more");
  ExpectError("lr_policy: 'fixed' average_loss: 0",
              "solver.prototxt:4: average_loss is 0");
  ExpectError("lr_policy: 'fixed' weight_decay: -1",
              "solver.prototxt:4: weight_decay is -1");
  ExpectError("lr_policy: 'fixed' momentum: 1",
              "solver.prototxt:4: momentum is 1, wanted");
  ExpectError("lr_policy: 'fixed' type: 'AdaGrad' momentum: 0.9",
              "solver.prototxt:4: momentum is 0.9, but AdaGrad has none");
  ExpectError("lr_policy: 'fixed' type: 'RMSProp' rms_decay: 1.5",
              "solver.prototxt:4: rms_decay is 1.5, wanted");
  ExpectError("lr_policy: 'fixed' regularization_type: 'L3'",
              "solver.prototxt:4: unknown regularization_type 'L3'");
  ExpectError("lr_policy: 'fixed' snapshot_format: HDF5",
              "solver.prototxt:4: snapshot_format HDF5 is not supported");
}

TEST_F(SolverErrorTest, Nets) {
  EXPECT_EQ(Message("lr_policy: 'fixed' base_lr: 1 max_iter: 1")
                .compare(0, 31, "solver.prototxt: net is missing"),
            0);
  const std::string rest = " lr_policy: 'fixed' base_lr: 1 max_iter: 1";
  EXPECT_NE(Message("net: 'nte.prototxt'" + rest)
                .find("solver.prototxt:1: net file 'nte.prototxt' does not "
                      "exist"),
            std::string::npos);
  WriteText(folder_ / "empty.prototxt", "name: 'empty'");
  EXPECT_NE(Message("net: 'empty.prototxt'" + rest).find("has no layers"),
            std::string::npos);
}

TEST_F(SolverErrorTest, TestNets) {
  ExpectError("lr_policy: 'fixed' test_iter: 3",
              "solver.prototxt: test_interval is missing");
  ExpectError("lr_policy: 'fixed' test_net: 'net.prototxt' test_interval: 1",
              "solver.prototxt: test_iter is given 0 times, for 1 test nets");
  ExpectError("lr_policy: 'fixed' test_iter: 0 test_interval: 1",
              "solver.prototxt:4: test_iter is 0, wanted 1 or more");
  ExpectError(
      "lr_policy: 'fixed' test_iter: 1 test_interval: 1 test_state {} "
      "test_state {}",
      "solver.prototxt:4: test_state is given 2 times, for 1 test nets");
}

TEST_F(SolverErrorTest, SnapshotFolder) {
  ExpectError("lr_policy: 'fixed' snapshot: 2\nsnapshot_prefix: '" +
                  folder_.path() + "/none/net'",
              "solver.prototxt:5: the folder for snapshots, '" +
                  folder_.path() + "/none', does not exist");
  // Nobody, root included, can make a file there.
  ExpectError("lr_policy: 'fixed' snapshot: 2\nsnapshot_prefix: '/proc/tercet'",
              "solver.prototxt:5: the folder for snapshots, '/proc', cannot "
              "be written");
}

}  // namespace
}  // namespace caffe
