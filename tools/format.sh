#!/usr/bin/env bash
# clang-format over every C++ file we track: tools/format.sh rewrites, tools/format.sh --check only tells.
set -euo pipefail
cd "$(dirname "$0")/.."
mode=(-i)
[ "${1:-}" = --check ] && mode=(--dry-run --Werror)
{ git ls-files '*.cpp' '*.h'; git ls-files --others --exclude-standard '*.cpp' '*.h'; } | sort -u |
  xargs -r clang-format-22 "${mode[@]}"
