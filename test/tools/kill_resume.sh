#!/usr/bin/env bash
# Kills a training run 20 times at random moments, each time going on with
# --resume=auto, and compares the weights with those of a run left alone.
#
# usage: kill_resume.sh TRAIN [KILLS], where TRAIN is the program tools/train
set -u
train=$1
kills=${2:-20}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder" || exit 1

fail() {
  echo "FAILED: $1 (seed $seed)" >&2
  [ -f log ] && tail -n 5 log >&2
  exit 1
}

# A seed, so that a failure's moments can be repeated as far as time allows.
seed=${KILL_SEED:-$RANDOM}
RANDOM=$seed

cat > net.prototxt <<'END'
name: "tiny"
layer { name: "data" type: "DummyData" top: "data" top: "target"
  dummy_data_param {
    shape { dim: 8 dim: 16 } shape { dim: 8 dim: 4 }
    data_filler { type: "gaussian" } } }
layer { name: "fc" type: "InnerProduct" bottom: "data" top: "fc"
  inner_product_param { num_output: 4 weight_filler { type: "xavier" } } }
layer { name: "loss" type: "EuclideanLoss" bottom: "fc" bottom: "target"
  top: "loss" }
END
solver() {
  cat <<END
net: "net.prototxt" base_lr: 0.01 lr_policy: "fixed" momentum: 0.9
max_iter: 1500 random_seed: 7 solver_mode: CPU
snapshot: 3 snapshot_prefix: "$1/tiny"
END
}
mkdir straight killed
solver straight > straight.prototxt
solver killed > killed.prototxt
last=tiny_iter_1500

"$train" --solver=straight.prototxt --threads=1 2> log || fail "straight run"
cp "straight/$last.caffemodel" expected
rm -r straight

compare() {
  cmp -s expected "killed/$last.caffemodel" || fail "weights differ"
  [ -z "$(find killed -name '*.tmp*')" ] || fail "a half-written file is left"
}

killed=0
resumed=0
while [ "$killed" -lt "$kills" ]; do
  "$train" --solver=killed.prototxt --resume=auto --threads=1 2> log &
  pid=$!
  sleep "0.$((RANDOM % 350 + 50))"
  if kill -9 "$pid" 2> kill_log; then killed=$((killed + 1)); fi
  wait "$pid" 2> kill_log
  status=$?
  grep -q "Resuming from" log && resumed=$((resumed + 1))
  if [ "$status" -eq 0 ]; then  # it was over before the kill
    compare
    rm -rf killed && mkdir killed
  elif [ "$status" -ne 137 ]; then
    fail "exit code $status after $killed kills"
  fi
done
"$train" --solver=killed.prototxt --resume=auto --threads=2 2> log ||
  fail "last run"
grep -q "Resuming from" log && resumed=$((resumed + 1))
compare
[ "$resumed" -gt 0 ] || fail "no run was ever resumed"
echo "$killed kills, $resumed resumed runs, the same weights (seed $seed)"
