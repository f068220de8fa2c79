// Reading nets and solvers from text: what is read, and the one line that each
// mistake is answered with.

#include <gtest/gtest.h>

#include "caffe/check.hpp"
#include "test/data/shared_data.hpp"
#include "caffe/util/io.hpp"
#include "net/prototxt.hpp"
#include "core/suggest.hpp"

namespace caffe {

namespace {

// What the call throws; "" where it throws nothing.
template <typename Call>
std::string Thrown(Call call) {
  try {
    call();
  } catch (const Error& error) {
    EXPECT_EQ(Error::kInput, error.kind());
    EXPECT_EQ(std::string::npos, std::string(error.what()).find('\n'));
    return error.what();
  }
  return "";
}

std::string NetError(const std::string& text) {
  return Thrown([&] {
    NetParameter net;
    ParseNetPrototxt(text, "n", &net);
    for (const LayerParameter& layer : net.layer()) CheckUnknownFields(layer);
  });
}

std::string SolverError(const std::string& text) {
  return Thrown([&] {
    SolverParameter solver;
    ParseSolverPrototxt(text, "s", &solver);
  });
}

// The names of a net's layers with their lines.
std::string NamesAndLines(const NetParameter& net) {
  std::string out;
  for (const LayerParameter& layer : net.layer()) {
    const std::string& place = layer.source_location();
    out += layer.name() + place.substr(place.rfind(':') + 1) + " ";
  }
  return out;
}

struct Misspelling {
  const char* text;
  const char* message;
};

}  // namespace

TEST(PrototxtTest, StampsTheLineOfEachLayer) {
  NetParameter net;
  ParseNetPrototxt(
      "# a comment\n\nlayer { name: 'a' type: 'Input' }\r\n"
      "\tlayer {\r\n name: \"b\" type:\"Convolution\"\n"
      "convolution_param { group:128 num_output:256 } }\n",
      "dir/net.prototxt", &net);
  ASSERT_EQ(2, net.layer_size());
  EXPECT_EQ("dir/net.prototxt:3", net.layer(0).source_location());
  EXPECT_EQ("dir/net.prototxt:4", net.layer(1).source_location());
  EXPECT_EQ("b", net.layer(1).name());
  EXPECT_EQ(128, net.layer(1).convolution_param().group());
}

TEST(PrototxtTest, LayersOfAListKeepTheirOrderAndLines) {
  const std::string list = "layer: [\n{ name: 'a' },\n{ name: 'b' }]\n";
  NetParameter net;
  ParseNetPrototxt(list + "layer { name: 'c' }\nlayer: [{ name: 'd' }]", "n",
                   &net);
  EXPECT_EQ("a1 b3 c4 d5 ", NamesAndLines(net));
  ParseNetPrototxt(list + "layers { name: 'x' type: RELU }\n"
                          "layer { name: 'c' }\n"
                          "layers: [{ name: 'y' type: RELU }\n"
                          ", < name: 'z' type: RELU >]\nlayer < name: 'd' >",
                   "n", &net);
  EXPECT_EQ("a1 b3 x4 c5 y6 z7 d8 ", NamesAndLines(net));
  EXPECT_EQ("n:3: layer 'b': LayerParameter has no field 'botom'; did you mean "
            "'bottom'?",
            NetError("layer: [{ name: 'a' },\n { name: 'x' },\n"
                     "{ name: 'b' botom: 'x' }]\nlayer { name: 'c' }"));
  SolverParameter solver;
  ParseSolverPrototxt("net_param { layer: [{ name: 'a' },\n{ name: 'b' }]\n"
                      "layer { name: 'c' } }\n"
                      "test_net_param: [{ layer { name: 'd' } },\n"
                      "{ layer { name: 'e' } }]",
                      "s", &solver);
  EXPECT_EQ("a1 b2 c3 ", NamesAndLines(solver.net_param()));
  EXPECT_EQ("d4 ", NamesAndLines(solver.test_net_param(0)));
  EXPECT_EQ("e5 ", NamesAndLines(solver.test_net_param(1)));
}

TEST(PrototxtTest, AnUnknownFieldOfAListStaysWithItsLayer) {
  NetParameter net;
  ParseNetPrototxt("layer: [{ name: 'a' }, { name: 'b' botom: 'x' }]\n"
                   "layer { name: 'c' }",
                   "n", &net);
  ASSERT_EQ(3, net.layer_size());
  EXPECT_FALSE(net.layer(0).has_unknown_field());
  EXPECT_TRUE(net.layer(1).has_unknown_field());
  EXPECT_FALSE(net.layer(2).has_unknown_field());
}

TEST(PrototxtTest, ACommaForAPointIsToldInEachFormOfANumber) {
  const char* const numbers[] = {"0,01", "0,08", "0,009", "1,5e-3", "0,5f",
                                 "-0,5", "-1,09", "10,5E+2", "0,1"};
  for (const std::string number : numbers) {
    std::string point = number;
    point[point.find(',')] = '.';
    EXPECT_EQ("s:2: found '" + number + "'; a number has a point in it, not a "
              "comma: " + point,
              SolverError("max_iter: 3\nbase_lr: " + number + "\n"));
  }
  EXPECT_EQ(std::string::npos,
            SolverError("base_lr: 1,x").find("a point in it"));
  // In a list the comma parts two numbers.
  EXPECT_EQ("", SolverError("stepvalue: [1,5]"));
  EXPECT_EQ(std::string::npos,
            SolverError("stepvalue: [1,08]").find("a point in it"));
}

TEST(PrototxtTest, AFieldIsSentOnlyToPartsThatSomeLayerTakes) {
  const auto advice = [](const std::string& fields) {
    const std::string error = NetError("layer { name: 'a' " + fields + " }");
    return error.substr(error.find("has no field"));
  };
  EXPECT_EQ("has no field 'mirror'; transform_param has it",
            advice("mirror: true"));
  EXPECT_EQ("has no field 'lr_mult'; param { } has it", advice("lr_mult: 1"));
  EXPECT_EQ("has no field 'alpha'; the margin is written margin: here",
            advice("batch_triplet_loss_param { alpha: 1 }"));
  const std::string outputs = advice("num_output: 3");
  EXPECT_EQ(std::string::npos, outputs.find("embed_param")) << outputs;
  EXPECT_EQ(std::string::npos, outputs.find("recurrent_param")) << outputs;
  EXPECT_NE(std::string::npos, outputs.find("inner_product_param")) << outputs;
}

TEST(PrototxtTest, ByteOrderMarkIsNoMistake) {
  EXPECT_EQ("", NetError("\xEF\xBB\xBFlayer { name: 'a' }"));
}

TEST(PrototxtTest, EachMistakeInANetIsOneLine) {
  const Misspelling cases[] = {
      {"layer {\n name: 'fc'\n botom: 'x'\n}",
       "n:3: layer 'fc': LayerParameter has no field 'botom'; did you mean "
       "'bottom'?"},
      {"layer {\n botom: 'x'\n name: 'fc' }",
       "n:2: layer 'fc': LayerParameter has no field 'botom'; did you mean "
       "'bottom'?"},
      {"layer { name: 'c'\n convolution_param {\n kernal_size:\n\n3 } }",
       "n:3: layer 'c': ConvolutionParameter has no field 'kernal_size'; did "
       "you mean 'kernel_size'?"},
      {"layer { name: 'c'\n rank_hard_loss_param { neg_num: 3 } }",
       "n:2: layer 'c': LayerParameter has no field 'rank_hard_loss_param'; "
       "BatchTripletLoss mines its triplets in the batch, from embeddings and "
       "labels"},
      {"layer { name: 'c'\n botom 'x' }",
       "n:2: layer 'c': LayerParameter has no field 'botom'; did you mean "
       "'bottom'?"},
      {"nam: 'x'\nlayer { name: 'a' }",
       "n:1: NetParameter has no field 'nam'; did you mean 'name'?"},
      {"base_lr: 0.1\nmax_iter: 3",
       "n:1: NetParameter has no field 'base_lr'; SolverParameter has it: is "
       "this a solver, not a net?"},
      {"layer {\n name: 'a'\n relu_param {\n}\nlayer { name: 'b' }",
       "n:5: layer 'a': 'layer' inside 'layer', opened at line 1: a '}' is "
       "missing before it"},
      {"layer { name: 'a' }\nlayer {\n name: 'b'\n relu_param { }\n",
       "n:5: layer 'b': the file ends inside 'layer', opened at line 2: a '}' "
       "is missing"},
      {"layer { name: 'a' } }\n",
       "n:1: '}' closes nothing: there is one too many above or here"},
      {"layer {\n name: 'p'\n pooling_param {\n pool: AVG\n } }",
       "n:4: layer 'p': PoolingParameter.pool has no value 'AVG'; it takes "
       "MAX, AVE, STOCHASTIC"},
      {"layer {\n name: 't'\n triplet_loss_param { distance: L3\n}\n}",
       "n:3: layer 't': TripletLossParameter.distance has no value 'L3'; it "
       "takes SQUARED_L2, L2, COSINE, L1"},
      {"layer { name: 'p'\n pooling_param { kernel_size: big } }",
       "n:2: layer 'p': PoolingParameter.kernel_size wants an integer, found "
       "'big'"},
      {"layer { name: 'p'\n pooling_param { kernel_size: -1 } }",
       "n:2: layer 'p': PoolingParameter.kernel_size wants an integer of 0 or "
       "more, found '-'"},
      {"layer { name: 'p'\n type: CONVOLUTION }",
       "n:2: layer 'p': LayerParameter.type wants text in quotes, found "
       "'CONVOLUTION'"},
      {"layers { name: 'p'\n type: 'Convolution' }",
       "n:2: layer 'p': in 'layers', the form of 2014, a type is a name "
       "without quotes, found ''Convolution''; write this one as 'layer', "
       "which may stand among them"},
      {"layer { name: 'p' name: 'q' }",
       "n:1: layer 'p': 'name' is given twice"},
      {"force_backward: yes\nlayer { }",
       "n:1: NetParameter.force_backward wants true or false, found 'yes'"},
      {"input_dim: 99999999999\n",
       "n:1: NetParameter.input_dim is out of range: 99999999999"},
      {"layer { name: 'a }\n}",
       "n:1: a quote is opened here and not closed on this line"},
      {"layer { relu_param { negative_slope: much } }",
       "n:1: ReLUParameter.negative_slope wants a number, found 'much'"},
      {"layer\n name: 'a' }", "n:2: expected '{', found 'name'"},
      {"layer { name: 'a' }\n\xC3\xA9",
       "n:2: a character that is no plain text, outside quotes"},
      {"", "n: the file is empty"},
      {" \n\t", "n: the file is empty"},
      {"# nothing\n", "n: the net has no layers"},
      {"name: 'x'", "n: the net has no layers"},
      {"layer { name: 'a' } layers { name: 'b' type: RELU }", ""},
      {"layers { layer { name: 'b' type: 'relu' } }",
       "n:1: 'layer' inside 'layers' is Caffe's form of 2013, which is not "
       "read"},
      {"layers {\n name: 'b' }", "n:1: layer 'b' has no type"},
      {"layers {\n name: 'b' type: RELUU }",
       "n:2: layer 'b': LayerParameter.type has no value 'RELUU'; did you "
       "mean 'RELU'?"},
  };
  for (const Misspelling& c : cases) {
    EXPECT_EQ(c.message, NetError(c.text)) << c.text;
  }
}

TEST(PrototxtTest, EachMistakeInASolverIsOneLine) {
  const Misspelling cases[] = {
      {"base_lr: 0.1\nmax_itr: 3",
       "s:2: SolverParameter has no field 'max_itr'; did you mean "
       "'max_iter'?"},
      {"layer { name: 'a' }",
       "s:1: SolverParameter has no field 'layer'; is this a net, not a "
       "solver?"},
      {"base_lr: fast",
       "s:1: SolverParameter.base_lr wants a number, found "
       "'fast'"},
      {"solver_mode: TPU",
       "s:1: SolverParameter.solver_mode has no value "
       "'TPU'; it takes CPU, GPU"},
      {"type: 'Adam'\nsolver_type: SGD",
       "s:2: solver_type says SGD, type says Adam: keep one of them"},
      {"net_param {\n layer {\n name: 'a' botom: 'b' } }",
       "s:3: layer 'a': LayerParameter has no field 'botom'; did you mean "
       "'bottom'?"},
      {"", "s: the file is empty"},
  };
  for (const Misspelling& c : cases) {
    EXPECT_EQ(c.message, SolverError(c.text)) << c.text;
  }
}

TEST(PrototxtTest, BinaryGarbageIsNamedSo) {
  EXPECT_EQ("n: is a binary file, not a prototxt",
            NetError(std::string("\x0a\x05LeNet\x00\x01", 9)));
  std::string noise;
  for (int i = 0; i < 1000; ++i) noise += static_cast<char>(i * 7919 % 255 + 1);
  EXPECT_NE("", NetError(noise));
}

TEST(PrototxtTest, NoDamageDoesMoreThanThrow) {
  const std::string whole =
      "input: 'a' input_shape { dim: [2, 3] }\n"
      "layer { name: 'b' type: 'Pooling' bottom: 'a' top: \"b\"\n"
      "  pooling_param < pool: AVE kernel_size: 3 > # mean\n"
      "  rank_hard_loss_param { x: -1.5e3 } include: { phase: TEST } }\n"
      "layer: [ { name: 'c' }, { name: 'd' botom: 'b' } ]\n";
  NetParameter net;
  ParseNetPrototxt(whole, "n", &net);
  ASSERT_EQ(4, net.layer_size());
  EXPECT_EQ(
      "n:5: layer 'd': LayerParameter has no field 'botom'; did you mean "
      "'bottom'?",
      Thrown([&] { CheckUnknownFields(net.layer(3)); }));
  for (size_t i = 0; i < whole.size(); ++i) {
    NetError(whole.substr(0, i));
    NetError(whole.substr(i));
    for (char c : {'{', '}', ':', '\'', 'x', '\x80', '\x01', '[', '>'}) {
      std::string bad = whole;
      bad[i] = c;
      NetError(bad);
    }
  }
}

TEST(PrototxtTest, DeepNestingEnds) {
  std::string deep = "layer { name: 'a' x ";
  for (int i = 0; i < 100000; ++i) deep += "{ x ";
  EXPECT_NE("", NetError(deep));
}

TEST(PrototxtTest, UnknownFieldInALayerWaitsUntilTheLayerIsUsed) {
  NetParameter net;
  ParseNetPrototxt(
      "layer { name: 'a' type: 'Input' }\n"
      "layer { name: 'b' type: 'RankHardLoss' include { phase: TRAIN }\n"
      "  rank_hard_loss_param { neg_num: 10 a { std: 1 } }\n"
      "  bottom: 'x' }\n"
      "layer { name: 'c' type: 'Softmax' }\n",
      "n", &net);
  ASSERT_EQ(3, net.layer_size());
  EXPECT_EQ("x", net.layer(1).bottom(0));
  CheckUnknownFields(net.layer(0));
  CheckUnknownFields(net.layer(2));
  EXPECT_EQ(
      "n:3: layer 'b': LayerParameter has no field 'rank_hard_loss_param'; "
      "BatchTripletLoss mines its triplets in the batch, from embeddings and "
      "labels",
      Thrown([&] { CheckUnknownFields(net.layer(1)); }));
}

TEST(PrototxtTest, FilesThatAreNoFiles) {
  const TempFolder folder;
  NetParameter net;
  EXPECT_EQ(folder.File("x") + ": no such file",
            Thrown([&] { ReadNetFromPrototxt(folder.File("x"), &net); }));
  EXPECT_EQ(folder.path() + ": is a folder, a file was wanted",
            Thrown([&] { ReadNetFromPrototxt(folder.path(), &net); }));
  EXPECT_EQ("/dev/null: is not a plain file",
            Thrown([&] { ReadNetFromPrototxt("/dev/null", &net); }));
  SolverParameter solver;
  EXPECT_EQ(folder.File("s") + ": no such file",
            Thrown([&] { ReadSolverFromPrototxt(folder.File("s"), &solver); }));
}

TEST(PrototxtTest, OldInputHeaderBecomesAnInputLayer) {
  NetParameter net;
  ParseNetPrototxt(
      "name: 'x'\ninput: 'a'\ninput: 'b'\n"
      "input_dim: 1 input_dim: 3 input_dim: 4 input_dim: 5\n"
      "input_dim: 6 input_dim: 7 input_dim: 8 input_dim: 9\n"
      "layer { name: 'r' type: 'ReLU' }",
      "n", &net);
  ASSERT_EQ(2, net.layer_size());
  EXPECT_EQ("Input", net.layer(0).type());
  EXPECT_EQ("n:2", net.layer(0).source_location());
  EXPECT_EQ("r", net.layer(1).name());
  ASSERT_EQ(2, net.layer(0).top_size());
  EXPECT_EQ("b", net.layer(0).top(1));
  ASSERT_EQ(2, net.layer(0).input_param().shape_size());
  EXPECT_EQ(9, net.layer(0).input_param().shape(1).dim(3));
  EXPECT_EQ(0, net.input_size() + net.input_dim_size());
  ParseNetPrototxt("input: 'a' input_shape { dim: 2 dim: 3 }", "n", &net);
  ASSERT_EQ(1, net.layer_size());
  EXPECT_EQ(3, net.layer(0).input_param().shape(0).dim(1));
}

TEST(PrototxtTest, InputHeaderThatDoesNotAddUp) {
  EXPECT_EQ("n:2: 1 input want 4 input_dim, found 3",
            NetError("\ninput: 'a' input_dim: 1 input_dim: 1 input_dim: 1"));
  EXPECT_EQ("n:1: input 'a' has neither input_shape nor input_dim",
            NetError("input: 'a'"));
  EXPECT_EQ("n: input_dim is given, but no input", NetError("input_dim: 1"));
}

TEST(PrototxtTest, SolverKnowsItsLines) {
  SolverParameter solver;
  ParseSolverPrototxt("net: 'x'\n\nlr_policy: 'stp'\nsolver_type: ADAGRAD", "s",
                      &solver);
  EXPECT_EQ("s:3", FieldPlace(solver, "lr_policy"));
  EXPECT_EQ("s", FieldPlace(solver, "base_lr"));
  EXPECT_EQ("", FieldPlace(SolverParameter(), "base_lr"));
  EXPECT_EQ("AdaGrad", solver.type());
  EXPECT_FALSE(solver.has_solver_type());
}

TEST(PrototxtTest, NetInsideASolverIsStampedAndUpgraded) {
  SolverParameter solver;
  ParseSolverPrototxt(
      "net_param {\n input: 'a' input_shape { dim: 2 }\n"
      " layer { name: 'b' type: 'ReLU' } }\n"
      "test_net_param { layer { name: 'c' } }\n",
      "s", &solver);
  ASSERT_EQ(2, solver.net_param().layer_size());
  EXPECT_EQ("s:2", solver.net_param().layer(0).source_location());
  EXPECT_EQ("s:3", solver.net_param().layer(1).source_location());
  EXPECT_EQ("s:4", solver.test_net_param(0).layer(0).source_location());
}

TEST(PrototxtTest, BatchNormIsNotTheSolversBusiness) {
  NetParameter net;
  ParseNetPrototxt(
      "layer { type: 'BatchNorm' param { lr_mult: 1 } param { } param { } }",
      "n", &net);
  for (const ParamSpec& spec : net.layer(0).param()) {
    EXPECT_EQ(0, spec.lr_mult());
    EXPECT_EQ(0, spec.decay_mult());
  }
}

TEST(PrototxtTest, EverySharedPrototxtReads) {
  TERCET_SHARED_OR_SKIP(golden, "golden");
  int nets = 0, solvers = 0;
  for (const char* folder : {"golden", "bench/nets"}) {
    for (const std::string& path : SharedFiles(folder, ".prototxt")) {
      SCOPED_TRACE(path);
      if (path.find("solver") != std::string::npos) {
        SolverParameter solver;
        EXPECT_NO_THROW(ReadSolverFromPrototxt(path, &solver));
        EXPECT_TRUE(solver.has_base_lr());
        ++solvers;
        continue;
      }
      NetParameter net;
      EXPECT_NO_THROW(ReadNetFromPrototxt(path, &net));
      for (const LayerParameter& layer : net.layer()) {
        EXPECT_NO_THROW(CheckUnknownFields(layer));
        EXPECT_NE("", layer.type());
        EXPECT_EQ(0u, layer.source_location().find(path + ":"));
      }
      ++nets;
    }
  }
  EXPECT_GE(nets, 30);
  EXPECT_GE(solvers, 8);
}

TEST(SuggestTest, NearestNameFirst) {
  const std::vector<std::string> names = {
      "Convolution", "Deconvolution", "Concat", "ReLU", "PReLU", "Power"};
  EXPECT_EQ("; did you mean 'Convolution'?", DidYouMean("Convolutoin", names));
  EXPECT_EQ("; did you mean 'ReLU' or 'PReLU'?", DidYouMean("Relu", names, 2));
  EXPECT_EQ("", DidYouMean("CenterLoss", names));
  EXPECT_EQ("", DidYouMean("", names));
  EXPECT_EQ(1, EditDistance("abcd", "abdc"));
  EXPECT_EQ(3, EditDistance("", "abc"));
}

}  // namespace caffe
