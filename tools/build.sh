#!/usr/bin/env bash
# Configures and builds one preset: tools/build.sh [PRESET [NINJA TARGETS..]]. Default: dev, everything.
set -euo pipefail
cd "$(dirname "$0")/.."
tools/install-dependencies.sh
preset="${1:-dev}"
shift || true
cmake="${LAPIDARY_VENV:-/opt/lapidary-venv}/bin/cmake"
"$cmake" --preset "$preset" >"build-$preset.log" 2>&1 || { cat "build-$preset.log"; exit 1; }
rm -f "build-$preset.log"
"$cmake" --build "build/$preset" -j "$(nproc)" ${1:+--target "$@"}
