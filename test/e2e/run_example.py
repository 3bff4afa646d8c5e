"""The example model: what it says, how well in every format, and what it keeps in memory.
SPDX-License-Identifier: Apache-2.0

It has a tokenizer, rings that 700 tokens wrap and a gathered table, which the fixtures have not all at once.
"""
import hashlib
import json
import pathlib
import re
import signal
import subprocess

from driver import EXAMPLE, example_program, run, run_tests

REFERENCE_PERPLEXITY = 32.6603  # examples/tiny-gemma4/README.md
PERPLEXITY_LIMITS = {"f32": 0.1, "w8": 0.3, "w4": 3.0}  # percent off the reference


def test_perplexity(lapidary, directory, problems):
    """Quality of every format on held-out text, against the reference's perplexity in the example's README."""
    ids = directory / "ids"
    ids.write_text(" ".join(map(str, json.loads((EXAMPLE / "eval-ids.json").read_text()))))
    for quant, percent in PERPLEXITY_LIMITS.items():
        program = example_program(lapidary, directory, problems, f"--quant={quant}")
        if program is None:
            continue
        done = run(program, "perplexity", "--ids", ids, "--window", "512")
        found = re.search(r"perplexity\s+([0-9.]+)", done.stdout)
        if problems.expect(found is not None, f"{quant}: no perplexity in '{done.stdout}' {done.stderr}"):
            off = 100 * (float(found[1]) / REFERENCE_PERPLEXITY - 1)
            print(f"  {quant}: {found[1]}, {off:+.3f} %")
            problems.expect(abs(off) <= percent, f"{quant}: perplexity is off by {off:.3f} %, allowed {percent} %")


def test_rings_wrap(lapidary, directory, problems):
    """700 tokens through caches of 576, 80 and 64 slots give the same bits, however they are cut into calls."""
    ids, out = directory / "ids", directory / "logits"
    ids.write_text(" ".join(map(str, json.loads((EXAMPLE / "eval-ids.json").read_text())[:700])))
    seen = {}
    for chunk in ("512", "16", "1"):
        program = example_program(lapidary, directory, problems, "--quant=w8", f"--chunk={chunk}")
        done = run(program, "logits", "--ids", ids, "--out", out)
        if problems.expect(done.returncode == 0, f"chunk {chunk}: {done.stderr}"):
            seen[chunk] = hashlib.sha256(out.read_bytes()).hexdigest()
    problems.expect(len(seen) == 3 and len(set(seen.values())) == 1, f"logits depend on the compiled chunk: {seen}")


def test_tables_stay_out_of_memory(lapidary, directory, problems):
    """However many tokens were read, no row of a gathered table is resident: rows are read from the file."""
    if not pathlib.Path("/proc/self/smaps").exists():
        print("  skipped: there is no /proc/self/smaps")
        return
    program = example_program(lapidary, directory, problems, "--quant=f32")
    sizes = json.loads(run(lapidary, "inspect", "--json", program).stdout)["memory"]
    table = int(sizes["weight_bytes"]) - int(sizes["resident_weight_bytes"])
    problems.expect(table > 0, "the example has no gathered table")
    ids = " ".join(str(i % 500 + 4) for i in range(300))
    process = subprocess.Popen([program, "generate", "--ids", "-", "-n", "600", "--print-ids"], stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, text=True)
    process.stdin.write(ids)
    process.stdin.close()
    process.stdout.read(2)  # it has read the prompt and decodes
    process.send_signal(signal.SIGSTOP)
    mappings = re.split(r"(?m)^(?=[0-9a-f]+-[0-9a-f]+ )", pathlib.Path(f"/proc/{process.pid}/smaps").read_text())
    process.kill()
    process.wait()
    process.stdout.close()
    random = [m for m in mappings if " rr" in m]  # advised random: the tables behind the resident weights
    resident = [int(re.search(r"Rss:\s+(\d+)", m)[1]) for m in random]
    print(f"  tables of {table} bytes, resident {resident} kB")
    problems.expect(resident == [0], f"mappings of gathered tables: {len(random)}, resident {resident} kB, expected 0")


def test_chat(lapidary, directory, problems):
    """-p wraps the prompt in the model's turns: the same tokens as the turns written by hand."""
    program = example_program(lapidary, directory, problems, "--quant=w8")
    text = "Continue this passage: And it came to pass in those days"
    chat = run(program, "-p", text, "-n", "30", "--greedy")
    by_hand = run(program, "--raw", "-p", f"<|turn>user\n{text}<turn|>\n<|turn>model\n", "-n", "30", "--greedy")
    print(f"  {chat.stdout.strip()}")
    problems.expect(chat.returncode == 0 and len(chat.stdout.split()) > 3, f"chat: {chat.stdout} {chat.stderr}")
    problems.expect(chat.stdout == by_hand.stdout, f"chat says '{chat.stdout}', by hand '{by_hand.stdout}'")


def test_example_speaks(lapidary, directory, problems):
    """The README's first command, and text through the tokenizer."""
    program = example_program(lapidary, directory, problems, "--quant=w8")
    if program is None:
        return
    text = "In the beginning"
    ids = run(program, "tokenize", stdin=text).stdout
    back = run(program, "detokenize", stdin=ids).stdout
    problems.expect(text in back, f"'{text}' came back from the tokenizer as '{back}'")
    done = run(program, "--raw", "-p", text, "-n", "40", "--greedy")
    print(f"  {text}|{done.stdout.strip()}")
    problems.expect(done.returncode == 0 and len(done.stdout.split()) > 5, f"example: {done.stdout} {done.stderr}")


def test_drafts_change_nothing(lapidary, directory, problems):
    """Guessed tokens save time; the text is the one without them, greedy, drawn, in a chat and under a schema."""
    program = example_program(lapidary, directory, problems, "--quant=w4")
    schema = directory / "schema"
    schema.write_text(json.dumps({"type": "array", "items": {"enum": ["and", "the", "and the"]}, "minItems": 20}))
    passage = "And God said, Let there be light: and there was light. And God said, Let there be"
    right = 0
    for words in (["--raw", "-p", passage, "--greedy"], ["--raw", "-p", passage, "--temp", "0.7", "--seed", "3"],
                  ["-p", f"Repeat this passage: {passage}", "--greedy"],
                  ["-p", "Say and the and the", "--greedy", f"--json-schema={schema}"]):
        plain = run(program, *words, "-n", "200")
        problems.expect(plain.returncode == 0, f"{words}: {plain.stderr}")
        for drafts, threads in (("1", "1"), ("4", "2"), ("15", "2")):
            done = run(program, *words, "-n", "200", "--drafts", drafts, "--threads", threads, "--stats")
            found = re.search(r"drafts +(\d+) of (\d+) guesses", done.stderr)
            problems.expect(done.stdout == plain.stdout and found, f"{words}, {drafts} drafts: {done.stdout} {done.stderr}")
            right += int(found[1]) if found else 0
    print(f"  {right} guesses were right")
    problems.expect(right > 100, f"only {right} guesses were right")


if __name__ == "__main__":
    run_tests(globals())
