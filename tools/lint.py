#!/usr/bin/env python3
"""The rules of the tree that no compiler checks: which folder may include which, no target names outside targets/,
file sizes, banners, path lengths. Prints every violation; exit code 1 if there is one."""
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent

# A folder may include itself and these. Dependencies point one way; the runtime sees nothing.
MAY_INCLUDE = {
    "support": set(),
    "runtime": set(),
    "dialects": {"support"},
    "frontends": {"support", "dialects", "runtime"},  # runtime: table layouts shared with the emitted program
    "passes": {"support", "dialects"},
    "targets": {"support", "dialects", "passes", "runtime"},
    "compiler": {"support", "frontends", "dialects", "passes", "targets", "runtime"},
    "tools": {"support", "frontends", "dialects", "passes", "targets", "compiler", "runtime"},
}
LAYERS = set(MAY_INCLUDE) | {"test"}
# The one header that is everybody's: the contract between compiler and emitted program.
EVERYBODYS = {"lapidary/ProgramAbi.h"}
TARGET_NAME = re.compile(r'(==\s*"|case\s+"|starts_with\(")(x86|aarch64|arm|cuda|hexagon)')
MAX_LINES, MAX_PATH = 500, 75


def tracked_sources():
    out = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=ROOT, check=True,
                         capture_output=True, text=True).stdout
    return [p for p in out.splitlines() if (ROOT / p).is_file()]


def check_includes(path, text, problems):
    layer = path.split("/")[0]
    if layer not in MAY_INCLUDE:
        return
    for number, line in enumerate(text.splitlines(), 1):
        match = re.match(r'#include "([^"]+)"', line)
        if not match or match.group(1) in EVERYBODYS:
            continue
        other = match.group(1).split("/")[0]
        if other in LAYERS and other != layer and other not in MAY_INCLUDE[layer]:
            problems.append(f"{path}:{number}: {layer}/ must not include {other}/ ({match.group(1)})")


def check_target_names(path, text, problems):
    if path.startswith(("targets/", "test/", "runtime/src/CpuFeatures")):
        return
    for number, line in enumerate(text.splitlines(), 1):
        if TARGET_NAME.search(line):
            problems.append(f"{path}:{number}: a target's name outside targets/: ask the TargetBackend instead")


def check_shape(path, text, problems):
    if len(path) > MAX_PATH:
        problems.append(f"{path}: path is {len(path)} characters, at most {MAX_PATH}")
    lines = text.count("\n")
    if lines > MAX_LINES:
        problems.append(f"{path}: {lines} lines, at most {MAX_LINES}: split it by meaning")
    if "SPDX-License-Identifier" not in text[:600]:
        problems.append(f"{path}: no SPDX line in the banner")
    if re.search(r"\b(TODO|FIXME|XXX)\b", text):
        problems.append(f"{path}: unfinished by its own words (TODO, FIXME, XXX)")


def main():
    problems, checked = [], 0
    for path in tracked_sources():
        if not path.endswith((".cpp", ".h", ".td")):
            continue
        text = (ROOT / path).read_text(encoding="utf-8")
        checked += 1
        check_includes(path, text, problems)
        check_target_names(path, text, problems)
        check_shape(path, text, problems)
    for problem in problems:
        print(problem)
    print(f"lint: {checked} files, {len(problems)} problems")
    return 1 if problems or checked == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
