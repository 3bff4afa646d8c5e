"""Calibrated rounding: what it is worth, that it is reproducible, and what is refused.
SPDX-License-Identifier: Apache-2.0

The example model writes its own calibration text; its held-out text measures.
"""
import hashlib
import json
import shutil

import numpy

from driver import EXAMPLE, FIXTURES, example_program, mean_divergence, run, run_tests


def example_logits(program, ids, directory):
    """Logits of every id [tokens, vocabulary]."""
    out = directory / "logits"
    done = run(program, "logits", "--ids", "-", "--out", out, stdin=" ".join(map(str, ids)))
    assert done.returncode == 0, done.stderr
    return numpy.fromfile(out, numpy.float32).reshape(len(ids), -1)


def calibration_text(program):
    """What the model itself writes: the held-out text must not steer the rounding."""
    options = ("generate", "--ids", "-", "-n", "500", "--temp", "1", "--top-k", "0", "--top-p", "1", "--quiet")
    return "\n".join(run(program, *options, "--seed", str(seed), stdin="2").stdout for seed in range(40))


def test_calibration(lapidary, directory, problems):
    """Statistics make w4 programs better, are the same however they are given, and belong to one model."""
    reference = example_program(lapidary, directory, problems, "--quant=f32")
    ids = json.loads((EXAMPLE / "eval-ids.json").read_text())[:512]
    expected = example_logits(reference, ids, directory)
    text, statistics = directory / "text", directory / "observed.safetensors"
    text.write_text(calibration_text(reference))
    done = run(lapidary, "calibrate", EXAMPLE, "--text", text, "-o", statistics, "--progress=none")
    if not problems.expect(done.returncode == 0, f"calibrate: {done.stderr}"):
        return
    head = "--quant-override=*embed_tokens.weight=w4"
    variants = {"plain": (head,), "statistics": (head, f"--calibration={statistics}", "-j1"),
                "again": (head, f"--calibration={statistics}", "-j3"), "text": (head, f"--calibrate={text}"),
                "head": ("--quant-override=lm_head.weight=w4", f"--calibration={statistics}"),
                "head plain": ("--quant-override=lm_head.weight=w4",),
                "table": (head, "--quant-override=lm_head.weight=w8", f"--calibration={statistics}"),
                "table plain": (head, "--quant-override=lm_head.weight=w8")}
    found, hashes = {}, {}
    for name, options in variants.items():
        program = directory / name
        done = run(lapidary, "compile", EXAMPLE, "-o", program, "--progress=none", "--quant=w4", *options)
        if problems.expect(done.returncode == 0, f"{name}: {done.stderr}"):
            found[name] = mean_divergence(expected, example_logits(program, ids, directory))
            hashes[name] = hashlib.sha256(program.read_bytes()).hexdigest()
    print(f"  KL: {found}")
    if len(found) == len(variants):
        problems.expect(found["statistics"] < 0.75 * found["plain"], f"calibration does not help: {found}")
        for name in ("head", "table"):  # the token table and the head stored apart, one of them in w8
            problems.expect(found[name] < min(found["statistics"], found[f"{name} plain"]), f"{name} in w4 alone: {found}")
        problems.expect(len({hashes[n] for n in ("statistics", "again", "text")}) == 1, "calibrated programs differ")
    done = run(lapidary, "compile", FIXTURES / "edge_dense_bf16", "-o", directory / "other", "--progress=none", "--quant=w4",
               f"--calibration={statistics}")
    problems.expect(done.returncode == 2 and "another checkpoint" in done.stderr, f"foreign statistics: {done.stderr}")


def test_observations_do_not_depend_on_threads(lapidary, directory, problems):
    """What a calibration reads is the same file, byte for byte, for any number of threads; so are its statistics."""
    program = example_program(lapidary, directory, problems, "--quant=bf16", "--kv=f32", "--context=512")
    if program is None:
        return
    ids = " ".join(map(str, json.loads((EXAMPLE / "eval-ids.json").read_text())[:1024]))
    hashes = []
    for threads in (1, 2, 4, 2, 4):
        out = directory / f"observed-{len(hashes)}"
        done = run(program, "observe", "--ids", "-", "--out", out, "--threads", str(threads), "--quiet", stdin=ids)
        if problems.expect(done.returncode == 0, f"observe with {threads} threads: {done.stderr}"):
            hashes.append(hashlib.sha256(out.read_bytes()).hexdigest())
    problems.expect(len(hashes) == 5 and len(set(hashes)) == 1, f"1, 2, 4, 2, 4 threads observe: {hashes}")
    statistics = [directory / "first.safetensors", directory / "second.safetensors"]
    for out in statistics:
        done = run(lapidary, "calibrate", EXAMPLE, "--text", EXAMPLE / "val.txt", "-o", out, "--progress=none")
        problems.expect(done.returncode == 0, f"calibrate: {done.stderr}")
    if all(out.exists() for out in statistics):
        problems.expect(statistics[0].read_bytes() == statistics[1].read_bytes(), "two calibrations differ")


def test_calibration_errors(lapidary, directory, problems):
    """Text that is missing or too short, a model without tokenizer, a file that is no statistics, nothing to use them."""
    short, program = directory / "short", directory / "program"
    short.write_text("")
    bare = directory / "bare"
    shutil.copytree(EXAMPLE, bare, ignore=shutil.ignore_patterns("tokenizer*"))
    cases = [(EXAMPLE, f"--calibrate={short}", "tokens, at least 256"),
             (EXAMPLE, f"--calibrate={directory / 'missing'}", "missing"),
             (bare, f"--calibrate={short}", "no tokenizer"),
             (EXAMPLE, f"--calibration={EXAMPLE / 'model.safetensors'}", "holds no statistics"),
             (EXAMPLE, f"--calibration={EXAMPLE / 'config.json'}", "E0203")]
    for model, option, wanted in cases:
        done = run(lapidary, "compile", model, "-o", program, "--progress=none", "--quant=w4", option)
        problems.expect(done.returncode == 2 and wanted in done.stderr,
                        f"{option}: exit code {done.returncode}, '{wanted}' not in: {done.stderr}")
    done = run(lapidary, "compile", EXAMPLE, "-o", program, "--progress=none", "--quant=w8", f"--calibrate={short}")
    problems.expect(done.returncode == 2 and "no weight of a product is w4" in done.stderr, f"w8: {done.stderr}")


if __name__ == "__main__":
    run_tests(globals())
