#!/usr/bin/env bash
# The tools on a GPU, or on the emulated one: what there is, training with its
# copies counted, stopping and resuming, and what is said where a GPU will not
# do.
#
#   gpu_tools.sh TOOLS_DIR
set -euo pipefail
tools=$(cd "$1" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

fail() { echo "FAILED: $*" >&2; exit 1; }

# The command must end with this code and have this on its last line.
refuses() {  # code pattern command...
  local code=$1 pattern=$2 rc=0
  shift 2
  "$@" >out.txt 2>err.txt || rc=$?
  [ "$rc" -eq "$code" ] || fail "$*: code $rc, wanted $code: $(cat err.txt)"
  tail -n 1 err.txt | grep -qE "$pattern" || fail "$*: $(cat err.txt)"
}

"$tools/inspect" --device >device.txt || fail "inspect: $(cat device.txt)"
grep -qE '^0  .*, compute capability [0-9]+\.[0-9]+, [0-9]+ multiprocessors, ' \
  device.txt || fail "inspect: $(cat device.txt)"

mkdir -p faces/a faces/b faces/c
for person in a b c; do
  for image in 1 2 3; do
    { printf 'P5\n8 8\n255\n'; head -c 64 /dev/urandom; } \
      >faces/$person/$image.pgm
  done
done
cat >net.prototxt <<'END'
layer { name: "data" type: "IdentityData" top: "data" top: "label"
  include { phase: TRAIN }
  identity_data_param { source: "faces" identities_per_batch: 3 images_per_identity: 2 } }
layer { name: "conv" type: "Convolution" bottom: "data" top: "conv"
  convolution_param { num_output: 4 kernel_size: 3 weight_filler { type: "xavier" } } }
layer { name: "norm" type: "BatchNorm" bottom: "conv" top: "conv" }
layer { name: "relu" type: "ReLU" bottom: "conv" top: "conv" }
layer { name: "pool" type: "Pooling" bottom: "conv" top: "pool"
  pooling_param { kernel_size: 2 stride: 2 } }
layer { name: "fc" type: "InnerProduct" bottom: "pool" top: "fc"
  inner_product_param { num_output: 3 weight_filler { type: "xavier" } } }
layer { name: "loss" type: "SoftmaxWithLoss" bottom: "fc" bottom: "label" top: "loss" }
END
cat >solver.prototxt <<'END'
net: "net.prototxt" base_lr: 0.05 lr_policy: "fixed" momentum: 0.9
max_iter: 12 display: 4 snapshot: 6 snapshot_prefix: "out/net" random_seed: 1
END
mkdir out
"$tools/train" --solver=solver.prototxt --gpu=0 --debug_sync 2>train.log ||
  fail "train: $(tail -n 1 train.log)"
# 6 images of 64 pixels and 6 labels make a batch; the loss and the sums of the
# gradients come back. How far ahead batches are is up to the clock.
grep -qE 'Iteration 9, copies: [012] to the device \((0|1560|3120) bytes\), 2 to the host \(20 bytes\)$' \
  train.log || fail "copies: $(grep copies train.log)"
cp out/net_iter_12.caffemodel straight.caffemodel
rm out/net_iter_12.*
"$tools/train" --solver=solver.prototxt --gpu=0 --resume=auto 2>resume.log ||
  fail "resume: $(tail -n 1 resume.log)"
cmp out/net_iter_12.caffemodel straight.caffemodel ||
  fail "a resumed run differs from a straight one"

echo 'solver_mode: CPU' | cat solver.prototxt - >cpu.prototxt
refuses 2 'debug_sync: this runs on the CPU' \
  "$tools/train" --solver=cpu.prototxt --debug_sync
refuses 3 'no CUDA device 99 \(have 0 to' "$tools/train" --solver=solver.prototxt --gpu=99

grep -q 'host emulation' device.txt || exit 0
refuses 3 '^error: no CUDA device can be used on this machine$' \
  env TERCET_CUDA_HOST_DEVICES=0 "$tools/inspect" --device
refuses 3 '^error: --gpu=0: the GPU.s driver is too old: it is for CUDA 12\.4, and this build wants 13\.0$' \
  env TERCET_CUDA_HOST_DRIVER=12040 "$tools/train" --solver=solver.prototxt --gpu=0
refuses 3 '^error: --gpu=0: this build has no code for host emulation ' \
  env TERCET_CUDA_HOST_NO_CODE=1 "$tools/train" --solver=solver.prototxt --gpu=0
cat >large.prototxt <<'END'
layer { name: "data" type: "Input" top: "data"
  input_param { shape { dim: 100 dim: 150 } } }
layer { name: "double" type: "Power" bottom: "data" top: "twice" power_param { scale: 2 } }
END
refuses 3 "^error: large.prototxt:3: layer 'double' \\(Power\\): out of device memory: 60000 bytes were wanted, 40000 of 100000 are free$" \
  env TERCET_CUDA_HOST_BYTES=100000 "$tools/time" --model=large.prototxt \
  --iterations=1 --gpu=0
