# lit.cfg.py - how lit runs the text tests.
# SPDX-License-Identifier: Apache-2.0
#
# Text tests are .mlir and .test files beside the GoogleTest sources; the folder mirrors the source tree. Tools come from
# the build directory first (lapidary-opt, lapidary, ...), then from LLVM (FileCheck, not, split-file). Python scripts of
# tools/ are run as %python %tools/NAME.py, those that need numpy as %numpy_python. Run all with `ninja check-lit`, one with
# `lit -v BUILD/test/dialects/gemma`.
import os

import lit.formats

config.name = "lapidary"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".mlir", ".test"]
config.excludes = ["data"]
config.test_source_root = os.path.dirname(__file__)
config.test_exec_root = os.path.join(config.lapidary_build, "test")

config.environment["PATH"] = os.pathsep.join(
    [os.path.join(config.lapidary_build, "bin"), config.llvm_tools, config.environment["PATH"]]
)
config.substitutions.append(("%python", config.python))
config.substitutions.append(("%numpy_python", config.numpy_python))
config.substitutions.append(("%llvm_include", config.llvm_include))
config.substitutions.append(("%source", config.lapidary_source))
config.substitutions.append(("%tools", os.path.join(config.lapidary_source, "tools")))
config.substitutions.append(("%build", config.lapidary_build))
config.substitutions.append(("%data", os.path.join(config.test_source_root, "data")))

# Tests of a part that this build leaves out (LAPIDARY_COMPONENTS) say REQUIRES: passes, and so on.
for component in config.lapidary_components.split(";"):
    config.available_features.add(component.split("/")[0])
