#!/usr/bin/env python3
"""The rules of the tree that no compiler checks: which folder may include which, what the runtime may include at all,
no target's name outside its folder, sizes of files and functions, banners, path lengths. Prints every violation; exit
code 1 if there is one."""
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent

# A folder may include itself and these; lapidary/*.h (runtime/include), the contract between compiler and emitted program,
# is everybody's. Dependencies point one way; the runtime sees nothing.
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
# Headers of C++ that need no library; beside them the runtime, but for its server, includes those of libc only.
FREESTANDING = {"atomic", "bit", "initializer_list", "new", "type_traits"}
RAPIDJSON_READER = "runtime/src/JsonReader.cpp"
TARGET_NAME = re.compile(r'(==\s*"|case\s+"|starts_with\(")(x86|aarch64|arm|cuda|hexagon)')
OWN_FOLDER = re.compile(r"test/|runtime/src/CpuFeatures|targets/(?!common/|template/)\w+/")
# A function outside of classes, as clang-format lays it out, ends with the next "}" in column 0.
FUNCTION_START = re.compile(r"(?!namespace|class|struct|union|enum|extern|[\s#/}]).*\(.*\{$")
MAX_LINES, MAX_FUNCTION, MAX_PATH = 500, 100, 75


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
        if not match:
            continue
        other = match.group(1).split("/")[0]
        if other in LAYERS and other != layer and other not in MAY_INCLUDE[layer]:
            problems.append(f"{path}:{number}: {layer}/ must not include {other}/ ({match.group(1)})")


def check_runtime_headers(path, text, problems):
    if not path.startswith("runtime/") or path.startswith("runtime/src/server/"):
        return
    for number, line in enumerate(text.splitlines(), 1):
        match = re.match(r"#include <([^>]+)>", line)
        if not match:
            continue
        header = match.group(1)
        rapidjson = header.startswith("rapidjson/") and path == RAPIDJSON_READER
        if not rapidjson and header not in FREESTANDING and (header.startswith("rapidjson/") or not header.endswith(".h")):
            problems.append(f"{path}:{number}: the runtime must not include <{header}>: it sees libc only")


def check_target_names(path, text, problems):
    if OWN_FOLDER.match(path):
        return
    for number, line in enumerate(text.splitlines(), 1):
        if TARGET_NAME.search(line):
            problems.append(f"{path}:{number}: a target's name outside its folder: ask the TargetBackend instead")


def check_functions(path, text, problems):
    start = None
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("}"):
            if start and number - start - 1 > MAX_FUNCTION:
                problems.append(f"{path}:{start}: a function of {number - start - 1} lines, at most {MAX_FUNCTION}")
            start = None
        elif start is None and FUNCTION_START.match(line):
            start = number


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
        if not path.endswith((".cpp", ".h", ".td", ".def", ".inc")):
            continue
        text = (ROOT / path).read_text(encoding="utf-8")
        checked += 1
        check_includes(path, text, problems)
        check_runtime_headers(path, text, problems)
        check_target_names(path, text, problems)
        check_functions(path, text, problems)
        check_shape(path, text, problems)
    for problem in problems:
        print(problem)
    print(f"lint: {checked} files, {len(problems)} problems")
    return 1 if problems or checked == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
