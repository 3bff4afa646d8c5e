"""Programs for another machine, under an emulator, against the same programs for this one.
SPDX-License-Identifier: Apache-2.0

Kernels add up in one order whatever the instruction set (docs/architecture.md), so logits are compared bit for bit with
the program of this machine, which the other scripts hold against the reference implementation; greedy ids and the text
commands follow. In f32 the fixture's own reference is compared, too.
Usage: run_emulated.py --lapidary L --target TARGET --emulator "qemu-aarch64 -cpu CPU" [--lacking EMULATOR] [--root GLIBC_ROOT]
"""
import argparse
import json
import pathlib
import shlex
import sys
import tempfile
import time

import numpy
from safetensors.numpy import load_file

from driver import FIXTURES, QUANTIZED_FIXTURES, ROOT, Problems, check_library, check_needed, check_opening, ids_file
from driver import run as run_within

TOLERANCE = 1e-3
TIMEOUT = 1800  # seconds for one command: floats may be emulated one by one
QUICK = ["edge_dense_gqa_bf16", "moe_f32", "odd_sizes_f32"]  # what --quick runs of the plain fixtures


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--lapidary", default=str(ROOT / "build" / "dev" / "bin" / "lapidary"))
    parser.add_argument("--target", required=True)
    parser.add_argument("--emulator", required=True, help="command that runs a program of the target")
    parser.add_argument("--lacking", default="", help="emulator of a machine that lacks a feature of the target")
    parser.add_argument("--root", default="", help="the target's glibc (/usr/aarch64-linux-gnu): tests the library")
    parser.add_argument("--triple", default="aarch64-linux-gnu.2.36", help="what zig calls the target")
    parser.add_argument("--only", default="", help="run only what has this in its name: a fixture, text, calibrated, library")
    parser.add_argument("--quick", action="store_true", help="fewer plain fixtures")
    return parser.parse_args()


def run(*words, stdin=None):
    return run_within(*words, stdin=stdin, timeout=TIMEOUT)


class Case:
    """One checkpoint in one format, compiled for both machines."""

    def __init__(self, options, fixture, flags, directory, problems):
        self.name = f"{fixture.name} {' '.join(flags)}"
        self.emulator = shlex.split(options.emulator)
        self.here, self.there = directory / "here", directory / "there"
        self.directory, self.problems = directory, problems
        self.compiled = True
        for program, target in ((self.here, "native"), (self.there, options.target)):
            done = run(options.lapidary, "compile", fixture, "-o", program, f"--target={target}", "--context=128",
                       "--progress=none", *flags)
            self.compiled &= problems.expect(done.returncode == 0, f"{self.name}: compile for {target}: {done.stderr}")

    def both(self, *words, stdin=None):
        """The same command on both machines; fails unless both succeed and print the same."""
        here = run(self.here, *words, stdin=stdin)
        there = run(*self.emulator, self.there, *words, stdin=stdin)
        label = f"{self.name}: {' '.join(str(w) for w in words)}"
        self.problems.expect(here.returncode == 0 and there.returncode == 0,
                             f"{label}: exit {here.returncode} and {there.returncode}: {here.stderr}{there.stderr}")
        self.problems.expect(here.stdout == there.stdout, f"{label}: prints {there.stdout!r}, here {here.stdout!r}")
        return there

    def logits(self, ids, *words):
        """Logits of both, the emulated ones first."""
        found = []
        for command in ([*self.emulator, self.there], [self.here]):
            out = self.directory / "logits.f32"
            done = run(*command, "logits", "--ids", ids, "--out", out, *words)
            ok = self.problems.expect(done.returncode == 0, f"{self.name}: logits: exit {done.returncode} {done.stderr}")
            found.append(numpy.fromfile(out, dtype="<f4") if ok else None)
        return found


def check(case, reference, exact):
    ids = reference["input_ids"][0]
    path = ids_file(case.directory, ids)
    whole = None
    for words in ([], ["--chunk", "1", "--threads", "2"], ["--chunk", "5", "--threads", "1"],
                  ["--last", "--chunk", "5", "--threads", "2"]):
        there, here = case.logits(path, *words)
        same = there is not None and here is not None and numpy.array_equal(there.view("<u4"), here.view("<u4"))
        case.problems.expect(same, f"{case.name}: logits {' '.join(words)} have other bits than on this machine")
        whole = there if whole is None else whole
    if exact and whole is not None:
        types = reference.get("mm_token_type_ids")  # rows before the first image or audio token depend on text alone
        rows = len(ids) if types is None else int(numpy.argmax(types[0] != 0))
        logits = reference["logits"][0][:rows]
        difference = float(numpy.abs(whole.reshape(-1, logits.shape[1])[:rows] - logits).max())
        print(f"  {case.name}: max |logits - reference| = {difference:.2e}")
        case.problems.expect(difference <= TOLERANCE, f"{case.name}: logits differ from the reference by {difference}")
    case.both("generate", "--ids", path, "-n", "8", "--greedy", "--print-ids")
    print(f"  {case.name}: same bits")


def cases(quick):
    """(checkpoint, flags, whether its f32 reference is what the program computes)."""
    for fixture in sorted(p.parent for p in FIXTURES.glob("*/reference.safetensors")):
        if quick and fixture.name not in QUICK:
            continue
        yield fixture, ["--quant=bf16" if "bf16" in fixture.name else "--quant=f32"], True
        for quant in ("w8", "w4"):
            yield fixture, [f"--quant={quant}"], False
    for quant in ("w8row", "w4row", "w2row"):
        yield FIXTURES / "edge_dense_gqa_bf16", [f"--quant={quant}"], False
    yield FIXTURES / "edge_dense_gqa_bf16", ["--quant=w4", "--quant-override=lm_head.weight=w4"], False
    for fixture in sorted(p.parent for p in QUANTIZED_FIXTURES.glob("*/reference.safetensors")):
        yield fixture, [], False


def check_calibrated(options, directory, problems):
    """The mobile form of a plain checkpoint: static ranges, int8 caches; calibration runs once, on this machine."""
    model, statistics = ROOT / "examples" / "tiny-gemma4", directory / "statistics"
    done = run(options.lapidary, "calibrate", model, "--text", model / "val.txt", "-o", statistics, "--progress=none")
    problems.expect(done.returncode == 0, f"calibrate: {done.stderr}")
    case = Case(options, model, ["--quant=mobile", f"--calibration={statistics}"], directory, problems)
    if case.compiled:
        case.both("-p", "Once upon a time", "-n", "12", "--greedy")


def check_text(options, directory, problems):
    """A model with a tokenizer: every command that reads or prints text."""
    case = Case(options, ROOT / "examples" / "tiny-gemma4", [], directory, problems)
    if not case.compiled:
        return
    text = "Once upon a time\n"
    case.both("-p", text.strip(), "-n", "12", "--greedy")
    ids = case.both("tokenize", stdin=text).stdout
    case.both("detokenize", stdin=ids)
    verified = run(*case.emulator, case.there, "verify")
    problems.expect(verified.returncode == 0 and verified.stdout.startswith("ok"), f"verify: {verified.stderr}")
    info = json.loads(run(*case.emulator, case.there, "info", "--json").stdout)
    problems.expect(info["target"] == options.target, f"info says {info['target']}, not {options.target}")
    bench = run(*case.emulator, case.there, "bench", "-p", "8", "-n", "2", "-r", "1", "--json")
    problems.expect(bench.returncode == 0 and json.loads(bench.stdout)["decode_tok_s"] > 0, f"bench: {bench.stderr}")
    if options.lacking:
        done = run(*shlex.split(options.lacking), case.there, "-p", text, "-n", "1")
        problems.expect(done.returncode != 0 and "lacks features" in done.stderr and "--target=native" in done.stderr,
                        f"on a CPU without the features: exit {done.returncode}, {done.stderr}")


def check_emulated_library(options, directory, problems):
    """Both libraries in a C program for the target's glibc, whose root the emulator is given."""
    if not options.root:
        return
    found = []
    for target, folder in (("native", directory / "here"), (options.target, directory / "there")):
        folder.mkdir()
        done = run(options.lapidary, "compile", FIXTURES / "edge_dense_f32", "-o", folder / "gemma", "--emit=library",
                   f"--target={target}", "--progress=none")
        problems.expect(done.returncode == 0, f"--emit=library for {target}: {done.stderr}")
    found.append(check_library(directory / "here" / "gemma", ["clang-22"], [], problems))
    compiler = [sys.executable, "-m", "ziglang", "cc", "-target", options.triple]
    emulator = [*shlex.split(options.emulator), "-L", options.root]
    found.append(check_library(directory / "there" / "gemma", compiler, emulator, problems))
    check_needed(directory / "there" / "gemma" / "libgemma.so", problems)
    check_opening(directory / "there" / "gemma" / "libgemma.so", compiler, emulator, problems)
    problems.expect(found[0] == found[1], f"the library's tokens differ: {found}")


def main():
    options = arguments()
    problems = Problems()
    ran = 0
    for fixture, flags, exact in cases(options.quick):
        if options.only not in fixture.name:
            continue
        begin = time.monotonic()
        with tempfile.TemporaryDirectory() as directory:
            case = Case(options, fixture, flags, pathlib.Path(directory), problems)
            if case.compiled:
                check(case, load_file(fixture / "reference.safetensors"), exact)
            print(f"  {case.name}: {time.monotonic() - begin:.0f} s", flush=True)
        ran += 1
    for name, part in (("text", check_text), ("calibrated", check_calibrated), ("library", check_emulated_library)):
        if options.only in name:
            with tempfile.TemporaryDirectory() as directory:
                part(options, pathlib.Path(directory), problems)
            ran += 1
    problems.expect(ran > 0, f"nothing has '{options.only}' in its name")
    problems.finish(least=max(1, 2 * ran))


if __name__ == "__main__":
    main()
