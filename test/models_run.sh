#!/usr/bin/env bash
# Runs models/orl/run and models/lfw/run for a few iterations on rendered faces,
# and, where python3 has PyTorch, its nets beside ours; reads their tables, and
# what they say to bad options.
#
# usage: models_run.sh TOOLS, where TOOLS is the folder of tools/train and others
set -u
tools=$1
models=$(cd "$(dirname "$0")/../models" && pwd)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder" || exit 1

fail() { echo "FAILED: $*" >&2; exit 1; }

"$tools/make_faces" --out=faces --identities=125 --images=4 > made 2>&1 ||
  fail "make_faces: $(tail -n 1 made)"

# run MODEL FLAGS...
run() {
  local model=$1
  shift
  "$models/$model/run" --data=faces --tools="$tools" --work="$model" \
    --folds=1 --iterations=2 "$@" > out 2> err
}

# row NAME FIGURES: the table's second row is NAME's, fold 1, with so many
# figures from 0 to 1 and the seconds.
row() {
  awk -F'|' -v name="$1" -v figures="$2" '
    NR == 3 {
      gsub(/ /, "")
      good = $2 == name && $3 == 1 && NF == figures + 5 && $(NF - 1) ~ /^([0-9]+|-)$/
      for (i = 4; i < 4 + figures; ++i) {
        good = good && $i ~ /^[0-9.]+$/ && $i <= 1
      }
    }
    END { exit !good }' out
}

check() {
  local model=$1 name=$2 figures=$3
  shift 3
  run "$model" "$@" || fail "$model $*: $(tail -n 1 err)"
  row "$name" "$figures" || fail "$model $*: no such row: $(cat out)"
}

check orl soft 4 --form=soft
check orl triplet 4 --form=triplet --threads=2
check lfw semi_hard 5
check lfw pixels 5 --baselines

# refused LINE FLAGS...: code 2, LINE the last one, no table.
refused() {
  local line=$1 code
  shift
  run orl "$@"
  code=$?
  [ $code -eq 2 ] || fail "$*: code $code"
  [ "$(tail -n 1 err)" = "error: $line" ] || fail "$*: $(tail -n 1 err)"
  [ ! -s out ] || fail "$*: printed $(cat out)"
}

refused '--form=hardest: no such form' --form=hardest
refused 'unknown option --fold=1' --fold=1
refused '--data=nowhere: no such folder' --data=nowhere
refused '--torch and --baselines exclude each other' --torch --baselines
refused '--torch: torch_peer.py has no form triplet' --torch --form=triplet
printf '#!/bin/sh\nexit 1\n' > no_torch
chmod +x no_torch
PYTHON=./no_torch refused '--torch: ./no_torch has no torch or no numpy' --torch

if ! "${PYTHON:-python3}" -c 'import numpy, torch' 2> /dev/null; then
  echo "skipped: ${PYTHON:-python3} has no torch (python3-torch), --torch untried"
  exit 0
fi
for form in batch_hard semi_hard batch_all soft; do
  check orl torch 4 --form=$form --torch
done
check lfw torch 5 --torch
