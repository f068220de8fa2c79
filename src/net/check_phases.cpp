// What a net in phase TEST does in another way than in training though nobody
// may have meant it. Warned of, not refused: each of it may be wanted.
#include "caffe/net.hpp"

#include "data/image_treatment.hpp"
#include "net/check_phases.hpp"
#include "net/filter.hpp"

namespace caffe {

namespace {

// Reads images itself: no bottom, and no layer that is known to read none.
bool ReadsImages(const LayerParameter& layer) {
  return layer.bottom_size() == 0 && layer.top_size() > 0 &&
         layer.type() != "Input" && layer.type() != "DummyData" &&
         layer.type() != "Parameter";
}

// Statistics of the batch, masks that are drawn: of layers for training.
void WarnOfLayer(const LayerParameter& layer) {
  const bool trains = layer.has_phase() && layer.phase() == TRAIN;
  if (layer.type() == "BatchNorm") {
    const BatchNormParameter& param = layer.batch_norm_param();
    if (param.has_use_global_stats() ? param.use_global_stats() : !trains) {
      return;
    }
    LOG(WARNING) << LayerPlace(layer) << ": takes the mean and variance of the "
                 << "batch in phase TEST ("
                 << (param.has_use_global_stats() ? "use_global_stats: false"
                                                  : "phase: TRAIN")
                 << "), so what comes out for an image hangs on the images "
                 << "beside it; without that it takes those of the training";
  } else if (layer.type() == "Dropout" && trains) {
    LOG(WARNING) << LayerPlace(layer) << ": drops values in phase TEST (phase: "
                 << "TRAIN), so what comes out for an image is drawn anew each "
                 << "time";
  }
}

}  // namespace

const LayerParameter* TrainDataLayer(const NetParameter& file,
                                     const LayerParameter& tested) {
  NetState state = file.state();
  state.set_phase(TRAIN);
  NetState here = file.state();
  here.set_phase(TEST);
  const LayerParameter* first = nullptr;
  for (const LayerParameter& layer : file.layer()) {
    if (!ReadsImages(layer) || !KeepsLayer(state, layer) ||
        KeepsLayer(here, layer)) {
      continue;
    }
    for (const string& top : layer.top()) {
      if (tested.top_size() > 0 && top == tested.top(0)) return &layer;
    }
    if (first == nullptr) first = &layer;
  }
  return first;
}

void WarnOfTreatment(const NetParameter& file, const LayerParameter& tested,
                     const ImageTreatment& found, const string& advice) {
  const LayerParameter* const trained = TrainDataLayer(file, tested);
  if (trained == nullptr) return;
  const string differences = Differences(found, TreatmentOf(*trained));
  if (differences.empty()) return;
  LOG(WARNING) << LayerPlace(tested) << ": gives the net other images than "
               << LayerPlace(*trained) << " does in training: " << differences
               << advice;
}

void WarnOfPhase(const NetParameter& file, const NetParameter& kept) {
  if (kept.state().phase() != TEST) return;
  bool warned = false;  // of images once, so that no file takes long
  for (const LayerParameter& layer : kept.layer()) {
    WarnOfLayer(layer);
    if (warned || !ReadsImages(layer)) continue;
    warned = true;
    WarnOfTreatment(file, layer, TreatmentOf(layer), "");
  }
}

}  // namespace caffe
