#!/usr/bin/env bash
# The one program by all its names: each subcommand by the program's first word
# and by the short name in the build tree, the lists of help, and the version.
# What it refuses is in test/bad.
#
#   program.sh TOOLS_DIR VERSION
set -euo pipefail
tools=$(cd "$1" && pwd)
version=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() { echo "FAILED: $*" >&2; exit 1; }

# What a command prints must be what another does, and no error.
same() {  # file, command...
  local expected=$1
  shift
  "$@" >"$work/out" 2>"$work/err" || fail "$*: $(cat "$work/err")"
  [ ! -s "$work/err" ] || fail "$*: $(cat "$work/err")"
  diff "$expected" "$work/out" >&2 || fail "$*: other words"
}

# From another folder, and by no path at all.
cd "$work"
PATH=$tools/../bin:$PATH

tercet --help >list
same list tercet
same list tercet -h
same list tercet help
subcommands=$(sed -n '/^Subcommands:$/,$ s/^  \([a-z_]*\) .*/\1/p' list)
for name in train test evaluate extract verify inspect time check_gradients \
  mine_triplets make_faces check version help; do
  grep -qx "$name" <<<"$subcommands" || fail "--help does not list $name"
done

mkdir links
for name in $subcommands; do
  tercet "$name" --help >help
  grep -q "^usage: tercet $name" help || fail "$name --help: $(head -n 1 help)"
  same help tercet help "$name"
  # help is no file of its own.
  [ "$name" = help ] || same help "$tools/$name" --help
  ln -s "$tools/tercet" "links/$name"
  same help "links/$name" --help
done

# A flag of one subcommand is none of another's, whatever else is linked.
for pair in test:solver train:model inspect:threads make_faces:gpu; do
  name=${pair%:*} flag=${pair#*:}
  ! tercet "$name" "--$flag=1" 2>err || fail "$name takes --$flag"
  grep -q "^error: unknown flag '--$flag'" err || fail "$name: $(cat err)"
done

tercet --version >described
same described tercet version
same described "$tools/version"
[ "$(head -n 1 described)" = "tercet $version" ] || fail "$(head -n 1 described)"
for what in commit compiler BLAS "BLAS kernels" CUDA cuDNN; do
  grep -Eq "^$what: .+" described || fail "no $what: $(cat described)"
done
