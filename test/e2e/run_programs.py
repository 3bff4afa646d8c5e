"""What a compiled program and an unfinished compilation look like from outside.
SPDX-License-Identifier: Apache-2.0

ELF hardening, bit-identical output, verify, quantized formats, split weights, library, interrupts, full disks, and the
messages and exit codes; and what the example model says and how well.
"""
import hashlib
import json
import os
import pathlib
import re
import shutil
import signal
import struct
import subprocess
import tempfile
import time

import numpy
from safetensors.numpy import load_file

from driver import FIXTURES, ROOT, Problems, arguments, check_library, check_needed, check_opening, run

DENSE = FIXTURES / "edge_dense_bf16"
EXAMPLE = ROOT / "examples" / "tiny-gemma4"
REFERENCE_PERPLEXITY = 32.6603  # examples/tiny-gemma4/README.md
PERPLEXITY_LIMITS = {"f32": 0.1, "w8": 0.3, "w4": 3.0}  # percent off the reference


def compile_to(lapidary, model, out, *options, **kwargs):
    return run(lapidary, "compile", model, "-o", out, "--context=128", "--progress=none", *options, **kwargs)


def program_headers(path):
    """Type, flags and size of every program header of a 64-bit ELF file, and its e_type."""
    data = path.read_bytes()[:4096]
    e_type, = struct.unpack_from("<H", data, 16)
    offset, = struct.unpack_from("<Q", data, 32)
    size, count = struct.unpack_from("<HH", data, 54)
    return e_type, [struct.unpack_from("<II6Q", data, offset + i * size) for i in range(count)]


def test_elf(lapidary, directory, problems):
    """Static PIE (ET_DYN without an interpreter), full RELRO, nothing writable and executable."""
    program = directory / "program"
    done = compile_to(lapidary, DENSE, program, "--quant=w8")
    if not problems.expect(done.returncode == 0, f"compile: {done.stderr}"):
        return
    e_type, headers = program_headers(program)
    types = [h[0] for h in headers]
    load, interpreter, stack, relro = 1, 3, 0x6474E551, 0x6474E552
    problems.expect(e_type == 3, "the program is not position independent")
    problems.expect(interpreter not in types, "the program has an interpreter, so it is not static")
    problems.expect(relro in types, "the program has no RELRO segment")
    loads = [h for h in headers if h[0] == load]
    problems.expect(len(loads) > 0 and all(h[1] & 3 != 3 for h in loads), "a segment is writable and executable")
    problems.expect(all(h[1] & 1 == 0 for h in headers if h[0] == stack), "the stack is executable")
    problems.expect(os.access(program, os.X_OK), "the program is not executable")
    sections = run("/usr/lib/llvm-22/bin/llvm-readelf", "-SW", program).stdout
    problems.expect(".lapidary.weights" in sections, "no section header for the weights")


def test_reproducible(lapidary, directory, problems):
    """Two compilations from different directories with different thread counts give the same bytes."""
    hashes = set()
    for number, jobs in enumerate(("1", "3")):
        place = directory / f"place{number}" / ("deeper" * number)
        shutil.copytree(DENSE, place / "model")
        done = compile_to(lapidary, "model", "program", "-j", jobs, "--quant=w4", cwd=place)
        problems.expect(done.returncode == 0, f"compile in {place}: {done.stderr}")
        hashes.add(hashlib.sha256((place / "program").read_bytes()).hexdigest())
    print(f"  sha256 {hashes}")
    problems.expect(len(hashes) == 1, "two compilations of the same model differ")


def test_verify(lapidary, directory, problems):
    """verify accepts a fresh program and notices one flipped bit in code or weights."""
    program = directory / "program"
    compile_to(lapidary, DENSE, program, "--quant=w8")
    done = run(program, "verify")
    problems.expect(done.returncode == 0, f"verify of a fresh program: {done.returncode} {done.stderr}")
    whole = bytearray(program.read_bytes())
    image_bytes, = struct.unpack_from("<Q", whole, len(whole) - 72 + 32)
    weights, = struct.unpack_from("<Q", whole, len(whole) - 72 + 16)
    problems.expect(bytes(whole[-72:-64]) == b"LAPIDARY", "the trailer is not where it should be")
    for place in (image_bytes - 1, weights + 100, len(whole) - 73):
        changed = bytearray(whole)
        changed[place] ^= 1
        other = directory / "changed"
        other.write_bytes(changed)
        other.chmod(0o755)
        done = run(other, "verify")
        problems.expect(done.returncode != 0, f"verify did not notice a flipped bit at byte {place} of {len(whole)}")


def test_quantized_formats_run(lapidary, directory, problems):
    """w8 and w4 give finite logits near the reference, w8 nearer than w4."""
    reference = load_file(DENSE / "reference.safetensors")
    ids = directory / "ids"
    ids.write_text(" ".join(map(str, reference["input_ids"][0])))
    error = {}
    for quant in ("w8", "w4"):
        program, out = directory / quant, directory / "logits"
        done = compile_to(lapidary, DENSE, program, f"--quant={quant}")
        problems.expect(done.returncode == 0, f"{quant}: {done.stderr}")
        done = run(program, "logits", "--ids", ids, "--out", out)
        if problems.expect(done.returncode == 0, f"{quant} logits: {done.stderr}"):
            found = numpy.fromfile(out, dtype="<f4").reshape(reference["logits"][0].shape)
            problems.expect(bool(numpy.isfinite(found).all()), f"{quant}: logits are not finite")
            error[quant] = float(numpy.sqrt(numpy.mean((found - reference["logits"][0]) ** 2)))
    print(f"  root mean square error of the logits {error}")
    problems.expect(len(error) == 2 and error["w8"] < error["w4"], "w8 is not nearer to the reference than w4")


def test_inspect_and_info(lapidary, directory, problems):
    program = directory / "program"
    compile_to(lapidary, DENSE, program, "--quant=w4", "--hashes")
    manifest = json.loads(run(lapidary, "inspect", "--json", program).stdout)
    problems.expect(manifest["quant"] == "w4" and manifest["context"] == 128, "the manifest does not say what was asked")
    expected = hashlib.sha256((DENSE / "model.safetensors").read_bytes()).hexdigest()
    problems.expect(manifest["model"]["shards"][0]["sha256"] == expected, "the manifest's shard hash is wrong")
    info = json.loads(run(program, "info", "--json").stdout)
    problems.expect(info["model"] == DENSE.name or info.get("name") == DENSE.name, f"info does not name the model: {info}")
    model = json.loads(run(lapidary, "inspect", "--json", "--tensors", DENSE).stdout)
    problems.expect(len(model["tensors"]) > 50, "inspect lists too few tensors")


def test_split_weights_and_library(lapidary, directory, problems):
    program, weights = directory / "program", directory / "weights"
    done = compile_to(lapidary, DENSE, program, "--quant=f32", f"--split-weights={weights}")
    problems.expect(done.returncode == 0, f"split: {done.stderr}")
    done = run(program, "generate", "--weights", weights, "--ids", "-", "-n", "3", "--greedy", "--print-ids", stdin="2 5 7")
    problems.expect(done.returncode == 0 and len(done.stdout.split()) == 3, f"split program: {done.stderr}")
    done = run(program, "verify", "--weights", weights)
    problems.expect(done.returncode == 0, f"verify of split weights: {done.stderr}")
    library = directory / "gemma"
    done = compile_to(lapidary, DENSE, library, "--quant=f32", "--emit=library")
    problems.expect(done.returncode == 0, f"library: {done.stderr}")
    files = sorted(p.name for p in library.iterdir())
    problems.expect(files == ["gemma.weights", "lapidary.h", "libgemma.a", "libgemma.so"], f"library files {files}")
    check_library(library, ["clang-22"], [], problems)
    check_needed(library / "libgemma.so", problems)
    check_opening(library / "libgemma.so", ["clang-22"], [], problems)


def test_nothing_left_behind(lapidary, directory, problems):
    """Interrupted at many moments, the output directory holds nothing or the complete program. A signal that comes
    before main kills the process itself (a negative code)."""
    whole, times = 0, 16
    for number in range(times):
        place = directory / f"kill{number}"
        place.mkdir()
        kill = signal.SIGINT if number % 2 else signal.SIGTERM
        process = subprocess.Popen([lapidary, "compile", DENSE, "-o", place / "program", "--quant=w4", "-q"],
                                   stderr=subprocess.DEVNULL)
        time.sleep(0.05 + 0.03 * number)
        process.send_signal(kill)
        code = process.wait(timeout=60)
        files = [p.name for p in place.iterdir()]
        whole += code == 0
        problems.expect(code in (0, 128 + kill, -kill), f"exit code {code} after signal {int(kill)}")
        # A signal between the rename and the exit finds the program complete.
        complete = files == ["program"] and run(place / "program", "verify").returncode == 0
        problems.expect(complete or (code != 0 and not files), f"{files} left behind with exit code {code}")
    print(f"  {whole} of {times} were finished before the signal")


def test_next_run_removes_what_sigkill_left(lapidary, directory, problems):
    """SIGKILL cannot be caught; the temporary file it leaves goes away with the next run for the same output."""
    stopped = 0
    for number in range(12):
        process = subprocess.Popen([lapidary, "compile", DENSE, "-o", directory / "program", "--quant=w4", "-q"])
        time.sleep(0.05 + 0.02 * number)
        process.kill()
        stopped += process.wait(timeout=60) != 0
    done = compile_to(lapidary, DENSE, directory / "program", "--quant=w4")
    files = [p.name for p in directory.iterdir()]
    print(f"  {stopped} of 12 were killed in time")
    problems.expect(done.returncode == 0 and files == ["program"], f"after SIGKILL and a new run: {files} {done.stderr}")


def test_old_output_survives_failure(lapidary, directory, problems):
    out = directory / "program"
    out.write_text("old")
    model = directory / "model"
    shutil.copytree(DENSE, model)
    with open(model / "model.safetensors", "r+b") as file:
        file.truncate(os.path.getsize(model / "model.safetensors") - 10)
    done = compile_to(lapidary, model, out, "--quant=w4")
    problems.expect(done.returncode == 2, f"truncated checkpoint: exit {done.returncode}")
    problems.expect(out.read_text() == "old", "the old output is gone")
    done = compile_to(lapidary, DENSE, directory / "missing" / "program")
    problems.expect(done.returncode == 5, f"missing output directory: exit {done.returncode} {done.stderr}")
    done = run("prlimit", "--fsize=200000", lapidary, "compile", DENSE, "-o", out, "--quant=w4", "-q")
    problems.expect(done.returncode != 0 and out.read_text() == "old", f"file size limit: exit {done.returncode}")


def example_program(lapidary, directory, problems, *options):
    """Compiles the example; its path, or None when that failed."""
    program = directory / "-".join(["tiny", *(option.strip("-") for option in options)])
    done = run(lapidary, "compile", EXAMPLE, "-o", program, "--progress=none", *options)
    return program if problems.expect(done.returncode == 0, f"example {options}: {done.stderr}") else None


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


def example_logits(program, ids, directory):
    """Logits of every id as float64, [tokens, vocabulary]."""
    out = directory / "logits"
    done = run(program, "logits", "--ids", "-", "--out", out, stdin=" ".join(map(str, ids)))
    assert done.returncode == 0, done.stderr
    return numpy.fromfile(out, numpy.float32).reshape(len(ids), -1).astype(numpy.float64)


def divergence(reference, logits):
    """Mean Kullback-Leibler divergence of softmax rows."""
    log_softmax = [x - numpy.log(numpy.exp(x).sum(1, keepdims=True)) for x in (reference, logits)]
    return (numpy.exp(log_softmax[0]) * (log_softmax[0] - log_softmax[1])).sum(1).mean()


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
    variants = {"plain": (), "statistics": (f"--calibration={statistics}", "-j1"),
                "again": (f"--calibration={statistics}", "-j3"), "text": (f"--calibrate={text}",)}
    found, hashes = {}, {}
    for name, options in variants.items():
        program = directory / name
        done = run(lapidary, "compile", EXAMPLE, "-o", program, "--progress=none", "--quant=w4", head, *options)
        if problems.expect(done.returncode == 0, f"{name}: {done.stderr}"):
            found[name] = divergence(expected, example_logits(program, ids, directory))
            hashes[name] = hashlib.sha256(program.read_bytes()).hexdigest()
    print(f"  KL: {found}")
    if len(found) == len(variants):
        problems.expect(found["statistics"] < 0.75 * found["plain"], f"calibration does not help: {found}")
        problems.expect(len({hashes[n] for n in ("statistics", "again", "text")}) == 1, "calibrated programs differ")
    done = compile_to(lapidary, DENSE, directory / "other", "--quant=w4", f"--calibration={statistics}")
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
    short = directory / "short"
    short.write_text("")
    bare = directory / "bare"
    shutil.copytree(EXAMPLE, bare, ignore=shutil.ignore_patterns("tokenizer*"))
    cases = [(EXAMPLE, f"--calibrate={short}", "tokens, at least 256"),
             (EXAMPLE, f"--calibrate={directory / 'missing'}", "missing"),
             (bare, f"--calibrate={short}", "no tokenizer"),
             (EXAMPLE, f"--calibration={EXAMPLE / 'model.safetensors'}", "holds no statistics"),
             (EXAMPLE, f"--calibration={EXAMPLE / 'config.json'}", "E0203")]
    for model, option, wanted in cases:
        done = compile_to(lapidary, model, directory / "program", "--quant=w4", option)
        problems.expect(done.returncode == 2 and wanted in done.stderr,
                        f"{option}: exit code {done.returncode}, '{wanted}' not in: {done.stderr}")
    done = compile_to(lapidary, EXAMPLE, directory / "program", "--quant=w8", f"--calibrate={short}")
    problems.expect(done.returncode == 2 and "no weight of a product is w4" in done.stderr, f"w8: {done.stderr}")


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


def main():
    options = arguments()
    problems = Problems()
    tests = [(name, test) for name, test in globals().items() if name.startswith("test_") and options.only in name]
    for name, test in tests:
        print(name)
        with tempfile.TemporaryDirectory() as directory:
            test(options.lapidary, pathlib.Path(directory), problems)
    problems.finish(least=len(tests))


if __name__ == "__main__":
    main()
