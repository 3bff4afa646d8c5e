#!/usr/bin/env bash
# Puts everything Lapidary builds with on a Debian 12 machine: LLVM/MLIR 22, LLD, sentencepiece, Protobuf, RE2, Boost,
# GoogleTest and qemu-user (runs ARM and Hexagon tests) from Debian; Halide 21, zig, a current CMake and what tests need from
# PyPI, in a virtual environment. Quiet and quick when all is there.
#
# usage: install-dependencies.sh [--qemu10]
# --qemu10 unpacks qemu 10 from bookworm-backports (63 MB) into ~/.cache/lapidary/qemu10, beside Debian's 7.2, which stays:
# it runs programs for Hexagon v67 to v73. Without it those tests are skipped.
set -euo pipefail

VENV="${LAPIDARY_VENV:-/opt/lapidary-venv}"
DEBIAN_PACKAGES=(
  libmlir-22-dev mlir-22-tools llvm-22-dev llvm-22-tools llvm-22 liblld-22-dev lld-22
  clang-22 clang-tidy-22 clang-format-22 libclang-rt-22-dev
  g++ git ninja-build ccache python3 python3-venv file binutils
  libboost1.81-dev libboost-context1.81-dev
  libsentencepiece-dev libprotobuf-dev protobuf-compiler libgtest-dev nlohmann-json3-dev rapidjson-dev libre2-dev
  zlib1g-dev libzstd-dev libxml2-dev
  qemu-user libc6-arm64-cross
)
PYPI_PACKAGES=(ziglang==0.17.1 halide==21.0.0 cmake==4.4.5 numpy safetensors ml_dtypes tokenizers openai==3.57.0
               'jsonschema[format-nongpl]')

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }

missing=()
for package in "${DEBIAN_PACKAGES[@]}"; do
  dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing+=("$package")
done
if [ "${#missing[@]}" -gt 0 ]; then
  echo "installing ${#missing[@]} Debian packages"
  as_root apt-get update -qq
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi

stamp="$VENV/.lapidary-$(printf '%s ' "${PYPI_PACKAGES[@]}" | sha256sum | cut -c1-16)"
if [ ! -e "$stamp" ]; then
  echo "installing Halide, zig and CMake from PyPI into $VENV"
  [ -x "$VENV/bin/python" ] || as_root python3 -m venv "$VENV"
  as_root "$VENV/bin/pip" install --quiet --disable-pip-version-check "${PYPI_PACKAGES[@]}"
  as_root touch "$stamp"
fi

QEMU10="${XDG_CACHE_HOME:-$HOME/.cache}/lapidary/qemu10"
if [ "${1:-}" = --qemu10 ] && [ ! -x "$QEMU10/usr/bin/qemu-hexagon" ]; then
  echo "unpacking qemu 10 into $QEMU10"
  work="$(mktemp -d)"
  trap 'rm -rf "$work"' EXIT
  mkdir -p "$work/lists/partial" "$work/cache/archives/partial" "$QEMU10"
  echo "deb http://deb.debian.org/debian bookworm-backports main" >"$work/sources"
  apt=(apt-get -qq -o "Dir::Etc::sourcelist=$work/sources" -o Dir::Etc::sourceparts=- -o "Dir::State::Lists=$work/lists"
    -o "Dir::Cache=$work/cache" -o APT::Sandbox::User=)
  "${apt[@]}" update
  (cd "$work" && "${apt[@]}" download qemu-user/bookworm-backports)
  dpkg -x "$work"/qemu-user_*.deb "$QEMU10"
fi
