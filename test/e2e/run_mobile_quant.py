"""--quant=mobile on a plain checkpoint: refused without ranges, calibrated on a text, near the f32 program.
SPDX-License-Identifier: Apache-2.0

The text is what the model writes itself, so the held-out text of the example measures what nothing was chosen by.
"""
import json
import pathlib
import re
import shutil
import struct
import tempfile

from driver import EXAMPLE, Problems, arguments, run

MOST_KL = 0.1  # about three times what was measured; a wrong scale gives whole nats


def compile_to(lapidary, program, *options, model=EXAMPLE):
    return run(lapidary, "compile", model, "-o", program, "--progress=none", "--context=512", *options)


def own_text(program, sequences):
    options = ("generate", "--ids", "-", "-n", "400", "--temp", "1", "--top-k", "0", "--top-p", "1", "--quiet")
    return "\n".join(run(program, *options, "--seed", str(seed), stdin="2").stdout for seed in range(sequences))


def evaluate(lapidary, program, reference):
    done = run(lapidary, "eval", program, f"--against={reference}", f"--ids={EXAMPLE / 'eval-ids.json'}", "--windows=4",
               "--json")
    return json.loads(done.stdout) if done.returncode == 0 else None


def check_needs(lapidary, directory, problems):
    """Without ranges there is no mobile form, and the message says where to get them."""
    for options in ((), ("--dry-run",)):
        done = compile_to(lapidary, directory / "none", "--quant=mobile", *options)
        problems.expect(done.returncode == 2 and "E0103" in done.stderr and "--calibrate=TEXT" in done.stderr,
                        f"mobile without calibration {options}: {done.returncode} {done.stderr}")
    problems.expect(not (directory / "none").exists(), "a refused compilation left a program")


def without_ranges(statistics, out):
    """The statistics as they were before there were ranges: moments and fingerprint alone."""
    raw = statistics.read_bytes()
    length, = struct.unpack("<Q", raw[:8])
    header, data, kept, values = json.loads(raw[8:8 + length]), raw[8 + length:], {}, b""
    for name, tensor in header.items():
        if name.startswith("lapidary.") and name != "lapidary.fingerprint":
            continue
        begin, end = tensor["data_offsets"]
        kept[name] = dict(tensor, data_offsets=[len(values), len(values) + end - begin])
        values += data[begin:end]
    text = json.dumps(kept).encode()
    text += b" " * (-len(text) % 8)
    out.write_bytes(struct.pack("<Q", len(text)) + text + values)
    return out


def check_statistics(lapidary, directory, text, problems):
    """One set of statistics for all formats; old ones still serve w4."""
    statistics = directory / "statistics"
    done = run(lapidary, "calibrate", EXAMPLE, "--text", text, "-o", statistics, "--progress=none")
    if not problems.expect(done.returncode == 0, f"calibrate: {done.stderr}"):
        return None
    old = without_ranges(statistics, directory / "old")
    done = compile_to(lapidary, directory / "none", "--quant=mobile", f"--calibration={old}")
    problems.expect(done.returncode == 2 and "no ranges" in done.stderr, f"old statistics: {done.stderr}")
    done = compile_to(lapidary, directory / "w4", "--quant=w4", f"--calibration={old}")
    problems.expect(done.returncode == 0, f"old statistics, w4: {done.stderr}")
    return statistics


def check_phases(lapidary, directory, statistics, problems):
    """The form itself: row scales, static inputs and outputs, caches with ranges, the projection left plain."""
    done = compile_to(lapidary, directory / "none", "--quant=mobile", f"--calibration={statistics}",
                      "--stop-after=quantize")
    module = done.stdout
    problems.expect(re.search(r"gemma.kv_cache @\S+ .*key_step .*value_step", module), "caches have no ranges")
    names = dict(re.findall(r"(%\w+) = gemma.get_weight @(\S+) ", module.split("func.func")[1]))
    products = re.findall(r"gemma.linear (%\w+), (%\w+) (.*?) :", module.split("func.func")[1])
    problems.expect(len(products) > 10, f"found {len(products)} products")
    for _, weight, form in products:
        name = names.get(weight, "stack")
        if "per_layer_model_projection" in name:
            problems.expect(form == "storage <bf16>", f"{name}: {form}")
            continue
        bits = "w8" if "per_layer_input_gate" in name or "per_layer_projection" in name else "w4"
        problems.expect(form.startswith(f"storage <{bits}> input_step "), f"{name}: {form}")
        problems.expect(("output_steps" in form) == ("embed_tokens" not in name), f"{name}: outputs of {form}")


def check_program(lapidary, directory, text, problems):
    """The whole way, with the cost that it prints and the one that eval finds on other text."""
    program, reference = directory / "mobile", directory / "f32"
    done = compile_to(lapidary, program, "--quant=mobile", f"--calibrate={text}")
    if not problems.expect(done.returncode == 0, f"mobile: {done.stderr}"):
        return
    said = done.stdout + done.stderr
    cost = re.search(r"mean KL ([0-9.]+) nats, top-1 [0-9.]+ % agree, perplexity ([0-9.]+) times", said)
    if problems.expect(cost and "calibration did not see" in said, f"no cost was printed: {said}"):
        problems.expect(0 < float(cost[1]) < MOST_KL, f"printed KL {cost[1]}, expected less than {MOST_KL}")
    manifest = json.loads(run(lapidary, "inspect", "--json", program).stdout)
    problems.expect(manifest["quant"] == "mobile", f"inspect says {manifest['quant']}")
    found = evaluate(lapidary, program, reference)
    if problems.expect(found is not None, "eval failed"):
        print(f"  printed {cost and cost[0]}; held out: KL {found['kl']['mean']:.5f}, top-1 {found['top1_agreement']:.4f}")
        problems.expect(found["kl"]["mean"] < MOST_KL, f"KL {found['kl']['mean']}, expected less than {MOST_KL}")
        problems.expect(found["perplexity_ratio"] < 1.1, f"perplexity grew by {found['perplexity_ratio']}")


def check_two_bits(lapidary, directory, statistics, problems):
    """Overrides choose fewer bits: a smaller program, and a worse one."""
    sizes, costs = {}, {}
    for name, options in {"four": (), "two": ("--quant-override=*.mlp.*=w2row",)}.items():
        done = compile_to(lapidary, directory / name, "--quant=mobile", f"--calibration={statistics}", *options)
        if problems.expect(done.returncode == 0, f"{name}: {done.stderr}"):
            sizes[name] = (directory / name).stat().st_size
            costs[name] = evaluate(lapidary, directory / name, directory / "f32")["kl"]["mean"]
    print(f"  2-bit MLPs: {sizes} bytes, KL {costs}")
    problems.expect(len(sizes) == 2 and sizes["two"] < sizes["four"], "2-bit weights take no less room")
    problems.expect(len(costs) == 2 and costs["four"] < costs["two"] < 1, "2-bit weights cost nothing, or all")


def check_short_text(lapidary, directory, text, problems):
    """A text too short to hold tokens out of it still calibrates; the message says that nothing was measured."""
    short = directory / "short"
    short.write_text(text.read_text()[:2000])
    done = compile_to(lapidary, directory / "from-short", "--quant=mobile", f"--calibrate={short}")
    problems.expect(done.returncode == 0 and "too short to hold" in done.stdout + done.stderr,
                    f"short text: {done.returncode} {done.stdout} {done.stderr}")
    done = compile_to(lapidary, directory / "planned", "--quant=mobile", f"--calibrate={short}", "--dry-run")
    problems.expect(done.returncode == 0 and not (directory / "planned").exists(), f"dry run: {done.stderr}")


def main():
    lapidary, problems = pathlib.Path(arguments().lapidary), Problems()
    directory = pathlib.Path(tempfile.mkdtemp())
    try:
        done = compile_to(lapidary, directory / "f32", "--quant=f32")
        problems.expect(done.returncode == 0, f"f32: {done.stderr}")
        text = directory / "text"
        text.write_text(own_text(directory / "f32", 24))
        check_needs(lapidary, directory, problems)
        check_program(lapidary, directory, text, problems)
        check_short_text(lapidary, directory, text, problems)
        if statistics := check_statistics(lapidary, directory, text, problems):
            check_phases(lapidary, directory, statistics, problems)
            check_two_bits(lapidary, directory, statistics, problems)
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    problems.finish(least=40)


if __name__ == "__main__":
    main()
