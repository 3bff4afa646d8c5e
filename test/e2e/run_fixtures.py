"""Every text fixture through compiler and program, against the reference implementation.
SPDX-License-Identifier: Apache-2.0

For each checkpoint in test/data/fixtures: compile, compute the logits whole, in chunks of 1 and 5 and with 1, 2 and 3
threads (all bit-identical), compare with the reference, and generate greedily. A multimodal fixture has reference
outputs only for inputs with image or audio tokens; its logits are compared up to the first of those, which by
causality depend on text alone.
"""
import json
import pathlib
import tempfile

import numpy
from safetensors.numpy import load_file

from driver import FIXTURES, Problems, arguments, check_last_row, check_same_bits, ids_file, logits, run

TOLERANCE = 1e-3  # design.md, rung 3: f32 arithmetic against the f32 reference


def check_quantized_last_row(lapidary, fixture, quant, directory, problems):
    """Integer formats have no reference here, but pruning must not change their bits either."""
    name, program, out = f"{fixture.name} --quant={quant}", directory / "program", directory / "logits.f32"
    done = run(lapidary, "compile", fixture, "-o", program, f"--quant={quant}", "--context=128", "--progress=none")
    if problems.expect(done.returncode == 0, f"{name}: compile exit {done.returncode}: {done.stderr}"):
        ids = load_file(fixture / "reference.safetensors")["input_ids"][0]
        path = ids_file(directory, ids)
        whole = logits(program, path, out, problems)
        if whole is not None:
            check_last_row(name, program, path, whole.reshape(len(ids), -1)[-1], out, problems)


def check_logits(name, program, ids, reference, rows, directory, problems):
    out = directory / "logits.f32"
    whole = logits(program, ids, out, problems)
    if whole is None:
        return
    vocab = reference.shape[1]
    problems.expect(whole.size == rows * vocab, f"{name}: {whole.size} logits, expected {rows} x {vocab}")
    whole = whole.reshape(-1, vocab)
    compared = reference.shape[0]
    difference = float(numpy.abs(whole[:compared] - reference).max())
    print(f"  {name}: max |logits - reference| = {difference:.2e} over {compared} of {rows} rows, "
          f"largest logit {numpy.abs(reference).max():.2f}")
    problems.expect(difference <= TOLERANCE, f"{name}: logits differ from the reference by {difference}")
    check_same_bits(name, program, ids, whole, out, problems)


def check_pruning(name, program, fixture, path, rows, problems):
    """What the program says it ran: of the layers that write K/V, all but the last are needed whole for every token."""
    config = json.loads((fixture / "config.json").read_text())
    config = config.get("text_config", config)
    layers = config["num_hidden_layers"]
    expected = layers - (config.get("num_kv_shared_layers") or 0) - 1
    info = json.loads(run(program, "info", "--json").stdout)
    problems.expect(info["prompt_layers"] == expected, f"{name}: prompt_layers {info['prompt_layers']}, not {expected}")
    done = run(program, "generate", "--ids", path, "-n", "1", "--greedy", "--print-ids", "--stats")
    share = 100 * (expected * rows + layers - expected) / (layers * rows)
    line = f"{expected} of {layers} ran whole for {rows - 1} of {rows} prompt tokens ({share:.1f} % of all)"
    print(f"  {name}: {line}")
    problems.expect(line in done.stderr, f"{name}: --stats does not say '{line}': {done.stderr}")
    bench = json.loads(run(program, "bench", "--prompt-tokens", "20", "-n", "1", "--json").stdout)
    found = bench["prefill_layer_rows"], bench["prefill_layer_rows_unpruned"]
    problems.expect(found == (expected * 20 + layers - expected, layers * 20), f"{name}: bench says {found}")


def check_greedy(name, program, ids, expected, problems):
    done = run(program, "generate", "--ids", ids, "-n", len(expected), "--greedy", "--print-ids")
    found = done.stdout.split()
    print(f"  {name}: greedy {' '.join(found)}")
    problems.expect(found == [str(i) for i in expected],
                    f"{name}: greedy ids are {found}, expected {list(expected)} {done.stderr}")


def check_fixture(lapidary, fixture, quant, directory, problems):
    name = f"{fixture.name} --quant={quant}"
    program = directory / "program"
    done = run(lapidary, "compile", fixture, "-o", program, f"--quant={quant}", "--context=128", "--progress=none")
    if not problems.expect(done.returncode == 0, f"{name}: compile exit {done.returncode}: {done.stderr}"):
        return
    reference = load_file(fixture / "reference.safetensors")
    types = reference.get("mm_token_type_ids")
    if types is not None:
        problems.expect("W0302" in done.stderr, f"{name}: no warning about the towers that are left out")
    ids = reference["input_ids"][0]
    rows = len(ids)
    text_rows = rows if types is None else int(numpy.argmax(types[0] != 0))
    problems.expect(text_rows > 0, f"{name}: no row can be compared")
    path = ids_file(directory, ids)
    check_pruning(name, program, fixture, path, rows, problems)
    check_logits(name, program, path, reference["logits"][0][:text_rows], rows, directory, problems)
    if types is None:
        check_greedy(name, program, path, reference["greedy_ids"], problems)


def main():
    options = arguments()
    problems = Problems()
    fixtures = sorted(p.parent for p in pathlib.Path(FIXTURES).glob("*/reference.safetensors"))
    fixtures = [f for f in fixtures if options.only in f.name]
    for fixture in fixtures:
        for quant in ["f32"] + (["bf16"] if "bf16" in fixture.name else []):
            with tempfile.TemporaryDirectory() as directory:
                check_fixture(options.lapidary, fixture, quant, pathlib.Path(directory), problems)
        for quant in ("w8", "w4"):
            with tempfile.TemporaryDirectory() as directory:
                check_quantized_last_row(options.lapidary, fixture, quant, pathlib.Path(directory), problems)
    problems.expect(len(fixtures) == 16 or options.only, f"{len(fixtures)} fixtures, expected 16")
    problems.finish(least=10 * len(fixtures) or 1)


if __name__ == "__main__":
    main()
