"""Medians, ratios, shares of the roofs; the table for docs/performance.md.
SPDX-License-Identifier: Apache-2.0

A ratio or share is taken inside each round, whose parts ran within a minute of each other, and then the median over the
rounds: a slow minute of the machine falls on both sides.
"""
import statistics

from bursts import SIDES, roof_of


def median(values):
    values = [value for value in values if value is not None]
    return statistics.median(values) if values else None


def _divide(a, b):
    return a / b if a is not None and b else None


def _side(rounds, side, model, depth, tokens):
    """Medians of one side ("ours" or "peer") of one case."""
    weights = model["weight_bytes_per_token"][side]
    cache = model["cache_bytes_read"](depth + tokens // 2, model["cache_element_bytes"][side])
    operations = model["operations_per_prompt_token"]["needed" if side == "ours" else "all"]
    result = {key: median([r[side][key] for r in rounds]) for key in ("prefill_tok_s", "decode_tok_s", "peak_bytes")}
    result["bandwidth_share"] = median(
        [r[side]["decode_tok_s"] and r[side]["decode_tok_s"] * (weights + cache) / r["roof"]["bytes_s"] for r in rounds])
    result["int8_share"] = median(
        [r[side]["prefill_tok_s"] and _divide(r[side]["prefill_tok_s"] * operations, r["roof"]["int8_ops_s"])
         for r in rounds])
    return result


def summarize(rounds, model, depth, tokens):
    """One case: the same model, threads and depth. `model`: weight_bytes_per_token by side, operations_per_prompt_token
    {all, needed}, cache_bytes_read(depth, element bytes), cache_element_bytes by side."""
    result = {side: _side(rounds, side, model, depth, tokens) for side in ("ours", "peer")}
    result["roof"] = {key: median([r["roof"][key] for r in rounds]) for key in ("bytes_s", "int8_ops_s")}
    result["ratio"], result["ratio_range"] = {}, {}
    for key in ("prefill_tok_s", "decode_tok_s", "peak_bytes"):
        ratios = [_divide(r["ours"][key], r["peer"][key]) for r in rounds]
        result["ratio"][key] = median(ratios)
        result["ratio_range"][key] = None if None in ratios else [min(ratios), max(ratios)]
    result["others_cpus"] = median([r[side]["others_cpus"] for r in rounds for side in ("ours", "peer")])
    return result


def summarize_bursts(bursts, model, tokens):
    """Bursts (bursts.py) of both sides in one state of the memory; `model` as for summarize. A side without bursts has
    None for figures; the ratio is that of the sides' medians, as a burst of one side has no partner."""
    roofs = [roof_of(burst) for burst in bursts]
    result = {"roof_range": [min(roofs), max(roofs)]}
    for side in SIDES:
        own = [burst for burst in bursts if burst["side"] == side]
        speeds = [burst["decode_tok_s"] for burst in own]
        read = model["weight_bytes_per_token"][side] + model["cache_bytes_read"](tokens // 2,
                                                                                model["cache_element_bytes"][side])
        result[side] = {"bursts": len(own), "decode_tok_s": median(speeds),
                        "range": [min(speeds), max(speeds)] if speeds else None,
                        "bandwidth_share": median([burst["decode_tok_s"] * read / roof_of(burst) for burst in own])}
    result["ratio"] = _divide(*(result[side]["decode_tok_s"] for side in SIDES))
    return result


def _number(value, digits=1, factor=1, unit=""):
    return "-" if value is None else f"{value * factor:.{digits}f}{unit}"


def _percent(value):
    return _number(value, 0, 100, " %")


def _ratio(summary, key):
    """The median, and from where to where the rounds went when they were several."""
    low, high = summary["ratio_range"][key] or (None, None)
    spread = "" if low == high else f" ({low:.2f}-{high:.2f})"
    return _number(summary["ratio"][key], 2, 1, "x") + spread


def _row(cells):
    return "| " + " | ".join(cells) + " |"


def _table(head, rows):
    return "\n".join([_row(head), _row(["---"] * len(head)), *map(_row, rows)]) + "\n"


def _speed(results):
    head = ["model", "threads", "depth", "prefill", "peer", "ratio", "decode", "peer", "ratio",
            "decode of bandwidth roof", "peer", "prefill of int8 roof", "peer", "CPUs others used"]
    rows = []
    for model in results["models"]:
        for case in model["cases"]:
            s = case["summary"]
            ours, peer = s["ours"], s["peer"]
            row = [model["name"], str(case["threads"]), str(case["depth"])]
            for key in ("prefill_tok_s", "decode_tok_s"):
                row += [_number(ours[key]), _number(peer[key]), _ratio(s, key)]
            row += [_percent(side[key]) for key in ("bandwidth_share", "int8_share") for side in (ours, peer)]
            rows.append([*row, _number(s["others_cpus"], 2)])
    return _table(head, rows)


def _burst_speed(side):
    low, high = side["range"] or (None, None)
    return _number(side["decode_tok_s"]) + (f" ({low:.1f}-{high:.1f})" if low != high else "")


def _bursts(results):
    head = ["model", "threads", "memory, GB/s", "bursts", "peer", "decode", "peer", "ratio", "decode of bandwidth roof",
            "peer"]
    rows = []
    for model in results["models"]:
        for case in model["bursts"]:
            for state in case["states"]:
                low, high = state["roof_range"]
                sides = [state[side] for side in SIDES]
                rows.append([model["name"], str(case["threads"]), f"{low * 1e-9:.1f}-{high * 1e-9:.1f}",
                             *[str(side["bursts"]) for side in sides], *map(_burst_speed, sides),
                             _number(state["ratio"], 2, 1, "x"), *[_percent(side["bandwidth_share"]) for side in sides]])
    return _table(head, rows) if rows else ""


def _sizes(results):
    head = ["model", "file, GB", "peer", "weights read per token, GB", "peer", "peak memory, MiB", "peer",
            "start to first token, s", "peer"]
    rows = []
    for model in results["models"]:
        peaks = [median([case["summary"][side]["peak_bytes"] for case in model["cases"] if case["depth"] == 0])
                 for side in ("ours", "peer")]
        row = [model["name"]]
        for key, digits in (("file_bytes", 2), ("weight_bytes_per_token", 3)):
            row += [_number(model[key][side], digits, 1e-9) for side in ("ours", "peer")]
        row += [_number(peak, 0, 1 / 2**20) for peak in peaks]
        row += [_number(median(model["start_s"][side]), 2) for side in ("ours", "peer")]
        rows.append(row)
    return _table(head, rows)


def _scaling(results):
    """How much faster the most threads are than one, at depth 0."""
    rows = []
    for model in results["models"]:
        cases = {case["threads"]: case["summary"] for case in model["cases"] if case["depth"] == 0}
        most = max(cases, default=1)
        if 1 not in cases or most == 1:
            continue
        one, many = cases[1], cases[most]
        gains = [_divide(many[side][key], one[side][key])
                 for key in ("prefill_tok_s", "decode_tok_s") for side in ("ours", "peer")]
        gains.append(_divide(many["roof"]["bytes_s"], one["roof"]["bytes_s"]))
        rows.append([model["name"], str(most), *[_number(gain, 2, 1, "x") for gain in gains]])
    head = ["model", "threads", "prefill over 1 thread", "peer", "decode over 1 thread", "peer", "bandwidth over 1 thread"]
    return _table(head, rows) if rows else ""


def markdown(results):
    """The whole report, to be pasted."""
    machine, settings = results["machine"], results["settings"]
    peaks = {case["threads"]: case["summary"]["roof"]["int8_ops_s"] for model in results["models"]
             for case in model["cases"]}
    samples = {}  # every measured bandwidth, by threads
    for model in results["models"]:
        for case in model["cases"]:
            samples.setdefault(case["threads"], []).extend(roof["bytes_s"] for r in case["rounds"] for roof in r["roofs"])
    lines = [f"{results['date']}, {machine['cpu']}, {machine['cpus']} CPUs, {machine['memory_gib']:.0f} GiB, "
             f"Linux {machine['kernel']}; revision {results['revision']}, `{results['compile']}`; "
             f"peer: llama.cpp {results['peer_version']}, Q4_0. Prompt {settings['prompt']}, {settings['tokens']} new "
             f"tokens, {settings['rounds']} rounds ({settings['depth_rounds']} at a depth), medians.", ""]
    for threads, values in sorted(samples.items()):
        lines.append(f"- Roof with {threads} thread{'s' if threads > 1 else ''}: {_number(median(values), 1, 1e-9)} GB/s "
                     f"({min(values) * 1e-9:.1f}-{max(values) * 1e-9:.1f} over the run), "
                     f"{_number(peaks[threads], 0, 1e-9)} GOPS int8.")
    parts = [_speed(results), _bursts(results), _sizes(results), _scaling(results)]
    return "\n".join(lines) + "\n\n" + "\n".join(part for part in parts if part)
