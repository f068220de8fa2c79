#!/usr/bin/env bash
# Runs models/orl/run and models/lfw/run for a few iterations on rendered faces;
# reads their tables, and what they say to bad options.
#
# usage: models_run.sh TOOLS [torch], where TOOLS is the folder of tools/train and
# others. With `torch` it is the scripts' --torch and models/torch_peer.py that
# are tried; where there is no PyTorch it says so, and its code is 77.
set -u
tools=$(cd "$1" && pwd) || exit 1
test=$(cd "$(dirname "$0")" && pwd)
models=$(cd "$test/../../models" && pwd)

fail() { echo "FAILED: $*" >&2; exit 1; }

with_torch=''
for python in "${PYTHON:-python3}" /usr/bin/python3; do
  python=$(command -v "$python") || continue
  "$python" -c 'import numpy, torch' 2> /dev/null || continue
  with_torch=$(realpath -s "$python")
  break
done
if [ "${2:-}" = torch ] && [ -z "$with_torch" ]; then
  echo 'skipped: no python3 here has torch and numpy (python3-torch)'
  exit 77
fi

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder" || exit 1
"$tools/make_faces" --out='the faces' --identities=125 --images=4 > made 2>&1 ||
  fail "make_faces: $(tail -n 1 made)"
rm 'the faces/person_0001/01.pgm'  # so that rows in a wrong order are wrong

# run MODEL FLAGS...: the flags after them hold.
run() {
  local model=$1
  shift
  "$models/$model/run" --data='the faces' --tools="$tools" --work="$model" \
    --folds=1 --iterations=2 "$@" > out 2> err
}

# row NAME FIGURES [EER]: the table's first row is NAME's, fold 1, with so many
# figures from 0 to 1 and the seconds; the first figure is less than EER.
row() {
  awk -F'|' -v name="$1" -v figures="$2" -v most="${3:-1}" '
    NR == 3 {
      gsub(/ /, "")
      good = $2 == name && $3 == 1 && NF == figures + 5 && $4 < most &&
        $(NF - 1) ~ /^([0-9]+|-)$/
      for (i = 4; i < 4 + figures; ++i) {
        good = good && $i ~ /^[0-9.]+$/ && $i <= 1
      }
    }
    END { exit !good }' out
}

# check MODEL NAME FIGURES FLAGS...
check() {
  local model=$1 name=$2 figures=$3
  shift 3
  run "$model" "$@" || fail "$model $*: $(tail -n 1 err)"
  row "$name" "$figures" || fail "$model $*: no such row: $(cat out)"
}

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

if [ "${2:-}" = torch ]; then
  export PYTHON=$with_torch
  "$PYTHON" -B "$test/models_torch.py" || fail 'models_torch.py'
  check orl torch 4 --form=semi_hard --torch
  check orl torch 4 --form=batch_all --torch
  check lfw torch 5 --form=batch_hard --torch
  run orl --torch --form=soft --iterations=40 || fail "$(tail -n 1 err)"
  row torch 4 0.36 || fail "40 iterations teach nothing: $(cat out)"
  exit 0
fi

check orl soft 4 --form=soft
check orl triplet 4 --form=triplet --threads=2
check lfw semi_hard 5
check lfw pixels 5 --baselines
run orl --folds='1 3' || fail "two folds: $(tail -n 1 err)"
grep -Eq '^\| semi_hard +\| mean +\|( [0-9.]+\+-[0-9.]+ +\|){4} +([0-9]+|-) \|$' out ||
  fail "two folds: no row of means: $(cat out)"

# Any split; all people; pairs that are given.
run orl --of=3 --folds=2 || fail "--of=3: $(tail -n 1 err)"
grep -q 'fold: 2 of: 3' orl/semi_hard-2/batch_train_val.prototxt ||
  fail '--of=3: trained on another split'
grep -Eq '^\| semi_hard +\| 2 ' out || fail "--of=3: $(cat out)"
# all MODEL FLAGS...: as run, without --folds.
all() {
  "$models/$1/run" --data='the faces' --tools="$tools" --work="$1" \
    --iterations=2 --all "${@:2}" > out 2> err
}
all lfw || fail "--all: $(tail -n 1 err)"
[ -s lfw/semi_hard-all/final.caffemodel ] || fail '--all: no weights'
! grep -q 'split {' lfw/semi_hard-all/train_val.prototxt ||
  fail '--all: some people are kept out'
grep -Eq '^\| semi_hard +\| all +(\| - +){5}\| +[0-9]+ \|$' out ||
  fail "--all: $(cat out)"
for person in 1 2 3 4 5 6 7 8; do
  mine=person_000$person
  echo "$mine/02.pgm $mine/03.pgm 1"
  echo "$mine/02.pgm person_002$person/03.pgm 0"
done > 'some pairs.txt'
# pairs_row NAME FOLD [ACCURACY]: three figures from 0 to 1.
pairs_row() {
  grep -Eq "^\\| $1 +\\| $2 +\\| ${3:-[01][.0-9]*} +(\\| [01][.0-9]* +){2}\\| +([0-9]+|-) \\|$" out ||
    fail "--pairs: no row of $1: $(cat out)"
}
all orl --pairs='some pairs.txt' --threshold_pairs='some pairs.txt' ||
  fail "--pairs: $(tail -n 1 err)"
pairs_row semi_hard all
all orl --pairs='some pairs.txt' --baselines || fail "$(tail -n 1 err)"
pairs_row pixels all -
run lfw --pairs='some pairs.txt' --images='the faces' --form=soft \
  --folds='1 2' || fail "--images: $(tail -n 1 err)"
pairs_row soft 1 -
grep -Eq '^\| soft +\| mean +\| - +\|( [0-9.]+\+-[0-9.]+ +\|){2} ' out ||
  fail "--pairs: no row of means: $(cat out)"

refused '--of: 1: wanted 2 or more' --of=1
refused '--all and --folds exclude each other' --all
refused '--threshold_pairs=x: wanted together with --pairs' --threshold_pairs=x
refused '--pairs=nowhere: no such file' --pairs=nowhere
refused '--images=.: wanted together with --pairs' --images=.
refused '--form=hardest: no such form' --form=hardest
refused 'unknown option --fold=1' --fold=1
refused '--folds: 5: wanted 0 to 4' --folds='1 5'
refused '--data=nowhere: no such folder' --data=nowhere
refused '--torch and --baselines exclude each other' --torch --baselines
refused '--torch: torch_peer.py has no form triplet' --torch --form=triplet
PYTHON=./nothing refused '--torch: ./nothing: no such program' --torch
printf '#!/bin/sh\nexit 1\n' > no_torch
chmod +x no_torch
PYTHON=./no_torch refused '--torch: ./no_torch has no torch or no numpy' --torch

# What fails half-way leaves no row and has a code of its own.
mkdir broken
for tool in "$tools"/*; do ln -s "$tool" broken/; done
rm broken/evaluate
cat > broken/evaluate <<END
#!/bin/sh
case "\$*" in *\$WITHOUT*) echo "error: no figures" >&2; exit 4 ;; esac
exec "$tools/evaluate" "\$@"
END
chmod +x broken/evaluate
# no_row MODEL FLAG: evaluate fails where it is given the flag.
no_row() {
  if WITHOUT=$2 run "$1" --tools=broken; then fail "$1 without $2: code 0"; fi
  grep -q 'error: no figures' err || fail "$1 without $2: $(tail -n 1 err)"
  if grep -q semi_hard out; then fail "$1 without $2: $(cat out)"; fi
}
no_row orl --fold
no_row lfw --threshold_pairs
no_row lfw --of
