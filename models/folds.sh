# shellcheck shell=bash disable=SC2154 # `here` and `heads` are the script's
# What models/orl/run and models/lfw/run share; it is read by them and is no
# program. It reads their options, trains a form of a net on the people outside
# of a fold, or on all, and prints a table of figures with means and standard
# errors. How a net is judged on the people of a fold, and that table's heads,
# are the scripts' own; a list of pairs that is given is judged here.
#
# The script sets, before it calls `options "$@"`:
#   here     its folder, which holds the net's files
#   form     the form that is trained where nothing is said
#   describe a function that prints what the forms are
#   stem     a function: the form -> what its files' names begin with
# and then, for its table:
#   heads    the names of the figures
#   judge    a function: fold, flags of evaluate -> its figures, in a line

set -euo pipefail
shopt -s inherit_errexit
export LC_ALL=C

root=$(cd "$here/../.." && pwd)
model=$(basename "$here")
data='' folds='' all='' threads=0 seed=1 baselines='' iterations=''
pairs='' threshold_pairs='' images=''
torch='' python=${PYTHON:-python3}
work=$root/build/$model tools=$root/build/cpu/tools
of=5

usage() {
  cat <<END
usage: models/$model/run --data=DIR [options]
  --data=DIR        the faces: one folder of images a person
$(describe)
  --of=N            how many folds the people are cut in [$of]
  --folds="0 1 ..." which of them to run, each with the others to train on [all]
  --all             train on all people, once, and keep none out; judges only
                    what --pairs gives
  --pairs=FILE      judge these pairs, in place of the fold's people: LFW's
                    pairs.txt, or lines \`path path 1\` (one person) or 0
  --threshold_pairs=FILE  take the accuracy's threshold from these, where the
                    pairs have no folds of their own; without it there is none
  --images=DIR      the folder of these pairs' images [that of --data]
  --seed=N          of weights and batches [$seed]
  --iterations=N    [as the solver's file has it]
  --threads=N       passed on to the tools [as the machine has]
  --work=DIR        where the copies, logs and weights go, of one run at a time
                    [build/$model]
  --tools=DIR       where the tools are [build/cpu/tools]
  --baselines       judge the raw pixels and the untrained net instead
  --torch           train the same net in PyTorch instead (torch_peer.py), of
                    the forms batch_hard, semi_hard, batch_all and soft; wants a
                    python3 with torch and numpy, or another in PYTHON
END
}

fail() { echo "error: $*" >&2; exit 2; }

options() {
  local argument value fold
  for argument in "$@"; do
    value=${argument#*=}
    case $argument in
      --data=*) data=$value ;;
      --form=*) form=$value ;;
      --folds=*) folds=$value ;;
      --of=*) of=$value ;;
      --all) all=yes ;;
      --pairs=*) pairs=$value ;;
      --threshold_pairs=*) threshold_pairs=$value ;;
      --images=*) images=$value ;;
      --seed=*) seed=$value ;;
      --iterations=*) iterations=$value ;;
      --threads=*) threads=$value ;;
      --work=*) work=$value ;;
      --tools=*) tools=$value ;;
      --baselines) baselines=yes ;;
      --torch) torch=yes ;;
      --help) usage; exit 0 ;;
      *) usage >&2; fail "unknown option $argument" ;;
    esac
  done
  [ -n "$data" ] || { usage >&2; fail "--data=DIR is missing"; }
  [ -d "$data" ] || fail "--data=$data: no such folder"
  [ -x "$tools/train" ] || fail "$tools/train: not built (--tools=DIR)"
  check_split
  prefix=$(stem "$form") || { usage >&2; fail "--form=$form: no such form"; }
  data=$(cd "$data" && pwd)
  tools=$(cd "$tools" && pwd)
  [ -z "$torch" ] || check_torch
  check_pairs
  mkdir -p "$work"
  work=$(cd "$work" && pwd)
}

# Which folds are run: `folds` is `all` where nobody is kept out.
check_split() {
  local fold
  [[ $of =~ ^[0-9]{1,6}$ && $of -ge 2 ]] || fail "--of: $of: wanted 2 or more"
  if [ -n "$all" ]; then
    [ -z "$folds" ] || fail "--all and --folds exclude each other"
    [ -z "$torch" ] || fail "--all and --torch exclude each other"
    [ -z "$baselines" ] || [ -n "$pairs" ] ||
      fail "--all --baselines: wanted --pairs=FILE, to be judged on"
    folds=all
    return
  fi
  folds=${folds:-$(seq -s ' ' 0 $((of - 1)))}
  for fold in $folds; do
    [[ $fold =~ ^[0-9]+$ && $fold -lt $of ]] ||
      fail "--folds: $fold: wanted 0 to $((of - 1))"
  done
}

check_pairs() {
  local option
  if [ -z "$pairs" ]; then
    for option in images threshold_pairs; do
      [ -z "${!option}" ] ||
        fail "--$option=${!option}: wanted together with --pairs"
    done
    return
  fi
  for option in pairs threshold_pairs; do
    [ -z "${!option}" ] || [ -f "${!option}" ] ||
      fail "--$option=${!option}: no such file"
  done
  images=${images:-$data}
  [ -d "$images" ] || fail "--images=$images: no such folder"
  images=$(cd "$images" && pwd)
  # Embeddings are of the images of --data alone.
  [ -z "$torch" ] || [ "$images" = "$data" ] ||
    fail "--torch: --images wants the folder of --data"
  heads=('pair accuracy' AUC EER)
}

check_torch() {
  [ -z "$baselines" ] || fail "--torch and --baselines exclude each other"
  case $form in
    batch_hard | semi_hard | batch_all | soft) ;;
    *) fail "--torch: torch_peer.py has no form $form" ;;
  esac
  command -v "$python" > /dev/null || fail "--torch: $python: no such program"
  "$python" -c 'import numpy, torch' 2> /dev/null ||
    fail "--torch: $python has no torch or no numpy"
}

# fill FILE FOLD: the file with the data, the fold and the form filled in; for
# `all` without a split. The folder's name is quoted for prototxt, then for sed.
fill() {
  local source split="s|fold: 0 of: 5|fold: $2 of: $of|"
  [ "$2" != all ] || split='s|split \{ fold: 0 of: 5 \}||'
  source=$(printf '%s' "$data" | sed -e 's/["\\]/\\&/g' -e 's/[&|\\]/\\&/g')
  sed -E -e "s|source: \"$model\"|source: \"$source\"|" \
    -e "$split" \
    -e "s|^state \{ stage: \"[a-z_]*\" \}|state { stage: \"$form\" }|" \
    -e "${iterations:+s|^max_iter: .*|max_iter: $iterations|}" "$here/$1"
}

# The net that judges the form's weights.
deploy() {
  local file=deploy.prototxt
  [ ! -f "$here/${prefix}deploy.prototxt" ] || file=${prefix}deploy.prototxt
  fill "$file" 0 > "$work/$form-deploy.prototxt"
  echo "$work/$form-deploy.prototxt"
}

# train FOLD: leaves final.caffemodel in the fold's folder; prints seconds.
train() {
  local fold=$1 folder=$work/$form-$1 start end file
  mkdir -p "$folder"
  rm -f "$folder"/*.caffemodel "$folder"/*.solverstate
  for file in "${prefix}train_val.prototxt" "${prefix}solver.prototxt"; do
    fill "$file" "$fold" > "$folder/$file"
  done
  start=$(date +%s.%N)
  (cd "$folder" && "$tools/train" --solver="${prefix}solver.prototxt" \
    --threads="$threads" --seed="$seed" > train.log 2>&1) ||
    { tail -n 3 "$folder/train.log" >&2; fail "fold $fold: training failed"; }
  end=$(date +%s.%N)
  mv "$folder"/*_iter_*.caffemodel "$folder/final.caffemodel"
  awk -v a="$start" -v b="$end" 'BEGIN { printf "%.0f", b - a }'
}

# What PyTorch is given: all images as the net gets them.
pixels() {
  "$tools/extract" --model="$(deploy)" --blob=data --images="$data" \
    --threads="$threads" --out="$work/pixels.npy" >&2
}

# train_torch FOLD: leaves the embeddings of all images in the fold's folder.
train_torch() {
  local fold=$1 folder=$work/torch-$form-$1 start end
  mkdir -p "$folder"
  start=$(date +%s.%N)
  "$python" "$here/../torch_peer.py" --model="$model" --form="$form" \
    --data="$data" --pixels="$work/pixels.npy" --fold="$fold" --of="$of" \
    --iterations="${iterations:-$(sed -n 's/^max_iter: //p' \
      "$here/${prefix}solver.prototxt")}" \
    --seed="$seed" --threads="$threads" --out="$folder/embeddings.npy" \
    > "$folder/train.log" 2>&1 ||
    { tail -n 3 "$folder/train.log" >&2; fail "fold $fold: PyTorch failed"; }
  end=$(date +%s.%N)
  awk -v a="$start" -v b="$end" 'BEGIN { printf "%.0f", b - a }'
}

# figures KEYS FLAGS...: these of tercet evaluate's figures, in a line.
figures() {
  local keys=$1
  shift
  "$tools/evaluate" --threads="$threads" --format=json "$@" |
    sed -E 's/[{}" ]//g; s/,/\n/g' |
    awk -F: -v keys="$keys" '
      { value[$1] = $2 }
      END {
        n = split(keys, key, " ")
        for (i = 1; i <= n; ++i) printf "%s ", value[key[i]]
      }'
}

# judge_pairs FLAGS...: of the pairs that are given. An accuracy for which there
# is no threshold is "-".
judge_pairs() {
  figures 'accuracy auc eer' --pairs="$pairs" --root="$images" \
    ${threshold_pairs:+"--threshold_pairs=$threshold_pairs"} "$@" |
    sed 's/null/-/g'
}

# row LABEL FOLD SECONDS FLAGS...: "LABEL FOLD FIGURES SECONDS".
row() {
  local values
  if [ -n "$pairs" ]; then
    values=$(judge_pairs "${@:4}")
  elif [ "$2" = all ]; then
    values=${heads[*]//*/-}  # nobody is left to be judged
  else
    values=$(judge "$2" "${@:4}")
  fi
  echo "$1 $2 $values $3"
}

# The rows of each fold.
rows() {
  local fold seconds net
  net=(--images="$data" --model="$(deploy)")
  [ -z "$torch" ] || pixels
  for fold in $folds; do
    if [ -n "$baselines" ]; then
      row pixels "$fold" - "${net[@]}" --pixels
      row untrained "$fold" - "${net[@]}" --weights=none
    elif [ -n "$torch" ]; then
      seconds=$(train_torch "$fold")
      row torch "$fold" "$seconds" --list="$data" \
        --embeddings="$work/torch-$form-$fold/embeddings.npy"
    else
      seconds=$(train "$fold")
      row "$form" "$fold" "$seconds" "${net[@]}" \
        --weights="$work/$form-$fold/final.caffemodel"
    fi
  done
}

# One line of the table: label, fold, figures, seconds.
line() {
  local figure
  printf '| %-10s | %-4s |' "$1" "$2"
  for figure in "${@:3:$#-3}"; do printf ' %-14s |' "$figure"; done
  printf ' %5s |\n' "${!#}"
}

# For each label of the file $1 the mean of each figure and its standard error
# over the folds, "+-" between them.
means() {
  awk '
    {
      if (!($1 in n)) order[++labels] = $1
      ++n[$1]
      seconds[$1] += $NF  # "-" counts 0
      for (k = 3; k < NF; ++k) {
        if ($k == "-") none[$1, k] = 1
        sum[$1, k] += $k
        square[$1, k] += $k * $k
      }
    }
    END {
      for (i = 1; i <= labels; ++i) {
        x = order[i]
        printf "%s", x
        for (k = 3; k < NF; ++k) {
          if ((x, k) in none) { printf " -"; continue }
          m = sum[x, k] / n[x]
          printf " %.4f", m
          if (n[x] < 2) continue
          v = (square[x, k] - n[x] * m * m) / (n[x] - 1)
          printf "+-%.4f", sqrt((v > 0 ? v : 0) / n[x])
        }
        print "", seconds[x] ? sprintf("%.0f", seconds[x] / n[x]) : "-"
      }
    }' "$1"
}

# The whole table; its rows are kept in a file of --work, too.
table() {
  local kept=$work/${baselines:+baselines-}${torch:+torch-}$form.txt row values
  line form fold "${heads[@]}" s
  printf '|---|---|'
  printf -- '---|%.0s' "${heads[@]}" s
  echo
  : > "$kept"
  rows | while read -r row; do
    echo "$row" >> "$kept"
    read -ra values <<< "$row"
    line "${values[@]}"
  done
  [ -z "$all" ] || return 0  # one row is no mean
  means "$kept" | while read -r row; do
    read -ra values <<< "$row"
    line "${values[0]}" mean "${values[@]:1}"
  done
}
