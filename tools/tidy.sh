#!/usr/bin/env bash
# clang-tidy on the given files, or on the C++ files that differ from the given revision (default: HEAD).
#   tools/tidy.sh support/*.cpp | tools/tidy.sh --since main~1
set -euo pipefail
cd "$(dirname "$0")/.."
base=HEAD
if [ "${1:-}" = --since ]; then base="$2"; shift 2; fi
files=("$@")
if [ "${#files[@]}" = 0 ]; then
  mapfile -t files < <(git diff --name-only --diff-filter=d "$base" -- '*.cpp')
fi
[ "${#files[@]}" = 0 ] && { echo "tidy: no files changed since $base"; exit 0; }
printf '%s\n' "${files[@]}" | xargs -P "$(nproc)" -n 4 clang-tidy-22 -p build/dev --quiet
