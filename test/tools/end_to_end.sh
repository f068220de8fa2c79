#!/usr/bin/env bash
# The way of a user, small: render people, train the demo's net a little, stop
# and resume, and run each tool on the result.
#
#   end_to_end.sh TOOLS_DIR
set -euo pipefail
tools=$(cd "$1" && pwd)
source=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

fail() { echo "FAILED: $*" >&2; exit 1; }

"$tools/make_faces" --out=faces --identities=10 --images=4 --seed=3 >/dev/null
mkdir out
for file in train_val solver deploy; do
  sed -e 's|"\.demo/faces"|"faces"|; s|"\.demo/face_triplet"|"out/net"|' \
    -e 's|"models/face_triplet/|"|' \
    -e 's/identities_per_batch: 24/identities_per_batch: 6/' \
    -e 's/max_iter: 800/max_iter: 12/; s/snapshot: 400/snapshot: 6/' \
    "$source/models/face_triplet/$file.prototxt" >"$file.prototxt"
done

"$tools/train" --solver=solver.prototxt 2>train.log || fail "train: $(tail -n 1 train.log)"
cp out/net_iter_12.caffemodel straight.caffemodel
rm out/net_iter_12.*
"$tools/train" --solver=solver.prototxt --resume=auto --threads=1 2>resume.log ||
  fail "resume: $(tail -n 1 resume.log)"
cmp out/net_iter_12.caffemodel straight.caffemodel ||
  fail "a resumed run differs from a straight one"

weights=out/net_iter_12.caffemodel
"$tools/evaluate" --model=deploy.prototxt --weights=$weights --images=faces \
  --fold=0 --of=5 --format=json >figures.json
grep -qE '^\{"people": 2, "images": 8, .*"eer": [01]\.[0-9]+, .*\}$' figures.json ||
  fail "evaluate: $(cat figures.json)"
"$tools/extract" --model=deploy.prototxt --weights=$weights --images=faces \
  --blob=embedding --out=embedding.npy
# 40 rows of 64 floats behind a header of 128 bytes.
[ "$(stat -c %s embedding.npy)" -eq $((128 + 40 * 64 * 4)) ] ||
  fail "extract: embedding.npy has $(stat -c %s embedding.npy) bytes"

# The same figures from the net and from its embeddings, for any number of
# threads, on stdout and in a file.
evaluate() { "$tools/evaluate" --model=deploy.prototxt --weights=$weights --images=faces "$@"; }
evaluate --format=json --threads=1 --out=one.json >net.json 2>evaluate.log ||
  fail "evaluate: $(cat evaluate.log)"
cmp one.json net.json || fail "evaluate: --out differs from stdout"
evaluate --format=json --threads=2 >two.json 2>evaluate.log
cmp two.json net.json || fail "evaluate: two threads differ from one"
"$tools/evaluate" --embeddings=embedding.npy --list=faces --format=json >array.json
cmp array.json net.json || fail "evaluate: the embeddings differ from the net"
[ "$(wc -l <embedding.npy.list)" = "$(ls faces/*/* | wc -l)" ] ||
  fail "extract: no name for each row"
"$tools/evaluate" --embeddings=embedding.npy --format=json >array.json
cmp array.json net.json || fail "evaluate: extract's names tell of other rows"
evaluate --flip=concat --distance=cosine --bootstrap=0 --format=json \
  --subtract_mean --fold=0 --of=2 >mean.json
grep -q '"mean_source": "the people of the other folds"' mean.json ||
  fail "evaluate --flip=concat --subtract_mean"
evaluate --format=json --distance=l1 --out=l1.json >/dev/null 2>&1
evaluate --format=json --fold=0 --of=2 --out=half.json >/dev/null 2>&1
"$tools/evaluate" --compare net.json l1.json net.json half.json >compared ||
  fail "evaluate --compare"
grep -q '^net.json - net.json: ROC AUC +0.0000  \[+0.0000, +0.0000\], ' compared ||
  fail "a report differs from itself: $(cat compared)"
grep -q '^l1.json - net.json: ROC AUC .*\], EER .*\]$' compared ||
  fail "no paired interval: $(cat compared)"
"$tools/evaluate" --compare net.json half.json --format=json >compared.json ||
  fail "evaluate --compare --format=json"
grep -q '"differences": \[{"file": "half.json", .*"no_interval": "they judge other pairs"}\]}$' \
  compared.json || fail "evaluate --compare --format=json: $(cat compared.json)"
grep -q '^half.json - net.json: .* (no interval: they judge other pairs)$' compared ||
  fail "an interval over different pairs: $(cat compared)"
if command -v python3 >/dev/null; then
  python3 -m json.tool net.json >/dev/null || fail "evaluate: no JSON: $(cat net.json)"
fi
evaluate --train_list=faces 2>&1 >/dev/null | grep -q '10 of the people judged were trained on' ||
  fail "evaluate does not warn of people who were trained on"
if command -v gnuplot >/dev/null; then
  evaluate --bootstrap=0 --plots=plots >/dev/null 2>plots.log ||
    fail "evaluate --plots: $(tail -n 1 plots.log)"
  for picture in roc det distances worst_pairs; do
    [ -s plots/$picture.svg ] && [ -s plots/$picture.png ] ||
      fail "evaluate: no plots/$picture"
  done
fi
# What the pairs do not allow is refused behind the report, with what they do.
evaluate --bootstrap=0 --threshold_far=0.00001 --write_threshold >figures 2>evaluate.log &&
  fail "evaluate writes a threshold that the pairs do not support"
grep -q '^ROC AUC' figures || fail "evaluate: no report where the threshold is refused"
least=$(sed -n 's/.*the least that they allow is --threshold_far=//p' evaluate.log)
evaluate --bootstrap=0 --threshold_far="$least" --write_threshold >/dev/null 2>evaluate.log ||
  grep -q 'the least that accepts a genuine pair' evaluate.log ||
  fail "evaluate --threshold_far=$least: $(cat evaluate.log)"
rm -f $weights.threshold
evaluate --threshold_far=0.01 --write_threshold >/dev/null 2>evaluate.log ||
  fail "evaluate --write_threshold: $(cat evaluate.log)"
evaluate --bootstrap=0 --threshold_far=0.02 --write_threshold --format=json >json 2>log
grep -q '^W.*threshold .*for FAR 0.02) replaces threshold .*for FAR 0.01)' log ||
  fail "evaluate --write_threshold does not say what it replaces: $(cat log)"
grep -q "\"threshold\": $(sed -n 's/^threshold: //p' $weights.threshold)," json ||
  fail "the threshold of the JSON is not the one of the file"
evaluate --bootstrap=0 --threshold_far=0.01 --write_threshold >/dev/null 2>&1

# Two images by a threshold: above and below their distance, and from a file,
# whose settings are used.
images=(faces/*/*)
pair=("${images[0]}" "${images[1]}")
verify() { "$tools/verify" --model=deploy.prototxt --weights=$weights "$@" "${pair[@]}"; }
distance() { sed -E 's/.*"distance": ([^,]*),.*/\1/'; }
said=$(verify 2>verify.log)
case $said in *"threshold from $weights.threshold)") ;;
  *) fail "verify by the threshold of evaluate: $said" ;; esac
! grep -qi 'warn\|other weights' verify.log || fail "verify: $(cat verify.log)"
d=$(verify --threshold=0 --flip --distance=l1 --format=json 2>/dev/null | distance)
for side in "0.999 different persons" "1.001 same person"; do
  t=$(awk -v d="$d" -v by="${side%% *}" 'BEGIN { print d * by }')
  said=$(verify --threshold="$t" --flip --distance=l1 2>/dev/null)
  case $said in "${side#* }: "*"(l1, threshold from --threshold)") ;;
    *) fail "verify at $side: $said" ;; esac
  echo "threshold: $t distance: 'l1' flip: true" >$weights.threshold
  said=$(verify 2>verify.log)
  case $said in "${side#* }: "*"(l1, threshold from $weights.threshold)") ;;
    *) fail "verify by a file at $side: $said" ;; esac
  ! grep -q 'other weights' verify.log || fail "verify: $(cat verify.log)"
done
[ "$(verify --format=json 2>/dev/null | distance)" = "$d" ] ||
  fail "verify does not use the settings of the threshold's file"
[ "$(verify --threshold=0 --distance=l1 --format=json 2>/dev/null | distance)" != "$d" ] ||
  fail "a mirror image changes no distance"
echo "weights_hash: 1" >>$weights.threshold
verify 2>&1 >/dev/null | grep -q 'other weights' || fail "verify does not see other weights"

# A list mined with an untrained net, whose paths hold from any folder, and a
# few iterations on it.
mkdir -p lists "people of mine"
cp -r faces/person_000[1-4] "people of mine"
for mining in hard semi_hard; do
  for threads in 1 2; do
    "$tools/mine_triplets" --model=deploy.prototxt --weights=none --threads=$threads \
      --images="people of mine" --mining=$mining --out=lists/$mining.$threads >mined.txt
  done
  cmp lists/$mining.1 lists/$mining.2 || fail "$mining: threads change the list"
done
# 16 anchors with 3 positives each.
[ "$(wc -l <lists/hard.1)/$(wc -l <lists/semi_hard.1)" = 16/48 ] ||
  fail "mine_triplets: $(cat mined.txt)"
awk -F '\t' '{ for (i = 1; i <= 3; ++i) { who[i] = $i; sub("/[^/]*$", "", who[i]) } }
  who[1] != who[2] || who[1] == who[3] || $1 == $2 { exit 1 }' lists/* ||
  fail "mine_triplets: a line is no triplet"
cat >triplet_net.prototxt <<'END'
layer { name: "data" type: "TripletData" top: "data"
  transform_param { scale: 0.0078125 }
  triplet_data_param { source: "lists/semi_hard.1" batch_size: 4 } }
layer { name: "fc" type: "InnerProduct" bottom: "data" top: "fc"
  inner_product_param { num_output: 8 weight_filler { type: "xavier" } } }
layer { name: "unit" type: "Normalize" bottom: "fc" top: "unit" }
layer { name: "cut" type: "Slice" bottom: "unit" top: "a" top: "p" top: "n"
  slice_param { axis: 0 } }
layer { name: "loss" type: "TripletLoss" bottom: "a" bottom: "p" bottom: "n"
  top: "loss" }
END
cat >triplet_solver.prototxt <<'END'
net: "triplet_net.prototxt" base_lr: 0.001 lr_policy: "fixed" max_iter: 3
snapshot_prefix: "out/mined" random_seed: 1
END
"$tools/train" --solver=triplet_solver.prototxt 2>mined.log ||
  fail "train on mined triplets: $(tail -n 1 mined.log)"

# The middle of a larger image: by the input's own options, and by slices.
cat >cropped.prototxt <<'END'
layer { name: "data" type: "Input" top: "data"
  input_param { shape { dim: 8 dim: 1 dim: 64 dim: 64 } new_height: 70 new_width: 72 }
  transform_param { crop_size: 64 scale: 0.5 } }
layer { name: "same" type: "Power" bottom: "data" top: "same" }
END
cat >sliced.prototxt <<'END'
layer { name: "data" type: "Input" top: "data"
  input_param { shape { dim: 8 dim: 1 dim: 70 dim: 72 } }
  transform_param { scale: 0.5 } }
layer { name: "rows" type: "Slice" bottom: "data" top: "r1" top: "r2" top: "r3"
  slice_param { axis: 2 slice_point: 3 slice_point: 67 } }
layer { name: "columns" type: "Slice" bottom: "r2" top: "c1" top: "same" top: "c3"
  slice_param { axis: 3 slice_point: 4 slice_point: 68 } }
END
for net in cropped sliced; do
  "$tools/extract" --model=$net.prototxt --images=faces --blob=same --out=$net.npy
done
cmp cropped.npy sliced.npy || fail "an image's crop is not its middle"
# The same by flags, over a net that says something else.
sed -e 's/new_height: 70 new_width: 72/new_height: 64 new_width: 64/' \
  -e 's/scale: 0.5/scale: 3 mean_value: 9/' cropped.prototxt >other.prototxt
"$tools/extract" --model=other.prototxt --images=faces --blob=same --out=flags.npy \
  --resize=70x72 --crop=64 --scale=0.5 --mean_value=0
cmp flags.npy cropped.npy || fail "flags do not replace what the net says"

sed -i 's/identities_per_batch: 6/identities_per_batch: 2/' train_val.prototxt
"$tools/test" --model=train_val.prototxt --weights=$weights --iterations=2 >test.txt
[ "$(grep -c '^\(loss\|active\)' test.txt)" -eq 2 ] || fail "test: $(cat test.txt)"
"$tools/inspect" --model=deploy.prototxt | grep -q 'parameters' || fail inspect
"$tools/time" --model=deploy.prototxt --phase=TEST --iterations=1 --format=json |
  grep -q '"total"' || fail time
echo "end to end: train, resume, evaluate, extract, mine_triplets, verify, test, inspect, time"
