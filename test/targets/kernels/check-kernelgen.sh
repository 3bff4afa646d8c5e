#!/bin/sh
# check-kernelgen.sh - properties of lapidary-kernelgen's objects and messages.
# SPDX-License-Identifier: Apache-2.0
#
# usage: check-kernelgen.sh undefined|determinism|instructions|messages PATH-OF-KERNELGEN
set -eu
check=$1
kernelgen=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() { echo "FAIL: $*" >&2; exit 1; }

# Expects exit code $1 and a message that contains $2 from the command that follows.
expect() {
  code=$1; text=$2; shift 2
  status=0
  "$@" >"$work/out" 2>&1 || status=$?
  [ "$status" = "$code" ] || fail "exit code $status instead of $code: $*"
  grep -qF -- "$text" "$work/out" || fail "no '$text' in the output of: $*"
}

case $check in
undefined) # objects link into programs that have no Halide runtime
  for target in x86-64-v3 x86-64-v4 znver4; do
    "$kernelgen" --target=x86_64-linux+$target --all -o "$work/$target/"
    [ "$(ls "$work/$target" | wc -l)" -ge 20 ] || fail "fewer kernels than expected for $target"
    nm -u "$work/$target"/*.o | grep ' U ' | grep -vE ' U (memcpy|memset|memmove)$' && fail "unexpected references" || true
  done ;;
determinism)
  "$kernelgen" --target=x86_64-linux+znver4 --all -o "$work/a/"
  "$kernelgen" --target=x86_64-linux+znver4 --all -o "$work/b/"
  diff -r "$work/a" "$work/b" || fail "objects differ between runs" ;;
instructions) # vnni runs on Ice Lake too: nothing that only AMD or newer Intel cores have
  "$kernelgen" --target=x86_64-linux+icelake-server --all -o "$work/o/"
  objdump -d "$work"/o/*.o >"$work/asm"
  grep -q vpdpbusd "$work/asm" || fail "no vpdpbusd"
  grep -E '\b(extrq|insertq|vdpbf16ps|vcvtne2?ps2bf16|v[a-z]+ph|vfrcz|vfmaddps4|\{vex\})\b' "$work/asm" && fail "foreign instructions" || true
  "$kernelgen" --target=x86_64-linux+x86-64-v3 --all -o "$work/v3/"
  objdump -d "$work"/v3/*.o | grep -q zmm && fail "512-bit registers at x86-64-v3" || true ;;
messages)
  expect 0 "w4g32_bf16s-matvec-16x1-vnni" "$kernelgen" --list
  expect 2 "did you mean 'x86_64-linux+znver4'" "$kernelgen" --target=x86_64-linux+znver5 --kernel=x -o "$work/x.o"
  expect 2 "did you mean 'f32-rms_norm-1x16-avx2'" \
    "$kernelgen" --target=x86_64-linux --kernel=f32-rms_nrom-1x16-avx2 -o "$work/x.o"
  expect 2 "usage:" "$kernelgen"
  expect 1 "cannot write" "$kernelgen" --target=x86_64-linux --kernel=f32-add-1x16-avx2 -o "$work/none/x.o" ;;
*) fail "unknown check '$check'" ;;
esac
echo "$check: ok"
