"""33317 tokens through the smallest models, against the reference, and a needle 33000 tokens back.
SPDX-License-Identifier: Apache-2.0

What only shows at such lengths: rotary angles of large positions, global attention over 66 slices of 512 keys, rings that
wrapped thousands of times. The needle is a run of tokens that occurs nowhere else, near the beginning: the answer must
depend on it as much as the reference's does. Expected last rows are in test/data/long-context (make_long_context.py).
"""
import json
import pathlib
import shutil
import tempfile

import numpy
from safetensors.numpy import load_file

from driver import FIXTURES, ROOT, Problems, arguments, run

CASES = ("edge_dense_f32", "large_dense_f32", "moe_f32")
EXPECTED = ROOT / "test" / "data" / "long-context"
TOKENS = 33317      # 65 slices and a part
CONTEXT = 33408
NEEDLE_AT, NEEDLE_LENGTH = 100, 32
NEEDLES = (505, 510)  # ids that the hay does not have
TOLERANCE = 2e-4    # f32 against f64; a needle changes logits by 0.008 and more


def token_ids(needle, count=TOKENS):
    """Hay from a linear congruential generator, ids 3..499, with the needle in it."""
    state, ids = 1, []
    for _ in range(count):
        state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
        ids.append(3 + (state >> 33) % 497)
    ids[NEEDLE_AT:NEEDLE_AT + NEEDLE_LENGTH] = [needle] * NEEDLE_LENGTH
    return ids[:count]


def compile_fixture(lapidary, fixture, directory, problems):
    """The fixture allows 512 positions; its weights work at any."""
    model = directory / fixture
    shutil.copytree(FIXTURES / fixture, model)
    config = json.loads((model / "config.json").read_text())
    config.get("text_config", config)["max_position_embeddings"] = 65536
    (model / "config.json").write_text(json.dumps(config))
    done = run(lapidary, "compile", model, "-o", directory / "program", "--quant=f32", f"--context={CONTEXT}",
               "--progress=none")
    return problems.expect(done.returncode == 0, f"{fixture}: compile: {done.stderr}")


def last_row(directory, needle, count=TOKENS):
    out = directory / "row"
    done = run(directory / "program", "logits", "--ids", "-", "--out", out, "--last",
               stdin=" ".join(map(str, token_ids(needle, count))))
    return numpy.fromfile(out, dtype="<f4") if done.returncode == 0 else done.stderr


def check_every_row(directory, fixture, expected, problems):
    """Without pruning every row attends to everything before it; two rows must have the same bits as pruned."""
    out = directory / "rows"
    done = run(directory / "program", "logits", "--ids", "-", "--out", out, timeout=600,
               stdin=" ".join(map(str, token_ids(NEEDLES[0]))))
    if problems.expect(done.returncode == 0, f"{fixture}: logits of every row: {done.stderr}"):
        for count, pruned in ((TOKENS, expected), (20001, last_row(directory, NEEDLES[0], 20001))):
            row = numpy.fromfile(out, dtype="<u4", count=pruned.size, offset=(count - 1) * pruned.nbytes)
            problems.expect(numpy.array_equal(row, pruned.view("<u4")),
                            f"{fixture}: row {count - 1} of all is not bit-identical to the pruned one")


def check_fixture(lapidary, fixture, problems):
    with tempfile.TemporaryDirectory() as name:
        directory = pathlib.Path(name)
        if not compile_fixture(lapidary, fixture, directory, problems):
            return
        expected = load_file(EXPECTED / f"{fixture}.safetensors")
        rows = []
        for needle in NEEDLES:
            row = last_row(directory, needle)
            if not problems.expect(isinstance(row, numpy.ndarray), f"{fixture}: {row}"):
                return
            off = float(numpy.abs(row - expected[f"needle_{needle}"]).max())
            problems.expect(off <= TOLERANCE, f"{fixture}, needle {needle}: off the reference by {off}")
            print(f"  {fixture}, needle {needle}: max |logits - reference| = {off:.2e}")
            rows.append(row)
        check_every_row(directory, fixture, rows[0], problems)
        found, wanted = (float(numpy.abs(a - b).max()) for a, b in (rows, expected.values()))
        print(f"  {fixture}: the needle changes logits by {found:.4f}, the reference's by {wanted:.4f}")
        problems.expect(wanted > 30 * TOLERANCE, f"{fixture}: the reference hardly sees the needle: {wanted}")
        problems.expect(abs(found - wanted) <= 2 * TOLERANCE, f"{fixture}: the needle changes {found}, not {wanted}")


def main():
    options = arguments()
    problems = Problems()
    for fixture in CASES:
        if options.only in fixture:
            check_fixture(options.lapidary, fixture, problems)
    problems.finish(least=5)


if __name__ == "__main__":
    main()
