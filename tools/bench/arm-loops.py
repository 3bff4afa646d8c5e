#!/usr/bin/env python3
"""Cycles of the hot loops of the ARM kernels, by llvm-mca: no ARM machine is needed.
SPDX-License-Identifier: Apache-2.0

usage: arm-loops.py ARCHIVE.a|OBJECT.o.. [--cpu=MODEL] [--kernel=SUBSTRING] [--show | --check]

Finds in every kernel (a function named *_matvec_* or *_matmat_*) the innermost loops that multiply bytes and prints what
llvm-mca says an iteration takes, for 16 rows of weights x 32 columns x one row (plane) of activations: 512 products. Beside
it, what its vector arithmetic or its loads take if nothing ever waits, and what the model needs to dispatch it: no order of
these instructions is faster. Kernels have loops of their own for one plane of activations and for three.
docs/performance-arm.md has the table.

--show prints the loops. --check only verifies what every hot loop must show: the dot product of its instruction set (by the
last word of the kernel's name), and no exclusive or of vectors.
"""
import argparse
import re
import subprocess
import sys

TOOLS = "/usr/lib/llvm-22/bin/"
PRODUCTS = {"sdot": 16, "smmla": 32, "smull": 8, "smull2": 8, "smlal": 8, "smlal2": 8}  # of bytes, an instruction
MUST_SHOW = {"neon": ("smull",), "dotprod": ("sdot",), "i8mm": ("sdot", "smmla")}
# The CPU whose model is used. LLVM has one of the Neoverse N1, which is the Cortex-A76 for servers; "cortex-a76" itself it
# schedules like an A57.
MODELS = {"neon": "cortex-a72", "dotprod": "neoverse-n1", "i8mm": "neoverse-v1"}
# Pipes for arithmetic on vectors and for loads, from Arm's software optimization guides.
PIPES = {"cortex-a72": (2, 1), "neoverse-n1": (2, 2), "neoverse-v1": (4, 3)}
ITERATIONS = 200
FEWEST = 128  # products of a loop that counts: others sum up activations


def disassemble(path):
    """{function: [(address, instruction text)]}, kernels only."""
    text = subprocess.run([TOOLS + "llvm-objdump", "-d", "--no-show-raw-insn", path], check=True, text=True,
                          stdout=subprocess.PIPE).stdout
    functions, current = {}, None
    for line in text.splitlines():
        if match := re.match(r"[0-9a-f]+ <(.+)>:", line):
            current = functions.setdefault(match[1], []) if re.search("_mat(vec|mat)_", match[1]) else None
        elif current is not None and (match := re.match(r"\s*([0-9a-f]+):\s+(.+)", line)):
            current.append((int(match[1], 16), match[2].split(" <")[0].split(" //")[0].replace("\t", " ").strip()))
    return functions


def innermost_loops(instructions):
    """Stretches of instructions that end with a branch to their start and have no such stretch inside."""
    index = {address: i for i, (address, _) in enumerate(instructions)}
    loops = []
    for i, (_, text) in enumerate(instructions):
        match = re.match(r"(?:b\.\w+|b|cbn?z|tbn?z) .*0x([0-9a-f]+)$", text)
        start = index.get(int(match[1], 16)) if match else None
        if start is not None and start <= i:
            loops.append((start, i))
    inner = [a for a in loops if not any(b != a and a[0] <= b[0] and b[1] <= a[1] for b in loops)]
    return [[text for _, text in instructions[start:end + 1]] for start, end in inner]


def products(loop):
    return sum(PRODUCTS.get(text.split()[0], 0) for text in loop)


def hot_loops(path, wanted):
    """(kernel, loop) for each hot loop; several for kernels that have code of its own for three planes."""
    for kernel, instructions in disassemble(path).items():
        if wanted in kernel:
            for loop in innermost_loops(instructions):
                if products(loop) >= FEWEST:
                    yield kernel, loop


def simulate(loop, cpu):
    """Cycles of one iteration in a steady state, and the cycles it takes to be dispatched."""
    body = "\n".join(re.sub(r"0x[0-9a-f]+$", "0", text) if re.match(r"(b|cb|tb)", text) else text for text in loop)
    command = [TOOLS + "llvm-mca", "-mtriple=aarch64", f"-mcpu={cpu}", "-mattr=+dotprod,+i8mm", f"-iterations={ITERATIONS}"]
    out = subprocess.run(command, input=body, check=True, text=True, stdout=subprocess.PIPE).stdout
    total, operations, width = (int(re.search(name + r":\s+(\d+)", out)[1])
                                for name in ("Total Cycles", "Total uOps", "Dispatch Width"))
    return total / ITERATIONS, operations / width / ITERATIONS


def bound(loop, cpu):
    """Cycles that the loop's arithmetic on vectors or its loads take at least."""
    vectors, loads = PIPES[cpu]
    arithmetic = sum(bool(re.search(r"\bv\d+\.", text)) and not re.match(r"(ld|st)", text) for text in loop)
    loaded = sum(1 + text.startswith("ldp") for text in loop if text.startswith("ld"))
    return max(arithmetic / vectors, loaded / loads)


def table(paths, cpu, wanted):
    print("| kernel | model | products an iteration | cycles | bound by pipes | by dispatch |\n"
          "| --- | --- | ---: | ---: | ---: | ---: |")
    for path in paths:
        for kernel, loop in hot_loops(path, wanted):
            model, share = cpu or MODELS[kernel.rsplit("_", 1)[1]], products(loop) / 512
            found, dispatched = simulate(loop, model)
            print(f"| {kernel} | {model} | {products(loop)} | {found / share:.1f} | {bound(loop, model) / share:.1f} | "
                  f"{dispatched / share:.1f} |")


def check(paths, wanted):
    """The number of loops that look right; ends the program at the first that does not."""
    seen = {}
    for path in paths:
        for kernel, loop in hot_loops(path, wanted):
            names = {text.split()[0] for text in loop}
            if any(re.match(r"(eor|eor3|bcax) v", text) for text in loop):
                sys.exit(f"error: {kernel}: its hot loop has an exclusive or of vectors; integers are stored so that none "
                         "is needed (targets/arm/kernels/Integers.h)")
            isa = kernel.rsplit("_", 1)[1]
            want = MUST_SHOW[isa][-1 if "matmat" in kernel else 0]
            if want not in names:
                sys.exit(f"error: {kernel}: its hot loop has no {want}, but {', '.join(sorted(names))}; was it compiled "
                         "for this instruction set?")
            seen.setdefault(kernel, 0)
            seen[kernel] += 1
    return seen


def main():
    parser = argparse.ArgumentParser(description="cycles of the hot loops of the ARM kernels, by llvm-mca")
    parser.add_argument("paths", nargs="+", metavar="OBJECT")
    parser.add_argument("--cpu", choices=sorted(PIPES), help="the model, by default the instruction set's")
    parser.add_argument("--kernel", default="", help="only kernels whose name contains this")
    parser.add_argument("--show", action="store_true", help="print the loops")
    parser.add_argument("--check", action="store_true", help="check instructions only")
    options = parser.parse_args()
    if options.show:
        for path in options.paths:
            for kernel, loop in hot_loops(path, options.kernel):
                print(f"{kernel}:\n  " + "\n  ".join(loop))
    elif options.check:
        kernels = check(options.paths, options.kernel)
        if len(kernels) < 12 * len(options.paths) and not options.kernel:
            sys.exit(f"error: hot loops in {len(kernels)} kernels only, expected 12 an archive: {', '.join(kernels)}")
        print(f"{sum(kernels.values())} hot loops of {len(kernels)} kernels: ok")
    else:
        table(options.paths, options.cpu, options.kernel)


if __name__ == "__main__":
    main()
