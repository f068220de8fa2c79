#!/usr/bin/env bash
# Two runs into one snapshot prefix: the second is refused while the first
# lives; what a killed run leaves behind stops nobody.
#
# usage: two_runs.sh TRAIN, where TRAIN is the program tools/train
set -u
train=$1
folder=$(mktemp -d)
first=""
trap '[ -z "$first" ] || kill -9 "$first" 2> /dev/null; rm -rf "$folder"' EXIT
cd "$folder" || exit 1

fail() {
  echo "FAILED: $1" >&2
  tail -n 5 log second.log >&2
  exit 1
}

cat > net.prototxt <<'END_NET'
layer { name: "data" type: "DummyData" top: "data"
  dummy_data_param { shape { dim: 1 dim: 1 } data_filler { value: 1 } } }
layer { name: "fc" type: "InnerProduct" bottom: "data" top: "fc"
  inner_product_param { num_output: 1 } }
layer { name: "loss" type: "Reduction" bottom: "fc" top: "loss"
  loss_weight: 1 }
END_NET
solver() {  # prefix, iterations
  cat <<END_SOLVER
net: "net.prototxt" base_lr: 0 lr_policy: "fixed" random_seed: 7
max_iter: $2 snapshot: 1000 snapshot_prefix: "$1" solver_mode: CPU
END_SOLVER
}
solver run 100000000 > long.prototxt
solver run 1 > short.prototxt
solver other 1 > other.prototxt

"$train" --solver=long.prototxt --threads=1 2> log &
first=$!
for _ in $(seq 200); do
  [ -s run_iter_1000.solverstate ] && break
  sleep 0.05
done
[ -s run_iter_1000.solverstate ] || fail "the first run writes nothing"

"$train" --solver=short.prototxt --threads=1 2> second.log
[ $? -eq 1 ] || fail "the second run was not refused"
grep -q "process $first on host" second.log || fail "the first is not named"
grep -q "short.prototxt:2: " second.log || fail "the field is not named"
[ "$(wc -l < second.log)" -eq 1 ] || fail "more than one line"
"$train" --solver=other.prototxt --threads=1 2> second.log ||
  fail "a run into another prefix was refused"

kill -9 "$first"
wait "$first" 2> /dev/null
first=""
"$train" --solver=short.prototxt --threads=1 2> second.log ||
  fail "a killed run keeps the prefix"
[ ! -e run.lock ] || fail "a lock is left"
echo "the second was refused until the first was gone"
