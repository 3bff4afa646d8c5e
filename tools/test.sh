#!/usr/bin/env bash
# From a fresh Debian 12 machine to a verdict: installs, builds, and runs every check and test.
#   tools/test.sh            all of it
#   tools/test.sh --quick    without the sanitizer build
set -euo pipefail
cd "$(dirname "$0")/.."
quick=0
[ "${1:-}" = --quick ] && quick=1

tools/install-dependencies.sh
python="${LAPIDARY_VENV:-/opt/lapidary-venv}/bin/python"
ctest="${LAPIDARY_VENV:-/opt/lapidary-venv}/bin/ctest"

echo "== lint"
"$python" tools/lint.py
tools/format.sh --check

echo "== build"
tools/build.sh dev

echo "== tests"
"$ctest" --test-dir build/dev --output-on-failure -j "$(nproc)"

if [ "$quick" = 0 ]; then
  echo "== what reads files and prompts, under AddressSanitizer and UndefinedBehaviorSanitizer"
  tools/build.sh asan-ubsan
  "$ctest" --test-dir build/asan-ubsan --output-on-failure -j "$(nproc)"
fi
