// The tables of foreign_names.hpp.
#include "core/foreign_names.hpp"

#include <cctype>

namespace caffe {

namespace {

constexpr char kImages[] =
    "images come from IdentityData (a folder of people, or a list of `path "
    "label` lines) or TripletData while training, and into an Input layer "
    "afterwards";
constexpr char kDepthwise[] =
    "write Convolution with group: the number of channels, and the same "
    "num_output; the weights fit as they are";
constexpr char kBatchNorm[] =
    "write BatchNorm and behind it Scale with bias_term: true, which have the "
    "weights apart";
constexpr char kNormalize[] =
    "Normalize gives each row the length 1; a learned factor is a Scale layer "
    "behind it";
constexpr char kMining[] =
    "BatchTripletLoss mines its triplets in the batch, from embeddings and "
    "labels";
constexpr char kAngular[] =
    "MarginInnerProduct has the margins of SphereFace, CosFace (type: COSINE) "
    "and ArcFace (type: ANGULAR); SoftmaxWithLoss follows it";
constexpr char kEnlarges[] =
    "no layer here enlarges a map: leave out the branch that needs it, or take "
    "a net for embeddings, which only makes maps smaller";
constexpr char kSequence[] = "no layer here works on sequences";
constexpr char kDetection[] =
    "detectors are not run here; give the net that embeds aligned faces";
constexpr char kClip[] =
    "ReLU is not bounded above; min(x, 6) after it is Power (scale: -1 shift: "
    "6), ReLU and Power (scale: -1 shift: 6)";
constexpr char kActivation[] =
    "of activations there are ReLU, PReLU, Sigmoid and TanH";
constexpr char kSwish[] =
    "x sigmoid(x) is a Sigmoid layer and Eltwise with operation: PROD";
constexpr char kLoss[] =
    "of losses on classes there is SoftmaxWithLoss";
constexpr char kOrder[] =
    "no layer here changes the order of axes or channels";
constexpr char kGate[] =
    "write Scale with two bottoms, the maps and the factors as N x C "
    "(Flatten), and axis: 0";
constexpr char kSplitAside[] = "Slice cuts a blob along an axis";

// By the name in small letters, without underscores.
struct TypeHint {
  const char* type;
  const char* instead;
};
constexpr TypeHint kTypes[] = {
    // Data.
    {"data", kImages}, {"imagedata", kImages}, {"hdf5data", kImages},
    {"memorydata", kImages}, {"windowdata", kImages},
    {"annotateddata", kImages}, {"imagelabeldata", kImages},
    {"multilabeldata", kImages}, {"labeldata", kImages},
    {"tripletimagedata", kImages}, {"filedata", kImages},
    {"pairdata", kImages}, {"denseimagedata", kImages},
    {"hdf5output", "tercet extract writes a blob to a file"},
    {"python",
     "layers in Python are not run; a layer that selects triplets is Slice "
     "and TripletLoss, or BatchTripletLoss; another one can be written in "
     "C++ and loaded by --layers"},
    {"flip",
     "images are mirrored by transform_param { mirror: true } in training, "
     "and by --flip of extract and evaluate"},
    // Convolutions and maps.
    {"depthwiseconvolution", kDepthwise},
    {"convolutiondepthwise", kDepthwise}, {"depthwiseconv", kDepthwise},
    {"convdw", kDepthwise}, {"convolutiondw", kDepthwise},
    {"separableconvolution", kDepthwise},
    {"deformableconvolution",
     "Convolution has no offsets that are learned"},
    {"deconvolution", kEnlarges}, {"interp", kEnlarges},
    {"upsample", kEnlarges}, {"unpooling", kEnlarges},
    {"resize", kEnlarges}, {"pixelshuffle", kEnlarges},
    {"im2col", "Convolution does this itself"},
    {"spp", "several Pooling layers, Flatten and Concat are the same"},
    {"crop", kSplitAside}, {"filter", kSplitAside},
    {"batchreindex", kSplitAside},
    {"tile", "Scale with two bottoms repeats the second one along axes"},
    {"permute", kOrder}, {"transpose", kOrder}, {"shufflechannel", kOrder},
    {"channelshuffle", kOrder}, {"reverse", kOrder},
    {"axpy",
     "write Scale with two bottoms, the maps and the factors as N x C "
     "(Flatten), and axis: 0, then Eltwise, which adds the rest"},
    {"channelscale", kGate}, {"channelwisescale", kGate},
    {"broadcastmul", kGate}, {"scalechannel", kGate},
    // Norms.
    {"bn", kBatchNorm}, {"batchnormalization", kBatchNorm},
    {"batchnormscale", kBatchNorm}, {"cudnnbatchnorm", kBatchNorm},
    {"syncbatchnorm", kBatchNorm}, {"syncbn", kBatchNorm},
     {"fusedbatchnorm", kBatchNorm},
    {"instancenorm", "BatchNorm takes its statistics over the batch"},
    {"groupnorm", "BatchNorm takes its statistics over the batch"},
    {"layernorm", "BatchNorm takes its statistics over the batch"},
    {"mvn",
     "transform_param { standardize: true } does it to images, BatchNorm to "
     "blobs"},
    {"l2normalization", kNormalize}, {"l2normalize", kNormalize},
    {"l2norm", kNormalize}, {"norml2", kNormalize}, {"norm", kNormalize},
    {"normalization", kNormalize}, {"normalizelayer", kNormalize},
    {"unitnorm", kNormalize},
    // Element by element.
    {"relu6", kClip}, {"clip", kClip}, {"elu", kActivation},
    {"selu", kActivation}, {"crelu", kActivation},
    {"rrelu", kActivation}, {"gelu", kActivation}, {"mish", kActivation},
    {"bnll", kActivation},
    {"hardswish", kActivation}, {"hswish", kActivation},
    {"hardsigmoid", kActivation}, {"hsigmoid", kActivation},
    {"swish", kSwish}, {"silu", kSwish},
    {"absval",
     "|x| is Power (scale: -1) and Eltwise with operation: MAX over x and "
     "-x"},
    {"exp", "Power has a power, a scale and a shift"},
    {"log", "Power has a power, a scale and a shift"},
    {"threshold", "evaluate and verify hold distances against a threshold"},
    {"argmax", "Accuracy compares it with labels, and extract writes scores"},
    {"embed", "InnerProduct does it to rows with a 1 each"},
    {"parameter",
     "weights belong to layers; those of one param { name } are shared"},
    {"lstm", kSequence}, {"lstmunit", kSequence}, {"rnn", kSequence},
    {"recurrent", kSequence}, {"gru", kSequence},
    {"continuationindicator", kSequence}, {"ctcloss", kSequence},
    // Losses on classes.
    {"sigmoidcrossentropyloss", kLoss}, {"hingeloss", kLoss},
    {"infogainloss", kLoss}, {"focalloss", kLoss},
    {"smoothl1loss", "EuclideanLoss is the squared distance"},
    {"huberloss", "EuclideanLoss is the squared distance"},
    {"multinomiallogisticloss",
     "SoftmaxWithLoss takes the scores before the Softmax layer"},
    {"weightedsoftmaxwithloss", kLoss}, {"softmaxwithlossweighted", kLoss},
    {"marginsoftmax", kAngular}, {"amsoftmax", kAngular},
    {"largemargininnerproduct", kAngular}, {"lsoftmax", kAngular},
    {"asoftmax", kAngular}, {"labelspecificadd", kAngular},
    {"labelspecificmargin", kAngular}, {"cosinadd", kAngular},
    {"cosinaddm", kAngular}, {"cosinemargin", kAngular},
    {"arcface", kAngular}, {"cosface", kAngular},
    {"combinedmargin", kAngular}, {"innerdistance", kAngular},
    {"normalizedinnerproduct", kAngular},
    // Losses on embeddings.
    {"sharedcenterloss", "CenterLoss is that of one batch"},
    {"generaltripletloss", kMining}, {"rankhardloss", kMining},
    {"tripletselect", kMining}, {"tripletselection", kMining},
    {"batchhardtripletloss", kMining}, {"tripletsemihardloss", kMining},
    {"hardtripletloss", kMining}, {"tripletrankingloss", kMining},
    {"rankloss", kMining}, {"tripletlossv2", kMining},
    {"generalcontrastiveloss",
     "ContrastiveLoss takes given pairs, MultibatchLoss all of a batch"},
    {"liftedstructuresoftmaxloss", "write LiftedStructureLoss"},
    {"liftedstructsimilaritysoftmaxloss", "write LiftedStructureLoss"},
    {"npairmcloss", "write NPairLoss"}, {"npairsloss", "write NPairLoss"},
    {"magnetloss", "CenterLoss and the losses over a batch are there"},
    // Detectors.
    {"priorbox", kDetection}, {"detectionoutput", kDetection},
    {"multiboxloss", kDetection}, {"roipooling", kDetection},
    {"psroipooling", kDetection}, {"proposal", kDetection},
    {"detectionevaluate", kDetection}, {"roialign", kDetection},
    {"regionloss", kDetection}, {"yolov3detectionoutput", kDetection},
};

constexpr char kScaleBehind[] =
    "a Scale layer with bias_term: true behind it has the factor and the bias, "
    "and its own two weights";
constexpr char kNormScale[] =
    "Normalize gives each row the length 1 over all its axes (across_spatial: "
    "true); a learned factor is a Scale layer behind it";
constexpr char kRates[] =
    "the rates of weights stand in param { lr_mult: ... decay_mult: ... }, one "
    "a weight";
constexpr char kEngine[] = "leave it out: the way is chosen by the shapes";
constexpr char kUnitProduct[] =
    "put a Normalize layer before it; MarginInnerProduct is a product with "
    "rows and weights of length 1";
constexpr char kQuantized[] =
    "leave it out: all is computed in float, from the weights in float";
constexpr char kFormat[] =
    "leave it out: the order of values in memory is chosen by itself";
constexpr char kPrecision[] =
    "leave it out: values are float; on a GPU the solver's math: TF32 is the "
    "faster way";
constexpr char kThreeBottoms[] =
    "here anchor, positive and negative are three bottoms, made by "
    "TripletData or by a Slice";

// By message and field; "" for the message: of any.
struct FieldHint {
  const char* message;
  const char* field;
  const char* instead;
};
constexpr FieldHint kFields[] = {
    {"BatchNormParameter", "scale_filler", kScaleBehind},
    {"BatchNormParameter", "bias_filler", kScaleBehind},
    {"BatchNormParameter", "scale_bias", kScaleBehind},
    {"BatchNormParameter", "bias_term", kScaleBehind},
    {"BatchNormParameter", "slope_filler", kScaleBehind},
    {"LayerParameter", "bn_param", kBatchNorm},
    {"LayerParameter", "norm_param",
     "Normalize has normalize_param, and gives each row the length 1 over "
     "all its axes (across_spatial: true); a learned factor is a Scale layer "
     "behind it"},
    {"NormalizeParameter", "across_spatial", kNormScale},
    {"NormalizeParameter", "channel_shared", kNormScale},
    {"NormalizeParameter", "scale_filler", kNormScale},
    {"LayerParameter", "blobs_lr", kRates},
    {"LayerParameter", "weight_decay", kRates},
    {"LayerParameter", "interp_param", kEnlarges},
    {"LayerParameter", "permute_param", kOrder},
    {"LayerParameter", "flip_param",
     "images are mirrored by transform_param { mirror: true } in training, "
     "and by --flip of extract and evaluate"},
    {"LayerParameter", "general_triplet_loss_param", kMining},
    {"LayerParameter", "rank_hard_loss_param", kMining},
    {"LayerParameter", "triplet_param",
     "TripletLoss has triplet_loss_param"},
    {"LayerParameter", "label_specific_add_param", kAngular},
    {"LayerParameter", "large_margin_inner_product_param", kAngular},
    {"LayerParameter", "depthwise_convolution_param", kDepthwise},
    {"LayerParameter", "include_phase", "write include { phase: TRAIN }"},
    {"TransformationParameter", "resize_param",
     "new_height and new_width of the data layer resize images"},
    {"TransformationParameter", "distort_param",
     "max_contrast and max_brightness vary the light"},
    {"TransformationParameter", "color_distort",
     "max_contrast and max_brightness vary the light"},
    {"TransformationParameter", "rotate", "max_rotation turns images"},
    {"TransformationParameter", "max_rotation_angle",
     "max_rotation turns images"},
    {"TripletLossParameter", "alpha",
     "the margin is written margin: here"},
    {"BatchTripletLossParameter", "alpha",
     "the margin is written margin: here"},
    {"TripletLossParameter", "num_triplets",
     "here a row is one triplet; give one row for each"},
    {"TripletLossParameter", "sim_type",
     "the distance is written distance: SQUARED_L2, L2, COSINE or L1"},
    {"TripletLossParameter", "mu",
     "there is intra_weight: and intra_margin:"},
    {"TripletLossParameter", "sample", kThreeBottoms},
    {"TripletLossParameter", "separate", kThreeBottoms},
    {"TripletLossParameter", "ids_per_batch", kThreeBottoms},
    {"TripletLossParameter", "num_per_id", kThreeBottoms},
    {"PoolingParameter", "ceil_mode",
     "write round_mode: CEIL, the default, or round_mode: FLOOR for ceil_mode: "
     "false"},
    {"DropoutParameter", "scale_train",
     "leave it out: what Dropout keeps is scaled in training, as with "
     "scale_train: true"},
    {"BatchTripletLossParameter", "swap",
     "each image of a batch is an anchor in its turn, so leave swap out"},
    {"InnerProductParameter", "normalize", kUnitProduct},
    {"InnerProductParameter", "normalize_weight", kUnitProduct},
    {"InnerProductParameter", "weight_norm", kUnitProduct},
    {"LayerParameter", "quantization_param", kQuantized},
    {"NetParameter", "quantization_param", kQuantized},
    {"", "weight_format", kFormat},
    {"", "bottom_format", kFormat},
    {"", "top_format", kFormat},
    {"", "bw_layers", kQuantized},
    {"LayerParameter", "forward_type", kPrecision},
    {"LayerParameter", "backward_type", kPrecision},
    {"LayerParameter", "forward_math", kPrecision},
    {"LayerParameter", "backward_math", kPrecision},
    {"LayerParameter", "cudnn_math_override", kPrecision},
    {"NetParameter", "default_forward_type", kPrecision},
    {"NetParameter", "default_backward_type", kPrecision},
    {"NetParameter", "default_forward_math", kPrecision},
    {"NetParameter", "default_backward_math", kPrecision},
    {"NetParameter", "global_grad_scale", kPrecision},
    {"NetParameter", "default_conv_algos_override", kEngine},
    {"", "conv_algos_override", kEngine},
    {"", "cudnn_convolution_algo_seeker", kEngine},
    {"", "engine", kEngine},
    {"", "force_cudnn", kEngine},
};

}  // namespace

std::string InsteadOfType(const std::string& type) {
  std::string name;
  for (const char c : type) {
    if (c != '_') name += std::tolower(static_cast<unsigned char>(c));
  }
  for (const TypeHint& hint : kTypes) {
    if (name == hint.type) return hint.instead;
  }
  return "";
}

std::string InsteadOfField(const std::string& message,
                           const std::string& field) {
  const char* of_any = "";
  for (const FieldHint& hint : kFields) {
    if (field != hint.field) continue;
    if (message == hint.message) return hint.instead;
    if (*hint.message == '\0') of_any = hint.instead;
  }
  return of_any;
}

}  // namespace caffe
