"""Programs for NVIDIA GPUs, run on the emulated GPU, against the reference and the same programs for this machine.
SPDX-License-Identifier: Apache-2.0

The emulated GPU runs the kernels' own NVVM IR on the CPU and stops at accesses out of bounds and at races
(targets/cuda/emulator); sums run in another order than on a CPU. Float programs are held to the reference. Rounding
activations to integers turns a last bit into a step: a row either has the CPU's logits or differs from them by about as
much as quantization changed it, so for those the divergence counts.
Usage: run_cuda.py --lapidary L --emulator FOLDER [--only NAME] [--quick]
"""
import argparse
import os
import pathlib
import re
import sys
import tempfile

import numpy
from safetensors.numpy import load_file

from cuda_operation import QUESTION
from driver import FIXTURES, QUANTIZED_FIXTURES, ROOT, Problems, ids_file, run

TOLERANCE = 1e-3
QUICK = ["edge_dense_gqa_bf16", "edge_dense_f32", "moe_f32", "odd_sizes_f32"]
TARGET = "cuda-sm_80+sm_90"
CONTEXT = 128  # the longest that all fixtures have


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--lapidary", default=str(ROOT / "build" / "dev" / "bin" / "lapidary"))
    parser.add_argument("--emulator", default=str(ROOT / "build" / "dev" / "lib" / "lapidary" / "cuda-emulator"),
                        help="folder of the emulated libcuda.so.1")
    parser.add_argument("--only", default="", help="run only fixtures that have this in their names")
    parser.add_argument("--quick", action="store_true", help="fewer plain fixtures")
    return parser.parse_args()


def divergence(a, b):
    """Mean KL of the distributions of rows of logits."""
    a = a - a.max(axis=1, keepdims=True)
    b = b - b.max(axis=1, keepdims=True)
    log_a = a - numpy.log(numpy.exp(a).sum(axis=1, keepdims=True))
    log_b = b - numpy.log(numpy.exp(b).sum(axis=1, keepdims=True))
    return float((numpy.exp(log_a) * (log_a - log_b)).sum(axis=1).mean())


class Case:
    """One checkpoint in one format, compiled for the GPU and for this machine."""

    def __init__(self, options, fixture, flags, directory, problems, settings=None):
        self.name = f"{fixture.name} {' '.join(flags)}"
        self.directory, self.problems = directory, problems
        self.gpu, self.here = directory / "gpu", directory / "here"
        self.environment = dict(os.environ, LD_LIBRARY_PATH=options.emulator)
        self.compiled = True
        for program, target in ((self.gpu, TARGET), (self.here, "native")):
            done = run(options.lapidary, "compile", fixture, "-o", program, f"--target={target}", f"--context={CONTEXT}",
                       "--progress=none", *flags, env=settings)
            self.compiled &= problems.expect(done.returncode == 0, f"{self.name}: compile for {target}: {done.stderr}")

    def run(self, program, *words, **more):
        done = run(program, *words, env=self.environment if program == self.gpu else {}, **more)
        self.problems.expect(done.returncode == 0, f"{self.name}: {' '.join(map(str, words))}: exit "
                             f"{done.returncode}: {done.stderr[:800]}")
        return done

    def logits(self, program, ids, columns, *words):
        out = self.directory / "logits.f32"
        done = self.run(program, "logits", "--ids", ids, "--out", out, *words)
        return numpy.fromfile(out, dtype="<f4").reshape(-1, columns) if done.returncode == 0 else None


def compare(case, reference, held_to):
    """held_to: "reference", "cpu" (activations are not rounded, but the reference's weights are others), "noise"."""
    tokens = reference["input_ids"][0]
    types = reference.get("mm_token_type_ids")  # rows before the first image or audio token depend on text alone
    text = len(tokens) if types is None else int(numpy.argmax(types[0] != 0))
    expected = reference["logits"][0]
    # The tokens twice: a chunk of 40 rows takes other kernels than one of up to 32. The first rows have the same reference,
    # later ones differ more from the CPU's where products split activations into two bf16.
    for repeated, words in ((1, []), (1, ["--chunk", "1"]), (2, ["--chunk", "40"])):
        ids = ids_file(case.directory, (list(tokens) * repeated)[:CONTEXT])
        gpu = case.logits(case.gpu, ids, expected.shape[1], *words)
        here = case.logits(case.here, ids, expected.shape[1], *words)
        if gpu is None or here is None:
            continue
        label = f"{case.name} {' '.join(words)}"
        apart, most = numpy.abs(gpu - here).max(axis=1), TOLERANCE * (4 if repeated > 1 else 1)
        if held_to != "noise":
            error = float(numpy.abs(gpu[:text] - expected[:text]).max())
            print(f"  {label}: {apart.max():.1e} from the CPU's logits, {error:.1e} from the reference")
            case.problems.expect(held_to == "cpu" or error <= TOLERANCE,
                                 f"{label}: logits differ from the reference by {error}")
            case.problems.expect(apart.max() <= most, f"{label}: logits differ from the CPU's by {apart.max()}")
            continue
        same, moved = int((apart <= TOLERANCE).sum()), divergence(here, gpu)
        noise = divergence(expected[:text], here[:text])
        print(f"  {label}: {same} of {len(apart)} rows as on the CPU, KL {moved:.1e} (of the format itself {noise:.1e})")
        case.problems.expect(moved <= max(noise, 1e-6), f"{label}: KL {moved} to the CPU's program, more than the "
                             f"{noise} that the format costs")


def check_overlaps(case, reference):
    """On capability 9.0, but not below, most kernels are launched before those in front of them have ended."""
    words = ("generate", "--ids", ids_file(case.directory, reference["input_ids"][0]), "-n", "3", "--greedy", "--print-ids")
    case.environment["LAPIDARY_EMULATED_SUMMARY"] = "1"
    for capability, least, most in (("90", 0.9, 1), ("89", 0, 0)):
        case.environment["LAPIDARY_EMULATED_CAPABILITY"] = capability
        text = case.run(case.gpu, *words).stderr
        counts = re.search(r"(\d+) launches, (\d+) of which", text)
        share = int(counts[2]) / int(counts[1]) if counts else -1
        case.problems.expect(least <= share <= most, f"{case.name}: {share} of the launches overlap on {capability}: {text}")
    del case.environment["LAPIDARY_EMULATED_SUMMARY"], case.environment["LAPIDARY_EMULATED_CAPABILITY"]


def check_steps(case, reference, held_to):
    """Decoding replays graphs of kernels that begin early; the same kernels run one by one, or one after the other."""
    ids = ids_file(case.directory, reference["input_ids"][0])
    words = ("generate", "--ids", ids, "-n", "6", "--greedy", "--print-ids")
    with_graphs = case.run(case.gpu, *words).stdout
    for switch in ("LAPIDARY_CUDA_GRAPH", "LAPIDARY_CUDA_PDL"):
        case.environment[switch] = "0"
        without = case.run(case.gpu, *words).stdout
        del case.environment[switch]
        case.problems.expect(with_graphs == without, f"{case.name}: {with_graphs!r}, with {switch}=0 {without!r}")
    if held_to != "noise":
        here = case.run(case.here, *words).stdout
        case.problems.expect(with_graphs == here, f"{case.name}: generates {with_graphs!r}, on the CPU {here!r}")


def check_draws(case, reference):
    """Tokens are drawn from what the GPU finds in the logits; the CPU's program looks at all of them."""
    words = ("generate", "--ids", ids_file(case.directory, reference["input_ids"][0]), "-n", "6")
    for sampling in (("--top-k=8", "--top-p=0.9"), ("--top-k=0", "--top-p=0.6"), ("--top-k=0", "--top-p=1")):
        for seed in ("1", "2"):
            more = (*words, "--temp=0.8", *sampling, "--seed", seed, "--print-ids")
            gpu, here = case.run(case.gpu, *more).stdout, case.run(case.here, *more).stdout
            case.problems.expect(gpu == here, f"{case.name}: {' '.join(map(str, more))} gives {gpu!r}, on the CPU {here!r}")


def cases(quick):
    """(checkpoint, flags, what its logits are held to). K/V in bf16 round last bits to steps of 2^-9, too."""
    for fixture in sorted(p.parent for p in FIXTURES.glob("*/reference.safetensors")):
        if quick and fixture.name not in QUICK:
            continue
        yield fixture, ["--quant=bf16" if "bf16" in fixture.name else "--quant=f32", "--kv=f32"], "reference"
        for quant in ("w8", "w4"):
            yield fixture, [f"--quant={quant}"], "noise"
    yield FIXTURES / "edge_dense_gqa_bf16", ["--quant=w4", "--quant-override=lm_head.weight=w4"], "noise"
    for quant in ("w8row", "w4row", "w2row"):
        yield FIXTURES / "edge_dense_gqa_bf16", [f"--quant={quant}", "--kv=f32"], "cpu"
    for fixture in sorted(p.parent for p in QUANTIZED_FIXTURES.glob("*/reference.safetensors")):
        yield (fixture, ["--kv=f32"], "cpu") if "w4a16" in fixture.name else (fixture, [], "noise")


def check_operation(case, *words):
    """The checks of cuda_operation.py, in a process that finds the emulated driver."""
    done = run(sys.executable, pathlib.Path(__file__).with_name("cuda_operation.py"), *words, env=case.environment)
    case.problems.expect(done.returncode == 0, f"{words[0]}: {done.stdout} {done.stderr[-2000:]}")
    print(done.stdout, end="")


def check_sessions(options, directory, problems):
    case = Case(options, FIXTURES / "moe_f32", ["--quant=f32", "--kv=f32", "--emit=library"], directory, problems)
    if case.compiled:
        vocab = load_file(FIXTURES / "moe_f32" / "reference.safetensors")["logits"].shape[2]
        check_operation(case, "sessions", case.gpu, vocab)


def check_text(options, directory, problems):
    """A trained model with a tokenizer: the same text as on the CPU, also from the server."""
    case = Case(options, ROOT / "examples" / "tiny-gemma4", ["--quant=f32", "--kv=f32"], directory, problems)
    if case.compiled:
        words = ("-p", "Once upon a time", "-n", "12", "--greedy")
        here, gpu = case.run(case.here, *words).stdout, case.run(case.gpu, *words).stdout
        problems.expect(here == gpu, f"text: {gpu!r}, on the CPU {here!r}")
        answer = case.run(case.gpu, "-p", QUESTION[0]["content"], "-n", "8", "--greedy", "--quiet").stdout
        check_operation(case, "server", case.gpu, directory, answer.removesuffix("\n"))


def check_exact_forms(options, directory, problems):
    """Kernels for exactly one capability (targets/cuda/kernels/MatmatWarpgroup.cpp) run where the GPU is one: here, where it
    says so. Prompts are longer than a block of the other kernels has rows. Row formats have the bits of those; where some
    products are of floats, the divergence counts. Operands of group formats are rounded to f16, which moves later activations
    to other integers: that may change as much as the format does ("format": to f32). Without ptxas images are PTX, whose
    entries the emulator looks at."""
    capabilities, without_ptxas = ("80", "90", "120"), {"LAPIDARY_PTXAS": ""}
    for fixture, flags, settings, held_to in (
            (FIXTURES / "edge_dense_gqa_f32", ["--quant=w4row", "--kv=f32"], {}, "bits"),
            (FIXTURES / "edge_dense_gqa_f32", ["--quant=w2row", "--kv=f32"], without_ptxas, "bits"),
            (FIXTURES / "edge_dense_gqa_bf16", ["--quant=bf16", "--kv=f32"], {}, "noise"),
            (FIXTURES / "edge_dense_gqa_f32", ["--quant=w4", "--kv=f32"], {}, "format"),
            (FIXTURES / "edge_dense_gqa_f32", ["--quant=w8", "--kv=f32"], without_ptxas, "format"),
            (QUANTIZED_FIXTURES / "mobile_e2b", [], {}, "noise")):
        case = Case(options, fixture, flags, directory, problems, settings)
        if not case.compiled:
            continue
        columns = load_file(fixture / "reference.safetensors")["logits"].shape[2]
        ids = ids_file(directory, [2 + 37 * i % (columns - 2) for i in range(100)])
        here = case.logits(case.here, ids, columns)
        logits, used = {}, []
        for capability in capabilities:
            case.environment["LAPIDARY_EMULATED_CAPABILITY"] = capability
            logits[capability] = case.logits(case.gpu, ids, columns)
            used.append("sm90a" in case.run(case.gpu, "bench", "-p", "100", "-n", "1", "-r", "1", "--profile").stdout)
        problems.expect(used == [False, True, False], f"{case.name}: products by warpgroup on {capabilities}: {used}")
        if here is None or any(rows is None for rows in logits.values()):
            continue
        apart = [float(numpy.abs(logits["90"] - logits[other]).max()) for other in ("80", "120")]
        moved, noise = divergence(logits["80"], logits["90"]), divergence(here, logits["80"])
        if held_to == "format":
            exact = Case(options, fixture, ["--quant=f32", "--kv=f32"], directory, problems)
            noise = divergence(exact.logits(exact.here, ids, columns), here)
        print(f"  {case.name}: products by warpgroup: {max(apart):.1e} from the others', KL {moved:.1e} (noise {noise:.1e})")
        problems.expect(max(apart) == 0 if held_to == "bits" else moved <= max(noise, 1e-6),
                        f"{case.name}: logits on capability 90 differ from those on others by {apart}, KL {moved}")


def main():
    options = arguments()
    problems = Problems()
    ran = 0
    for fixture, flags, held_to in cases(options.quick):
        if options.only not in fixture.name:
            continue
        with tempfile.TemporaryDirectory() as directory:
            case = Case(options, fixture, flags, pathlib.Path(directory), problems)
            if case.compiled:
                reference = load_file(fixture / "reference.safetensors")
                compare(case, reference, held_to)
                check_steps(case, reference, held_to)
                if held_to == "reference" and fixture.name in QUICK:
                    check_draws(case, reference)
                    if options.emulator:
                        check_overlaps(case, reference)
        ran += 1
    checks = [check_sessions, check_text] + ([check_exact_forms] if options.emulator else [])
    for check in checks:
        with tempfile.TemporaryDirectory() as directory:
            check(options, pathlib.Path(directory), problems)
    problems.finish(least=8 * ran)


if __name__ == "__main__":
    main()
