"""A trained model in the mobile format: as good on held-out text as the reference says.
SPDX-License-Identifier: Apache-2.0

The model (8 M parameters) is not part of the repository; without it nothing is checked, and that is said. The figures to
meet are in its README: perplexity of windows of 512 tokens, and the mean KL that rounding flips alone cause (the
reference in f32 against f64). Its stored logits are float16. The checkpoint has no ranges for K and V, so there is no
program with q8 caches; bf16 ones, the default, add their own rounding to the divergence.
"""
import json
import pathlib
import re
import sys
import tempfile

import numpy
from safetensors.numpy import load_file

from driver import SHARED_MODELS, Problems, arguments, ids_file, logits, mean_divergence, run

MODEL = SHARED_MODELS / "edge-mobile"
PERPLEXITY = 34.6779
NOISE_KL = 0.00311
WINDOW = 512
PERCENT = 0.3  # how far perplexity may be off


def perplexity(program, directory, problems):
    ids = json.loads((MODEL / "eval-ids.json").read_text())
    done = run(program, "perplexity", "--ids", ids_file(directory, ids), "--window", WINDOW)
    found = re.search(r"perplexity\s+([0-9.]+)", done.stdout)
    problems.expect(found is not None, f"no perplexity in '{done.stdout}' {done.stderr}")
    return float(found[1]) if found else float("nan")


def window_logits(program, windows, directory, problems):
    """[windows * WINDOW, vocabulary], or None after a reported failure."""
    rows = [logits(program, ids_file(directory, window), directory / "logits.f32", problems) for window in windows]
    return None if any(part is None for part in rows) else numpy.concatenate(rows).reshape(len(windows) * WINDOW, -1)


def check_program(lapidary, options, directory, problems):
    program, name = directory / "program", " ".join(options) or "default options"
    done = run(lapidary, "compile", MODEL, "-o", program, "--context=1024", "--progress=none", *options)
    if not problems.expect(done.returncode == 0, f"{name}: compile exit {done.returncode}: {done.stderr}"):
        return
    kept = load_file(MODEL / "reference-logits.safetensors")
    reference = kept["logits"].reshape(-1, kept["logits"].shape[-1])
    found = window_logits(program, kept["ids"].reshape(-1, WINDOW), directory, problems)
    if found is None:
        return
    off = 100 * (perplexity(program, directory, problems) / PERPLEXITY - 1)
    divergence = mean_divergence(reference, found)
    agreement = float((reference.argmax(-1) == found.argmax(-1)).mean())
    print(f"  {name}: perplexity off by {off:+.3f} %, KL {divergence:.5f} (flips alone: {NOISE_KL}), top-1 {agreement:.4f}")
    problems.expect(abs(off) <= PERCENT, f"{name}: perplexity is off by {off:.3f} %, allowed {PERCENT} %")
    if "--kv=f32" in options:  # the reference's arithmetic
        problems.expect(divergence <= 2 * NOISE_KL, f"{name}: KL {divergence:.5f}, allowed {2 * NOISE_KL}")


def main():
    options, problems = arguments(), Problems()
    if not MODEL.is_dir():
        print(f"{MODEL} does not exist: skipped")
        sys.exit(0)
    for words in (["--kv=f32"], []):
        with tempfile.TemporaryDirectory() as directory:
            check_program(options.lapidary, words, pathlib.Path(directory), problems)
    problems.finish(least=9)


if __name__ == "__main__":
    main()
