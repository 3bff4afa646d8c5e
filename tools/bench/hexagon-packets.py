#!/usr/bin/env python3
"""Packets of the hot loops of the Hexagon kernels: no DSP is needed.
SPDX-License-Identifier: Apache-2.0

usage: hexagon-packets.py ARCHIVE.a|OBJECT.o.. [--kernel=SUBSTRING] [--floats] [--show | --check]

A Hexagon packet is up to four instructions that start together, one packet a cycle of its hardware thread at best. Finds
the innermost of the loops that multiply weights by activations (vrmpy with a scalar register) and prints for each how many
instructions, packets and vrmpy it has, how full its packets are (instructions other than nop of four), and the packets for
32 rows of weights x 32 columns x one row (plane) of activations: 8 vrmpy, of which two fit a packet. Scalar loops inside,
which scale the sums of a group, count as often as they run there. docs/performance-hexagon.md has the table.

--floats looks at loops that multiply floats in vectors instead (attention, norms, GELU) and prints the packets for a product
of 32 lanes. A packet of those has no room for four: a product of floats takes two of the vector units, and below version 79
sums and conversions share one. So a column says which unit is the busiest and how much of the time it works
(hexagon_units.py).

--show prints the loops. --check verifies that every function that multiplies has such a loop, and that its packets are
at least 70 % full; of loops with floats in vectors, that packets are so full or the busiest unit is.
"""
import argparse
import re
import subprocess
import sys

from hexagon_units import SLOTS, fewest

TOOLS = "/usr/lib/llvm-22/bin/"
FULL = 0.70
FEWEST = 4  # products of a loop that counts
INTEGERS = r"vrmpy\(v\d+\.ub,r\d+"
FLOATS = r"\.(?:sf|qf32) = vmpy\("
SELDOM = r"f32_(add|quantize_static)_|_kv_append_"  # not hot: a few packets between loads and stores, 1 % of a token's


def disassemble(path):
    """{function: [packet]}, a packet is (address, [instruction], the hardware loops it ends: "", "0", "1" or "01")."""
    text = subprocess.run([TOOLS + "llvm-objdump", "-d", "-C", "--no-show-raw-insn", "--mattr=+hvxv79,+hvx-length128b",
                           path], check=True, text=True, stdout=subprocess.PIPE).stdout
    functions, current, packet = {}, None, None
    for line in text.splitlines():
        if match := re.match(r"[0-9a-f]+ <(.+)>:", line):
            current, packet = functions.setdefault(short(match[1]), []), None
        elif current is not None and (match := re.match(r"\s*([0-9a-f]+):\s+(.+)", line)):
            words = match[2].split("<")[0] if " jump" in match[2] else match[2]
            if "{" in words:
                packet = (int(match[1], 16), [])
            if packet is None:
                sys.exit(f"error: {path}: line outside a packet: {line}")
            ends = "}" in match[2]
            packet[1].extend(part for part in (p.strip() for p in re.sub(r"[{}]|:endloop[01]+", "", words).split(";")) if part)
            if ends:
                current.append((*packet, "".join(number for number in "01" if f"endloop{number}" in match[2])))
                packet = None
    return functions


def short(name):
    """`multiplyToken<W4ROW, 1>` of what the demangler prints."""
    formats = {"2": "W8G32", "3": "W4G32", "4": "W2ROW", "5": "W4ROW", "6": "W8ROW", "8": "W4G32S8"}
    name = re.sub(r"\(lap_format\)(\d)", lambda m: formats[m[1]], name)
    name = re.sub(r"\(anonymous namespace\)::|lap::hexagon::", "", name)
    match = re.search(r"(\w+(?:<[^()]*>)?)\(", name)
    return match[1] if match else name


def useful(instructions):
    return [i for i in instructions if i != "nop" and not i.startswith("immext")]


def loops(packets):
    """(hardware loops, loops of jumps) as pairs of their first and last packet."""
    index = {address: i for i, (address, _, _) in enumerate(packets)}
    hardware, jumps, start = set(), set(), None
    for i, (_, instructions, ends) in enumerate(packets):
        for text in instructions:
            match = re.search(r"(loop0\(|jump(?::n?t)? )0x([0-9a-f]+)", text)
            target = index.get(int(match[2], 16)) if match else None
            if match and match[1] == "loop0(":
                start = target
            elif target is not None and target <= i:
                jumps.add((target, i))
        if "0" in ends and start is not None:
            hardware.add((start, i))
    return hardware, jumps


def multiplying_loops(packets, product):
    """Runs of packets of the innermost loops that multiply. Hardware loops are innermost; where those of integers multiply, a
    jump back is that of a loop around them, parts of which may lie elsewhere. So it is where it starts a hardware loop."""
    hardware, jumps = ([loop for loop in sorted(kind) if products(packets[loop[0]:loop[1] + 1], product) >= FEWEST]
                       for kind in loops(packets))
    jumps = [loop for loop in jumps if product == INTEGERS or not starts_loop(packets[loop[0]:loop[1] + 1])]
    found = hardware + jumps if product == FLOATS else hardware or jumps
    inner = [a for a in found if not any(b != a and a[0] <= b[0] and b[1] <= a[1] for b in found)]
    # Of two that overlap, the longer goes through what seldom runs.
    inner = [a for a in inner if not any(a[0] <= b[1] and b[0] <= a[1] and b[1] - b[0] < a[1] - a[0] for b in inner)]
    return [packets[first:last + 1] for first, last in inner]


def starts_loop(packets):
    return any(text.startswith("loop0(") for _, instructions, _ in packets for text in instructions)


def products(packets, product):
    """Instructions that match `product`."""
    return sum(bool(re.search(product, text)) for _, instructions, _ in packets for text in instructions)


def hot_loops(path, wanted, product):
    """(function, loop) for each hot loop. Where one was unrolled, what is left of its turns is another with fewer products,
    which runs a few times a row of tiles and does not count."""
    for function, packets in disassemble(path).items():
        if wanted in function:
            found = multiplying_loops(packets, product)
            for loop in found:
                if products(loop, product) == max(products(other, product) for other in found):
                    yield function, loop


def fill(loop):
    return sum(len(useful(instructions)) for _, instructions, _ in loop) / (SLOTS * len(loop))


def run_packets(loop):
    """Packets that start in one turn of a hot loop, with hardware loops inside as often as they turn."""
    index = {address: i for i, (address, _, _) in enumerate(loop)}
    times = [1] * len(loop)
    for i, (_, instructions, _) in enumerate(loop):
        for text in instructions:
            if match := re.search(r"loop([01])\(0x([0-9a-f]+)[^,]*,#0x([0-9a-f]+)\)", text):
                start = index.get(int(match[2], 16))
                end = next((k for k in range(i + 1, len(loop)) if match[1] in loop[k][2]), None)
                if start is not None and end is not None:
                    times[start:end + 1] = [t * int(match[3], 16) for t in times[start:end + 1]]
    return sum(times)


def table(paths, wanted):
    print("| loop | vrmpy | instructions | packets | full | packets for 32 rows x 32 columns |\n"
          "| --- | ---: | ---: | ---: | ---: | ---: |")
    for path in paths:
        for function, loop in hot_loops(path, wanted, INTEGERS):
            count = sum(len(useful(instructions)) for _, instructions, _ in loop)
            multiplied = products(loop, INTEGERS)
            print(f"| {function} | {multiplied} | {count} | {len(loop)} | {100 * fill(loop):.0f} % | "
                  f"{run_packets(loop) * 8 / multiplied:.1f} |")


def busiest(loop):
    """(what limits a loop, the part of its packets that it is busy in)."""
    limits = fewest([text for _, instructions, _ in loop for text in useful(instructions)])
    name = max(limits, key=limits.get)
    return name, limits[name] / len(loop)


def float_table(paths, wanted):
    print("| loop | products | packets | full | busiest | | packets for a product |\n"
          "| --- | ---: | ---: | ---: | --- | ---: | ---: |")
    for path in paths:
        for function, loop in hot_loops(path, wanted, FLOATS):
            multiplied = products(loop, FLOATS)
            name, part = busiest(loop)
            print(f"| {function} | {multiplied} | {len(loop)} | {100 * fill(loop):.0f} % | {name} | {100 * part:.0f} % | "
                  f"{len(loop) / multiplied:.1f} |")


def check_floats(paths, wanted):
    """The same for loops of floats; archives of levels without them have none."""
    ran = 0
    for path in paths:
        for function, loop in hot_loops(path, wanted, FLOATS):
            name, part = busiest(loop)
            if part < FULL and not re.search(SELDOM, function):
                sys.exit(f"error: {path}: {function}: the busiest unit of a hot loop, {name}, works in {100 * part:.0f} % of its "
                         f"packets, expected at least {100 * FULL:.0f} %; look at it with --floats --show")
            ran += 1
    return ran


def check(paths, wanted):
    """The number of hot loops; ends the program at the first function that has none or a slack one."""
    ran = 0
    for path in paths:
        multiplying = {f for f, packets in disassemble(path).items()
                       if products(packets, INTEGERS) >= FEWEST and wanted in f}
        seen = set()
        for function, loop in hot_loops(path, wanted, INTEGERS):
            if fill(loop) < FULL:
                sys.exit(f"error: {path}: {function}: packets of a hot loop are {100 * fill(loop):.0f} % full, expected "
                         f"at least {100 * FULL:.0f} %; look at it with --show")
            seen.add(function)
            ran += 1
        if multiplying - seen:
            sys.exit(f"error: {path}: no hot loop found in {', '.join(sorted(multiplying - seen))}")
    return ran


def main():
    parser = argparse.ArgumentParser(description="packets of the hot loops of the Hexagon kernels")
    parser.add_argument("paths", nargs="+", metavar="OBJECT")
    parser.add_argument("--kernel", default="", help="only functions whose name contains this")
    parser.add_argument("--floats", action="store_true", help="loops of vectors of floats")
    parser.add_argument("--show", action="store_true", help="print the loops")
    parser.add_argument("--check", action="store_true", help="check only")
    options = parser.parse_args()
    if options.show:
        for path in options.paths:
            for function, loop in hot_loops(path, options.kernel, FLOATS if options.floats else INTEGERS):
                print(f"{function}:")
                for _, instructions, _ in loop:
                    print("  { " + "; ".join(instructions) + " }")
    elif options.check:
        loops = check(options.paths, options.kernel)
        if loops == 0:
            sys.exit("error: no loop with vrmpy found; is this an object for Hexagon?")
        print(f"{loops} hot loops of integers, {check_floats(options.paths, options.kernel)} of floats: ok")
    elif options.floats:
        float_table(options.paths, options.kernel)
    else:
        table(options.paths, options.kernel)


if __name__ == "__main__":
    main()
