#!/usr/bin/env bash
# The pages in docs/ that the program prints are what it prints: a comment in
# proto/ that changes, or an option that is added, wants its page made anew. And
# `inspect --layers` shows the same options. The net of own_faces.md trains.
#
#   guides.sh TOOLS_DIR
set -euo pipefail
tools=$(cd "$1" && pwd)
docs=$(cd "$(dirname "$0")/../../docs" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() { echo "FAILED: $*" >&2; exit 1; }

for page in image_options solver; do
  "$tools/inspect" --guide="$page" >"$work/page" || fail "--guide=$page"
  diff "$docs/$page.md" "$work/page" >&2 ||
    fail "docs/$page.md is not what is printed now; to make it anew:" \
      "tercet inspect --guide=$page > docs/$page.md"
done

# A type in a line, an option in a line, and below it what the option does.
"$tools/inspect" --layers >"$work/all"
for line in 'IdentityData  identity_data_param' transform_param ReLU; do
  grep -qE "^$line( |$)" "$work/all" || fail "--layers has no $line"
done
"$tools/inspect" --layers IdentityData transform_param >"$work/two"
grep -q '^    too_few  *SKIP | REPEAT  \[SKIP\]$' "$work/two" ||
  fail "too_few: $(cat "$work/two")"
grep -q '^        Example: `mirror: true`$' "$work/two" ||
  fail "mirror has no example: $(cat "$work/two")"
[ "$(grep -c '^[A-Za-z]' "$work/two")" = 2 ] ||
  fail "more than the two that were named: $(cat "$work/two")"

# The net of own_faces.md runs as it stands; a few of its iterations tell.
cd "$work"
awk '/^```/ { inside = !inside; n += inside; next }
  inside { print > (n == 1 ? "net.prototxt" : "solver.prototxt") }' \
  "$docs/own_faces.md"
sed -i 's/max_iter: 500/max_iter: 3/' solver.prototxt
"$tools/make_faces" --out=faces --identities=10 --images=3 >log 2>&1 ||
  fail "make_faces: $(cat log)"
"$tools/train" --solver=solver.prototxt >log 2>&1 ||
  fail "the net of own_faces.md: $(tail -n 1 log)"
"$tools/evaluate" --model=net.prototxt --weights=mine_iter_3.caffemodel \
  --images=faces --fold=0 --of=5 --bootstrap=0 >log 2>&1 ||
  fail "the net of own_faces.md, judged: $(tail -n 1 log)"
