"""Decoding in short bursts, each between two looks at the memory: ours, peer, ours, peer, ..
SPDX-License-Identifier: Apache-2.0

A round of compare.py lasts longer than the memory of a shared machine keeps its speed: the roof that was measured before
it is then not the one under its tokens. A burst is two seconds long, and counts only when the roof was the same before
and after it. Bursts are put together by what the memory gave, so that fast and slow minutes are two lines of the report
and not one wide range.
"""
import measure

SIDES = ("ours", "peer")
SAME = 1.1  # the two roofs of a burst may differ by this factor
NEXT = 1.2  # a roof this much higher than the one below it begins another state of the memory


def measure_bursts(options, roof_binary, ours, peer, threads):
    """`options.bursts` bursts of each side, of `options.burst_tokens` tokens without a prompt, in turns.
    [{side, roofs: [before, after] in bytes/s, decode_tok_s, others_cpus}]."""
    bursts = []
    measure.wait_until_quiet(options.most_others, options.patience)
    before = measure.bandwidth(roof_binary, threads)
    for _ in range(options.bursts):
        for side, program in zip(SIDES, (ours, peer)):
            figures = program.bench(threads, 0, 0, options.burst_tokens)
            after = measure.bandwidth(roof_binary, threads)
            bursts.append({"side": side, "roofs": [before, after],
                           **{key: figures[key] for key in ("decode_tok_s", "others_cpus")}})
            before = after
    return bursts


def roof_of(burst):
    """What the memory gave during a burst, in bytes per second: others only lower what is measured."""
    return max(burst["roofs"])


def steady(bursts, most_others):
    """Those in which neither the memory nor other programs changed what was measured."""
    return [burst for burst in bursts
            if max(burst["roofs"]) <= SAME * min(burst["roofs"]) and burst["others_cpus"] <= most_others]


def states(bursts):
    """By the memory's speed, slowest first: a list of lists, none empty."""
    groups = []
    for burst in sorted(bursts, key=roof_of):
        if groups and roof_of(burst) <= NEXT * roof_of(groups[-1][-1]):
            groups[-1].append(burst)
        else:
            groups.append([burst])
    return groups
