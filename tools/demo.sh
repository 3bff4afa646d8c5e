#!/usr/bin/env bash
# From a fresh Debian 12 machine to generated text: installs, builds, compiles examples/tiny-gemma4 into one program,
# and runs it.
set -euo pipefail
cd "$(dirname "$0")/.."
tools/build.sh dev lapidary lapidary-kernelgen lapidary-resources
export PATH="$PWD/build/dev/bin:$PATH"
out="$(mktemp -d)"
trap 'rm -rf "$out"' EXIT

run() { printf '\n$ %s\n' "$*"; "$@"; }
run lapidary compile examples/tiny-gemma4 --quant=w8 -o "$out/tiny-gemma4"
run "$out/tiny-gemma4" --raw -p "In the beginning" -n 60 --greedy
run "$out/tiny-gemma4" -p "Continue this passage: And it came to pass in those days" -n 60 --seed 7
run "$out/tiny-gemma4" bench -p 128 -n 32
