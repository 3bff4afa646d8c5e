#!/usr/bin/env python3
"""Compares emitted programs with llama.cpp: one alternating run, medians, ratios. docs/performance.md explains it.
SPDX-License-Identifier: Apache-2.0

    tools/bench/compare.py --peer ~/llama.cpp/build --work /data/bench --models E2B 26B-A4B:6 --depths 0 8192

Makes the models in --work unless they are there, then for every case (model, threads, depth) runs in rounds: the
machine's roof, our program, the roof, llama-bench. Prints a markdown table and writes every figure to --out.
"""
import argparse
import datetime
import json
import os
import pathlib
import platform
import shlex
import subprocess
import sys

import bursts
import measure
import peer_layout
import prepare
import report

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--peer", type=pathlib.Path, required=True, help="build directory of llama.cpp (llama-bench)")
    parser.add_argument("--work", type=pathlib.Path, required=True, help="where checkpoints, programs, GGUF files lie")
    parser.add_argument("--models", nargs="+", default=["E2B"], help="SIZE, or SIZE:LAYERS for its first layers (E2B)")
    parser.add_argument("--threads", nargs="+", type=int, help="(default: 1 and the CPUs we may use)")
    parser.add_argument("--depths", nargs="+", type=int, default=[0],
                        help="tokens in the context (0); prefill is timed at depth 0 only")
    parser.add_argument("--prompt", type=int, default=512, help="tokens of the prompt (512)")
    parser.add_argument("--tokens", type=int, default=64, help="new tokens (64)")
    parser.add_argument("--rounds", type=int, default=5, help="rounds at depth 0 (5)")
    parser.add_argument("--depth-rounds", type=int, default=1, help="rounds at other depths (1): each reads it anew")
    parser.add_argument("--bursts", type=int, default=10, help="short bursts of decoding at depth 0; 0: none (10)")
    parser.add_argument("--burst-tokens", type=int, default=48, help="new tokens of a burst (48)")
    parser.add_argument("--most-others", type=float, default=0.1,
                        help="CPUs that other programs may use; a round with more is measured again (0.1)")
    parser.add_argument("--patience", type=float, default=60, help="seconds to wait for a quiet machine (60)")
    parser.add_argument("--compile", default="--quant=w4", help="options of lapidary compile (--quant=w4)")
    parser.add_argument("--use-programs", action="store_true", help="measure the programs in --work, however compiled")
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build" / "dev", help="our build (build/dev)")
    parser.add_argument("--keep-checkpoints", action="store_true", help="keep them once compiled; they are large")
    parser.add_argument("--prepare-only", action="store_true", help="make the models, measure nothing")
    parser.add_argument("--out", type=pathlib.Path, help="JSON of all figures (default: WORK/compare.json)")
    options = parser.parse_args()
    options.threads = options.threads or sorted({1, len(os.sched_getaffinity(0))})
    for name in ("prompt", "tokens", "rounds", "depth_rounds", "burst_tokens"):
        if getattr(options, name) < 1:
            parser.error(f"--{name.replace('_', '-')} must be at least 1")
    if min(options.depths) < 0 or min(options.threads) < 1:
        parser.error("--depths must be at least 0 and --threads at least 1")
    return options


def compile_options(options):
    words = shlex.split(options.compile)
    if not any(word.startswith("--context") for word in words):
        words.append(f"--context={max(options.depths) + max(options.prompt, options.tokens)}")
    return words


def first_match(path, key):
    for line in pathlib.Path(path).read_text().splitlines():
        if line.startswith(key):
            return line.split(":", 1)[1].strip()
    return "unknown"


def describe(options, peer_binary):
    """Everything that says what was measured and where."""
    revision = subprocess.run(["git", "-C", ROOT, "describe", "--always", "--dirty"], capture_output=True, text=True,
                              check=False).stdout.strip()
    version = subprocess.run([peer_binary, "--version"], capture_output=True, text=True, check=False)
    lines = [line for line in (version.stdout + version.stderr).splitlines() if line.startswith("version")]
    return {
        "date": datetime.date.today().isoformat(), "revision": revision or "unknown",
        "peer_version": lines[0].split(":", 1)[1].strip() if lines else "of unknown version",
        "machine": {"cpu": first_match("/proc/cpuinfo", "model name"), "cpus": len(os.sched_getaffinity(0)),
                    "memory_gib": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30,
                    "kernel": platform.release()},
        "settings": {key: getattr(options, key) for key in ("prompt", "tokens", "rounds", "depth_rounds", "bursts",
                                                             "burst_tokens")},
    }


def say(text):
    print(text, file=sys.stderr, flush=True)


def one_line(result, side):
    figures = result[side]
    return (f"{side} prefill {figures['prefill_tok_s'] or 0:.1f}, decode {figures['decode_tok_s'] or 0:.2f} tok/s, "
            f"others {figures['others_cpus']:.2f} CPUs")


def measure_round(options, roof_binary, ours, peer, threads, depth):
    """A B, the roof before each: the better of the two counts, other programs only ever lower it."""
    prompt = options.prompt if depth == 0 else 0
    roofs, result = [], {}
    for side, program in (("ours", ours), ("peer", peer)):
        measure.wait_until_quiet(options.most_others, options.patience)
        roofs.append(measure.roof(roof_binary, threads))
        result[side] = program.bench(threads, depth, prompt, options.tokens)
    result["roof"] = max(roofs, key=lambda roof: roof["bytes_s"])
    result["roofs"] = roofs
    return result


def measure_case(options, roof_binary, ours, peer, threads, depth):
    """(rounds, how many were thrown away). A round that other programs disturbed is measured again, up to twice as many
    in all; then it counts, and the column of others' CPUs tells."""
    wanted = options.rounds if depth == 0 else options.depth_rounds
    rounds, thrown = [], 0
    while len(rounds) < wanted:
        result = measure_round(options, roof_binary, ours, peer, threads, depth)
        say(f"  {threads} threads, depth {depth}, round {len(rounds) + 1}: "
            f"roof {result['roof']['bytes_s'] * 1e-9:.1f} GB/s; {one_line(result, 'ours')}; {one_line(result, 'peer')}")
        disturbed = max(result[side]["others_cpus"] for side in ("ours", "peer")) > options.most_others
        if disturbed and thrown < wanted:
            thrown += 1
            continue
        rounds.append(result)
    return rounds, thrown


def measure_bursts(options, roof_binary, ours, peer, threads, context):
    """Bursts of one number of threads, and their summaries by the memory's state."""
    measured = bursts.measure_bursts(options, roof_binary, ours, peer, threads)
    steady = bursts.steady(measured, options.most_others)
    say(f"  {threads} threads, {len(measured)} short bursts, {len(steady)} of them steady")
    states = [report.summarize_bursts(state, context, options.burst_tokens) for state in bursts.states(steady)]
    return {"threads": threads, "bursts": measured, "states": states}


def measure_model(options, model, binaries):
    ours, peer = measure.Program(model.path()), measure.Peer(binaries["peer"], model.path(".gguf"))
    most = max(options.threads)
    for program in (ours, peer):  # not counted: brings both files into memory
        program.start(most)
    start = {"ours": [], "peer": []}
    for _ in range(options.rounds):
        for side, program in (("ours", ours), ("peer", peer)):
            measure.wait_until_quiet(options.most_others, options.patience)
            start[side].append(program.start(most))
    every, needed = model.shape.operations_per_prompt_token()
    result = {"name": model.label, "file_bytes": {"ours": model.path().stat().st_size,
                                                  "peer": model.path(".gguf").stat().st_size},
              "start_s": start, "operations_per_prompt_token": {"all": every, "needed": needed},
              "weight_bytes_per_token": {"peer": peer_layout.peer_bytes_per_token(model.shape)}, "cases": [],
              "bursts": []}
    for depth in options.depths:
        for threads in options.threads:
            rounds, thrown = measure_case(options, binaries["roof"], ours, peer, threads, depth)
            result["weight_bytes_per_token"]["ours"] = rounds[0]["ours"]["weight_bytes_per_token"]
            context = {**result, "cache_bytes_read": model.shape.cache_bytes_read,
                       "cache_element_bytes": {"ours": ours.cache_element_bytes(), "peer": 2}}
            result["cases"].append({"threads": threads, "depth": depth, "rounds": rounds, "thrown_away": thrown,
                                    "summary": report.summarize(rounds, context, depth, options.tokens)})
            if depth == 0 and options.bursts:
                result["bursts"].append(measure_bursts(options, binaries["roof"], ours, peer, threads, context))
    return result


def compare(options):
    binaries = {
        "peer": prepare.find_binary("llama-bench", options.peer, "cmake --build BUILD --target llama-bench"),
        "compiler": prepare.find_binary("lapidary", options.build, "tools/build.sh dev lapidary"),
        "roof": prepare.find_binary("machine-roof", options.build, "tools/build.sh dev machine-roof"),
    }
    options.work.mkdir(parents=True, exist_ok=True)
    models = [prepare.parse_model(text, options.work.resolve()) for text in options.models]
    for model in models:
        say(f"{model.label}: prepare")
        if not (options.use_programs and model.path().is_file()):
            prepare.make_program(model, binaries["compiler"], compile_options(options), options.keep_checkpoints)
        prepare.make_peer_file(model)
    if options.prepare_only:
        return
    found = sorted({prepare.how_compiled(model) or "options that are not recorded" for model in models})
    results = {**describe(options, binaries["peer"]), "compile": "; ".join(found), "models": []}
    out = options.out or options.work / "compare.json"
    for model in models:
        say(f"{model.label}: measure")
        results["models"].append(measure_model(options, model, binaries))
        out.write_text(json.dumps(results, indent=1) + "\n")  # after every model: a long run may be cut short
    print(report.markdown(results))
    say(f"every figure: {out}")


def main():
    try:
        compare(arguments())
    except prepare.Problem as problem:
        print(f"error: {problem}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
