"""What the end-to-end tests share: running programs with a time limit, logits, and finding the compiler under test.
SPDX-License-Identifier: Apache-2.0

The run_*.py are run by CTest as `python SCRIPT --lapidary BUILD/bin/lapidary`; they print every figure they check and
fail with a list of problems, not at the first one.
"""
import argparse
import os
import pathlib
import re
import subprocess
import sys
import tempfile

import numpy

ROOT = pathlib.Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples" / "tiny-gemma4"
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


def run_tests(names):
    """Runs every test_* of a script, `names` its globals(), each with a directory of its own."""
    options = arguments()
    problems = Problems()
    tests = [(name, test) for name, test in names.items() if name.startswith("test_") and options.only in name]
    for name, test in tests:
        print(name)
        with tempfile.TemporaryDirectory() as directory:
            test(options.lapidary, pathlib.Path(directory), problems)
    problems.finish(least=len(tests))


def example_program(lapidary, directory, problems, *options):
    """Compiles the example; its path, or None when that failed."""
    program = directory / "-".join(["tiny", *(option.strip("-") for option in options)])
    done = run(lapidary, "compile", EXAMPLE, "-o", program, "--progress=none", *options)
    return program if problems.expect(done.returncode == 0, f"example {options}: {done.stderr}") else None


def ids_file(directory, ids):
    path = directory / "ids.txt"
    path.write_text(" ".join(str(i) for i in ids) + "\n")
    return path


def logits(program, ids, out, problems, *options):
    done = run(program, "logits", "--ids", ids, "--out", out, *options)
    if not problems.expect(done.returncode == 0, f"logits {' '.join(options)}: exit {done.returncode}: {done.stderr}"):
        return None
    return numpy.fromfile(out, dtype="<f4")


def check_last_row(name, program, ids, expected, out, problems):
    """--last runs what prune-dead-positions left; chunks of 1 and 5 run @extend too."""
    for options in ([], ["--chunk", "1"], ["--chunk", "5"], ["--chunk", "5", "--threads", "3"]):
        last = logits(program, ids, out, problems, "--last", *options)
        same = last is not None and numpy.array_equal(last.view("<u4"), expected.view("<u4"))
        problems.expect(same, f"{name}: --last {' '.join(options)} (pruned) is not bit-identical to the last row")


def check_same_bits(name, program, ids, whole, out, problems):
    """`whole`, [rows, vocabulary], comes out the same in chunks, on any number of threads and for the last row alone."""
    for options in (["--chunk", "1"], ["--chunk", "5"], ["--threads", "1"], ["--threads", "2"], ["--threads", "3"],
                    ["--threads", "4"], ["--threads", "3", "--chunk", "5"]):
        other = logits(program, ids, out, problems, *options)
        same = other is not None and numpy.array_equal(other.view("<u4"), whole.reshape(-1).view("<u4"))
        problems.expect(same, f"{name}: logits with {' '.join(options)} are not bit-identical")
    check_last_row(name, program, ids, whole[-1], out, problems)


def log_softmax(rows):
    rows = rows.astype(numpy.float64)
    rows -= rows.max(1, keepdims=True)
    return rows - numpy.log(numpy.exp(rows).sum(1, keepdims=True))


def mean_divergence(reference, candidate):
    """KL(reference || candidate) of rows of logits, in nats, averaged over the rows."""
    reference, candidate = log_softmax(reference), log_softmax(candidate)
    return float((numpy.exp(reference) * (reference - candidate)).sum(1).mean())


LIBRARY_USER = '''#include "lapidary.h"
#include <stdio.h>
int main(int argc, char **argv) {
  lap_model_options options = {sizeof(options), argv[1]};
  lap_model *model; lap_session *session; lap_error error; int32_t ids[] = {2, 5, 7}, id;
  if (lap_model_open(&options, &model, &error) || lap_session_create(model, 0, &session, &error) ||
      lap_session_prefill(session, ids, 3, &error)) { puts(error.message); return 1; }
  lap_sampling greedy = {sizeof(greedy), 0, 1, 0};
  if (lap_session_sample(session, &greedy, &id, &error)) { puts(error.message); return 1; }
  printf("%d\\n", id);
  lap_session_free(session); lap_model_close(model);
  return 0;
}
'''


LIBRARY_LOADER = '''#include <dlfcn.h>
#include <stdio.h>
int main(int argc, char **argv) {
  void *library = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
  if (!library || !dlsym(library, "lap_model_open")) { puts(dlerror()); return 1; }
  puts("opened");
  return 0;
}
'''
OLDEST_GLIBC = (2, 28)  # RHEL 8, Debian 10


def check_needed(library, problems):
    """The shared library names the libraries it needs, those of glibc only, at versions that the oldest has."""
    text = run("/usr/lib/llvm-22/bin/llvm-readelf", "-dV", "--dyn-syms", library).stdout
    needed = set(re.findall(r"\(NEEDED\).*\[(.*)\]", text))
    glibc = {"libc.so.6", "libm.so.6", "libpthread.so.0", "libdl.so.2"}
    problems.expect({"libc.so.6", "libm.so.6"} <= needed <= glibc, f"{library} needs {needed}")
    versions = {tuple(map(int, v.split("."))) for v in re.findall(r"GLIBC_(\d+(?:\.\d+)+)", text)}
    problems.expect(versions and max(versions) <= OLDEST_GLIBC, f"{library} needs versions of glibc {sorted(versions)}")
    bare = [line.split()[-1] for line in text.splitlines() if re.search(r"(GLOBAL|FUNC).*\bUND\b", line)]
    bare = [name for name in bare if "@" not in name]
    problems.expect(not bare, f"{library} refers to symbols of no version: {bare}")


def check_opening(library, compiler, runner, problems):
    """A program that is linked with nothing opens the shared library at run time."""
    source, out = library.parent.parent / "open.c", library.parent.parent / "open"
    source.write_text(LIBRARY_LOADER)
    done = run(*compiler, source, "-ldl", "-o", out)
    if problems.expect(done.returncode == 0, f"linking what opens {library}: {done.stderr}"):
        done = run(*runner, out, library)
        problems.expect(done.stdout.strip() == "opened", f"dlopen of {library}: {done.stdout}{done.stderr}")


def check_library(library, compiler, runner, problems, names=("libgemma.so", "libgemma.a")):
    """A C program of ten lines against the shared and the static library in a folder: `compiler` is the start of a
    command that compiles and links, `runner` what runs the result ([]: itself). Returns the tokens they print."""
    source, out = library.parent / "use.c", library.parent / "use"
    source.write_text(LIBRARY_USER)
    tokens = []
    for name in names:
        done = run(*compiler, source, f"-I{library}", library / name, f"-Wl,-rpath,{library}", "-lpthread", "-lm", "-o", out)
        if problems.expect(done.returncode == 0, f"linking with {name}: {done.stderr}"):
            done = run(*runner, out, library / "gemma.weights")
            print(f"  {name}: next token {done.stdout.strip()}")
            problems.expect(done.returncode == 0 and done.stdout.strip().isdigit(), f"{name}: {done.stdout}{done.stderr}")
            tokens.append(done.stdout.strip())
    return tokens
