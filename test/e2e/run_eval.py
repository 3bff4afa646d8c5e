"""`lapidary eval` and `logits --out -` on the example model, against the same figures computed with numpy.
SPDX-License-Identifier: Apache-2.0

Also the ways an evaluation can be refused: other vocabulary, other tokenizer, wrong ids, too long a window, a program
that cannot be run.
"""
import json
import pathlib
import tempfile

import numpy

from driver import EXAMPLE, FIXTURES, Problems, arguments, log_softmax, run

WINDOW, WINDOWS = 200, 3


def compile_to(lapidary, model, out, problems, *options):
    done = run(lapidary, "compile", model, "-o", out, "--context=256", "--progress=none", *options)
    problems.expect(done.returncode == 0, f"compile {model.name} {options}: {done.stderr}")
    return out


def rows_of(program, windows, directory):
    """Log-probabilities of every window's rows, by way of files."""
    rows = []
    for window in windows:
        out = directory / "logits"
        run(program, "logits", "--ids", "-", "--out", out, stdin=" ".join(map(str, window)))
        rows.append(numpy.fromfile(out, dtype="<f4").reshape(len(window), -1))
    return log_softmax(numpy.concatenate(rows))


def expected_figures(reference, candidate, windows):
    divergence = (numpy.exp(reference) * (reference - candidate)).sum(1)
    following = numpy.concatenate([list(window[1:]) + [-1] for window in windows])
    scored = following >= 0
    perplexity = [numpy.exp(-rows[scored, following[scored]].mean()) for rows in (candidate, reference)]
    return {"mean": divergence.mean(), "median": numpy.median(divergence),
            "p99": numpy.percentile(divergence, 99, method="inverted_cdf"), "max": divergence.max(),
            "top1": (reference.argmax(1) == candidate.argmax(1)).mean(), "perplexity": perplexity[0],
            "reference": perplexity[1], "ratio": perplexity[0] / perplexity[1]}


def near(found, expected):
    return abs(found - expected) <= 1e-6 * max(abs(expected), 1e-3)


def check_against_numpy(lapidary, programs, ids, directory, problems):
    windows = [ids[i:i + WINDOW] for i in range(0, WINDOW * WINDOWS, WINDOW)]
    path = directory / "ids.json"
    path.write_text(json.dumps(ids))
    reference = rows_of(programs["f32"], windows, directory)
    for quant in ("w8", "w4"):
        done = run(lapidary, "eval", programs[quant], f"--against={programs['f32']}", f"--ids={path}",
                   f"--window={WINDOW}", f"--windows={WINDOWS}", "--json")
        if not problems.expect(done.returncode == 0, f"eval {quant}: {done.returncode} {done.stderr}"):
            continue
        result = json.loads(done.stdout)
        found = {**result["kl"], "top1": result["top1_agreement"], "perplexity": result["program"]["perplexity"],
                 "reference": result["reference"]["perplexity"], "ratio": result["perplexity_ratio"]}
        expected = expected_figures(reference, rows_of(programs[quant], windows, directory), windows)
        print(f"  {quant}: {found}")
        for key, value in expected.items():
            problems.expect(near(found[key], value), f"{quant}: {key} is {found[key]}, numpy says {value}")
        problems.expect(result["tokens"] == WINDOW * WINDOWS, f"{result['tokens']} tokens")
        problems.expect(result["scored_tokens"] == (WINDOW - 1) * WINDOWS, f"{result['scored_tokens']} scored")
        bits = result["program"]["bits_per_weight"], result["reference"]["bits_per_weight"]
        problems.expect(3 < bits[0] < bits[1] < 40, f"{quant}: bits per weight {bits}")
        problems.expect(result["kl"]["mean"] > 0, f"{quant}: no divergence at all")


def check_text(lapidary, programs, directory, problems):
    """--text goes through the reference's tokenizer; a program agrees with itself entirely."""
    path = directory / "text"
    path.write_text((EXAMPLE / "val.txt").read_text()[:3000])
    options = (f"--text={path}", "--windows=1", "--window=100")
    done = run(lapidary, "eval", programs["w8"], f"--against={programs['w8']}", *options)
    print("  " + done.stdout.replace("\n", "\n  "))
    problems.expect("KL             mean 0.000000" in done.stdout and "100.00 % agree" in done.stdout,
                    f"a program differs from itself: {done.stdout} {done.stderr}")
    ids = run(programs["w8"], "tokenize", stdin=path.read_text()).stdout
    (directory / "ids").write_text(ids)
    again = run(lapidary, "eval", programs["w8"], f"--against={programs['w8']}", f"--ids={directory / 'ids'}",
                *options[1:])
    problems.expect(again.stdout == done.stdout, f"--ids says {again.stdout}, --text {done.stdout}")


def check_refusals(lapidary, programs, directory, problems):
    ids = directory / "ids"
    ids.write_text("2 5 7")
    (directory / "wrong").write_text("2 5 99999999")
    (directory / "long").write_text("5 " * 500)
    (directory / "one").write_text("5")
    other = compile_to(lapidary, FIXTURES / "edge_dense_bf16", directory / "other", problems, "--quant=w8")
    plain = programs["w8"]
    cases = [((plain, f"--against={other}", f"--ids={ids}"), "E0412", "vocabulary"),
             ((plain, f"--against={plain}", f"--ids={directory / 'wrong'}"), "E0102", "token 2, '99999999'"),
             ((plain, f"--against={plain}", f"--ids={directory / 'one'}"), "E0102", "expected 2 or more"),
             ((plain, f"--against={plain}", f"--ids={directory / 'long'}"), "E0102", "--window=256"),
             ((other, f"--against={other}", f"--text={ids}"), "E0411", "without a tokenizer"),
             ((plain, f"--against={ids}", f"--ids={ids}"), "E0402", "has only 5 bytes"),
             ((plain, f"--against={plain}"), "E0103", "--ids=FILE"),
             ((plain, f"--ids={ids}"), "E0103", "reference")]
    for words, code, text in cases:
        done = run(lapidary, "eval", *words)
        problems.expect(done.returncode == 2 and code in done.stderr and text in done.stderr,
                        f"eval {words}: exit {done.returncode}, expected {code} and '{text}': {done.stderr}")


def check_standard_output(programs, directory, problems):
    """`logits --out -` writes the same bytes as into a file."""
    done = run(programs["w8"], "logits", "--ids", "-", "--out", directory / "file", stdin="2 5 7 9")
    piped = run("/bin/sh", "-c", f"{programs['w8']} logits --ids - --out - > {directory / 'piped'}", stdin="2 5 7 9")
    problems.expect(done.returncode == 0 and piped.returncode == 0, f"logits: {done.stderr} {piped.stderr}")
    same = (directory / "file").read_bytes() == (directory / "piped").read_bytes()
    problems.expect(same and (directory / "file").stat().st_size > 0, "standard output and file differ")


def main():
    options = arguments()
    problems = Problems()
    with tempfile.TemporaryDirectory() as name:
        directory = pathlib.Path(name)
        programs = {quant: compile_to(options.lapidary, EXAMPLE, directory / quant, problems, f"--quant={quant}")
                    for quant in ("f32", "w8", "w4")}
        ids = json.loads((EXAMPLE / "eval-ids.json").read_text())
        check_against_numpy(options.lapidary, programs, ids, directory, problems)
        check_text(options.lapidary, programs, directory, problems)
        check_refusals(options.lapidary, programs, directory, problems)
        check_standard_output(programs, directory, problems)
    problems.finish(least=30)


if __name__ == "__main__":
    main()
