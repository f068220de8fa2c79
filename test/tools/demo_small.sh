#!/usr/bin/env bash
# scripts/demo on folders with too few people or images: one line, before
# anything is built or trained for nothing.
#
#   demo_small.sh TOOLS_DIR
set -euo pipefail
tools=$(cd "$1" && pwd)
demo=$(cd "$(dirname "$0")/../../scripts" && pwd)/demo
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

fail() { echo "FAILED: $*" >&2; exit 1; }

refused() {  # folder, words of the line
  local code=0
  "$demo" --faces="$1" >out 2>err || code=$?
  [ $code -eq 1 ] || fail "$1: code $code"
  [ ! -s out ] || fail "$1: began: $(cat out)"
  [ "$(wc -l <err)" -eq 1 ] || fail "$1: $(cat err)"
  grep -q "^error: .*$1: .*$2" err || fail "$1: $(cat err)"
}

mkdir empty
refused empty 'wanted 8 or more people'
"$tools/make_faces" --out=few --identities=3 --images=4 2>/dev/null >&2
refused few 'wanted 8 or more people'
"$tools/make_faces" --out=single --identities=12 --images=1 2>/dev/null >&2
refused single 'wanted 8 or more people'
# Nobody who is kept out has two images.
"$tools/make_faces" --out=unjudged --identities=10 --images=2 2>/dev/null >&2
rm unjudged/person_0001/02.pgm unjudged/person_0006/02.pgm
refused unjudged 'every fifth person'
