#!/usr/bin/env python3
"""Adds a target the way targets/template/README.md says and checks that the registry lists it.

A copy of targets/ gets the folder `dummy` (the template with its name replaced) and one word in CMakeLists.txt. Only the
registry and the new folder are compiled; everything else comes from the build that runs the test, so it takes seconds.
Usage: add_target_test.py CMAKE SOURCE_DIR BUILD_DIR CC CXX
"""
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

OVERLAY = """\
cmake_minimum_required(VERSION 3.28)
project(Overlay LANGUAGES C CXX)
list(APPEND CMAKE_MODULE_PATH "@SOURCE@/cmake")
include(LapidaryOptions)
include(LapidaryDependencies)
include(LapidaryFunctions)
find_package(LLD REQUIRED CONFIG HINTS /usr/lib/llvm-22/lib/cmake/lld)
include_directories("@SOURCE@" "@BUILD@" "@SOURCE@/runtime/include")
foreach(name @LIBRARIES@)
  add_library(${name} STATIC IMPORTED GLOBAL)
  set_target_properties(${name} PROPERTIES IMPORTED_LOCATION "@BUILD@/lib/lib${name}.a"
                        INTERFACE_LINK_LIBRARIES "lldELF;lldCommon;MLIR;LLVM")
endforeach()
add_subdirectory(targets)
add_executable(list-targets list.cpp)
target_link_libraries(list-targets LapidaryTargets @LIBRARIES@)
"""

LISTER = """\
#include "passes/TargetBackend.h"
#include <cstdio>
int main() {
  for (const auto &target : lapidary::createAllTargets()) {
    std::printf("%s\\n", target->name().str().c_str());
  }
}
"""

SOURCE = Path(sys.argv[2]) if len(sys.argv) > 2 else Path(__file__).parents[3]
WORDS = re.search(r"set\(LAPIDARY_TARGETS ([^)]*)\)", (SOURCE / "targets/CMakeLists.txt").read_text()).group(1).split()
LIBRARIES = [f"LapidaryTarget_{word}" for word in WORDS] + """LapidaryCudaCodegen LapidaryCpuTarget LapidaryPacking LapidaryLoweringPasses
LapidaryLayoutPasses LapidaryKernelDialect LapidaryGemmaDialect LapidarySupport""".split()
# In the build already; those without a CMakeLists.txt are added by nobody.
BUILT = ["common", "common/packing", "common/cpu", "common/schedules", "common/conformance", "template", *WORDS,
         *(f"{word}/schedules" for word in WORDS if (SOURCE / "targets" / word / "schedules").is_dir())]


def make_overlay(root, source, build):
    targets = root / "targets"
    targets.mkdir()
    for folder in BUILT:
        (targets / folder).mkdir()
        (targets / folder / "CMakeLists.txt").write_text("# from the build that runs the test\n")
    for file in (source / "targets").iterdir():
        if file.is_file():
            shutil.copy(file, targets)
    # README.md, step by step: copy, replace the name, add a word.
    shutil.copytree(source / "targets/template", targets / "dummy")
    for file in (targets / "dummy").iterdir():
        file.write_text(file.read_text().replace("template_target", "dummy"))
    lists = targets / "CMakeLists.txt"
    text, count = re.subn(r"set\(LAPIDARY_TARGETS ([^)]*)\)", r"set(LAPIDARY_TARGETS \1 dummy)", lists.read_text())
    assert count == 1, "targets/CMakeLists.txt has no line set(LAPIDARY_TARGETS ..)"
    lists.write_text(text)
    overlay = OVERLAY.replace("@SOURCE@", str(source)).replace("@BUILD@", str(build))
    (root / "CMakeLists.txt").write_text(overlay.replace("@LIBRARIES@", " ".join(LIBRARIES)))
    (root / "list.cpp").write_text(LISTER)


def main():
    cmake, source, build = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    c, cxx = sys.argv[4:]  # the system's own compiler may lack LLD
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        make_overlay(root, source, build)
        subprocess.run([cmake, "-G", "Ninja", "-S", root, "-B", root / "build", f"-DCMAKE_C_COMPILER={c}",
                        f"-DCMAKE_CXX_COMPILER={cxx}", "-DCMAKE_LINKER_TYPE=LLD"], check=True, stdout=subprocess.DEVNULL)
        subprocess.run([cmake, "--build", root / "build", "--target", "list-targets"], check=True)
        listed = subprocess.run([root / "build/bin/list-targets"], check=True, capture_output=True, text=True).stdout.split()
    print("targets:", *listed)
    assert "dummy" in listed, "the new target is not listed"
    assert "x86_64-linux" in listed, "the other targets are gone"


if __name__ == "__main__":
    main()
