"""What the end-to-end tests share: running programs with a time limit, and finding the compiler under test.
SPDX-License-Identifier: Apache-2.0

Both scripts are run by CTest as `python SCRIPT --lapidary BUILD/bin/lapidary`; they print every figure they check and
fail with a list of problems, not at the first one.
"""
import argparse
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
FIXTURES = ROOT / "test" / "data" / "fixtures"
QUANTIZED_FIXTURES = ROOT / "test" / "data" / "fixtures-quantized"
SHARED_MODELS = ROOT.parent / "shared" / "data" / "models"  # larger test models, not part of the repository


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--lapidary", default=str(ROOT / "build" / "dev" / "bin" / "lapidary"))
    parser.add_argument("--only", default="", help="run only what has this in its name")
    return parser.parse_args()


def run(*words, stdin=None, timeout=300, cwd=None, env=None):
    """Runs a program; returns the finished process with text output."""
    return subprocess.run([str(w) for w in words], input=stdin, capture_output=True, text=True, timeout=timeout,
                          cwd=cwd, env=dict(os.environ, **(env or {})))


class Problems:
    """Collects failed expectations."""

    def __init__(self):
        self.found = []
        self.checks = 0

    def expect(self, condition, text):
        self.checks += 1
        if not condition:
            self.found.append(text)
            print(f"  FAILED: {text}")
        return condition

    def finish(self, least):
        """Ends the script; fewer than `least` checks is a failure too, so that nothing passes by doing nothing."""
        self.expect(self.checks >= least, f"only {self.checks} checks ran, expected at least {least}")
        print(f"{self.checks} checks, {len(self.found)} problems")
        for text in self.found:
            print(f"  {text}")
        sys.exit(1 if self.found else 0)
