"""What a compiled program and an unfinished compilation look like from outside.
SPDX-License-Identifier: Apache-2.0

ELF hardening, bit-identical output, verify, quantized formats, weights on a grid, split weights, library, sizes, interrupts,
and old outputs that survive a failure.
"""
import hashlib
import json
import os
import re
import shutil
import signal
import struct
import subprocess
import time

import numpy
from safetensors.numpy import load_file

from driver import FIXTURES, check_library, check_needed, check_opening, run, run_tests

DENSE = FIXTURES / "edge_dense_bf16"


def compile_small(lapidary, model, out, *options, **kwargs):
    """Compiles a fixture, for a context that its caches fill quickly."""
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
    done = compile_small(lapidary, DENSE, program, "--quant=w8")
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
        done = compile_small(lapidary, "model", "program", "-j", jobs, "--quant=w4", cwd=place)
        problems.expect(done.returncode == 0, f"compile in {place}: {done.stderr}")
        hashes.add(hashlib.sha256((place / "program").read_bytes()).hexdigest())
    print(f"  sha256 {hashes}")
    problems.expect(len(hashes) == 1, "two compilations of the same model differ")


def test_verify(lapidary, directory, problems):
    """verify accepts a fresh program and notices one flipped bit in code or weights."""
    program = directory / "program"
    compile_small(lapidary, DENSE, program, "--quant=w8")
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
        done = compile_small(lapidary, DENSE, program, f"--quant={quant}")
        problems.expect(done.returncode == 0, f"{quant}: {done.stderr}")
        done = run(program, "logits", "--ids", ids, "--out", out)
        if problems.expect(done.returncode == 0, f"{quant} logits: {done.stderr}"):
            found = numpy.fromfile(out, dtype="<f4").reshape(reference["logits"][0].shape)
            problems.expect(bool(numpy.isfinite(found).all()), f"{quant}: logits are not finite")
            error[quant] = float(numpy.sqrt(numpy.mean((found - reference["logits"][0]) ** 2)))
    print(f"  root mean square error of the logits {error}")
    problems.expect(len(error) == 2 and error["w8"] < error["w4"], "w8 is not nearer to the reference than w4")


def test_head_of_its_own(lapidary, directory, problems):
    """A tied head in another format than the token table is stored beside it, and the table is not resident. Here both
    hold the same values, so the logits have the same bits."""
    ids, seen, resident = directory / "ids", {}, {}
    ids.write_text(" ".join(map(str, load_file(DENSE / "reference.safetensors")["input_ids"][0])))
    for name, options in {"tied": [], "apart": ["--quant-override=*embed_tokens.weight=f32",
                                                "--quant-override=lm_head.weight=bf16"]}.items():
        program, out = directory / name, directory / f"{name}.logits"
        done = run(lapidary, "compile", DENSE, "-o", program, "--quant=bf16", "--progress=none", *options)
        if problems.expect(done.returncode == 0, f"{name}: {done.stderr}"):
            done = run(program, "logits", "--ids", ids, "--out", out)
            problems.expect(done.returncode == 0, f"{name} logits: {done.stderr}")
            seen[name] = hashlib.sha256(out.read_bytes()).hexdigest()
            memory = json.loads(run(lapidary, "inspect", "--json", program).stdout)["memory"]
            resident[name] = int(memory["weight_bytes"]), int(memory["resident_weight_bytes"])
    print(f"  bytes of weights, resident: {resident}")
    problems.expect(len(seen) == 2 and seen["tied"] == seen["apart"], f"logits: {seen}")
    problems.expect(len(resident) == 2 and resident["apart"][0] > resident["tied"][0] and
                    resident["apart"][1] == resident["tied"][1], f"bytes of weights, resident: {resident}")


def test_inspect_and_info(lapidary, directory, problems):
    program = directory / "program"
    compile_small(lapidary, DENSE, program, "--quant=w4", "--hashes")
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
    done = compile_small(lapidary, DENSE, program, "--quant=f32", f"--split-weights={weights}")
    problems.expect(done.returncode == 0, f"split: {done.stderr}")
    done = run(program, "generate", "--weights", weights, "--ids", "-", "-n", "3", "--greedy", "--print-ids", stdin="2 5 7")
    problems.expect(done.returncode == 0 and len(done.stdout.split()) == 3, f"split program: {done.stderr}")
    done = run(program, "verify", "--weights", weights)
    problems.expect(done.returncode == 0, f"verify of split weights: {done.stderr}")
    library = directory / "gemma"
    done = compile_small(lapidary, DENSE, library, "--quant=f32", "--emit=library")
    problems.expect(done.returncode == 0, f"library: {done.stderr}")
    files = sorted(p.name for p in library.iterdir())
    problems.expect(files == ["gemma.weights", "lapidary.h", "libgemma.a", "libgemma.so"], f"library files {files}")
    check_library(library, ["clang-22"], [], problems)
    check_needed(library / "libgemma.so", problems)
    check_opening(library / "libgemma.so", ["clang-22"], [], problems)


def test_size_is_no_more_than_planned(lapidary, directory, problems):
    """The plan's "output at most" holds for small models, too, of which the code is the largest part."""
    units = {"KiB": 1 << 10, "MiB": 1 << 20}
    for target in ("x86_64-linux", "aarch64-linux", "hexagon-linux+v73", "cuda-sm_80+sm_89+sm_90+sm_120"):
        program = directory / target
        done = compile_small(lapidary, DENSE, program, "--quant=w4", f"--target={target}")
        planned = re.search(r"output at most ([0-9.]+) (\w+)", done.stderr)
        if problems.expect(done.returncode == 0 and planned, f"{target}: {done.stderr}"):
            found = program.stat().st_size
            print(f"  {target}: {found} bytes, planned {planned[0]}")
            problems.expect(found <= float(planned[1]) * units[planned[2]], f"{target}: {found} bytes, {planned[0]}")


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
    done = compile_small(lapidary, DENSE, directory / "program", "--quant=w4")
    files = [p.name for p in directory.iterdir()]
    print(f"  {stopped} of 12 were killed in time")
    problems.expect(done.returncode == 0 and files == ["program"], f"after SIGKILL and a new run: {files} {done.stderr}")


def bf16(values):
    """The nearest bfloat16 values, as their bits."""
    words = numpy.asarray(values, dtype=numpy.float32).view(numpy.uint32).astype(numpy.uint64)
    return ((words + 0x7FFF + (words >> 16 & 1)) >> 16).astype(numpy.uint16)


def put_on_grid(path):
    """Gives every bf16 matrix of a safetensors file integers of 4 bits times a bf16 scale of 32 columns, rounded to bf16."""
    data = bytearray(path.read_bytes())
    start = 8 + struct.unpack_from("<Q", data)[0]
    random = numpy.random.default_rng(7)
    for name, tensor in json.loads(data[8:start]).items():
        if name == "__metadata__" or tensor["dtype"] != "BF16" or len(tensor["shape"]) < 2:
            continue
        rows, columns = numpy.prod(tensor["shape"][:-1], dtype=int), tensor["shape"][-1]
        scales = bf16(random.uniform(0.004, 0.02, (rows, -(-columns // 32)))).astype(numpy.uint32) << 16
        integers = random.integers(-8, 8, (rows, columns))
        values = integers * numpy.repeat(scales.view(numpy.float32), 32, axis=1)[:, :columns]
        first, end = tensor["data_offsets"]
        data[start + first:start + end] = bf16(values).tobytes()
    path.write_bytes(data)


def test_a_grid_of_four_bits_is_kept(lapidary, directory, problems):
    """Weights of a model that was trained for 4 bits keep their own scales; others are rounded, and nothing is said."""
    model = directory / "model"
    shutil.copytree(DENSE, model)
    put_on_grid(model / "model.safetensors")
    for source, on_grid in ((model, True), (DENSE, False)):
        done = compile_small(lapidary, source, directory / "program", "--quant=w4")
        said = done.stdout + done.stderr
        kept = re.search(r"([\d ,]+) of ([\d ,]+) groups lie on a 4-bit grid and are kept bit for bit\n", said)
        problems.expect(done.returncode == 0 and bool(kept) == on_grid, f"{source.name}: {said}")
        problems.expect(not kept or kept[1].strip() == kept[2].strip(), f"groups were rounded: {said}")


def test_old_output_survives_failure(lapidary, directory, problems):
    out = directory / "program"
    out.write_text("old")
    model = directory / "model"
    shutil.copytree(DENSE, model)
    with open(model / "model.safetensors", "r+b") as file:
        file.truncate(os.path.getsize(model / "model.safetensors") - 10)
    done = compile_small(lapidary, model, out, "--quant=w4")
    problems.expect(done.returncode == 2, f"truncated checkpoint: exit {done.returncode}")
    problems.expect(out.read_text() == "old", "the old output is gone")
    done = compile_small(lapidary, DENSE, directory / "missing" / "program")
    problems.expect(done.returncode == 5, f"missing output directory: exit {done.returncode} {done.stderr}")
    done = run("prlimit", "--fsize=200000", lapidary, "compile", DENSE, "-o", out, "--quant=w4", "-q")
    problems.expect(done.returncode != 0 and out.read_text() == "old", f"file size limit: exit {done.returncode}")


if __name__ == "__main__":
    run_tests(globals())
