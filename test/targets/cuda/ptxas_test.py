"""Every GPU kernel assembles for every capability, without spilling, and its block fits a multiprocessor.
SPDX-License-Identifier: Apache-2.0

Reads what `ptxas -v` says (lapidary-cudagen --emit=report). Registers are checked against the register file: 65,536 for a
multiprocessor, 255 for a thread (CUDA C++ Programming Guide, "Technical Specifications per Compute Capability").
ptxas makes products of a warpgroup wait for each other where it does not understand what is between them, and says so: that
counts as a failure, too.
Usage: ptxas_test.py LAPIDARY_CUDAGEN CAPABILITY ..      (90a: exactly that one) exit 77: there is no ptxas
"""
import re
import subprocess
import sys

REGISTER_FILE = 65536
SKIPPED = 77


def kernels_of(cudagen, capability):
    return subprocess.run([cudagen, "--list", f"--sm={capability}"], capture_output=True, text=True, check=True).stdout.split()


def report(cudagen, capability):
    """{kernel symbol: (registers, bytes of spills and stack)}, and whether products of a warpgroup are serialized."""
    done = subprocess.run([cudagen, "--emit=report", f"--sm={capability}"], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"sm_{capability}: {done.stderr}")
    found, kernel, spilled = {}, None, 0
    for line in done.stdout.splitlines():
        if match := re.search(r"Compiling entry function '(\w+)'", line):
            kernel = match[1]
        elif match := re.search(r"(\d+) bytes stack frame, (\d+) bytes spill stores, (\d+) bytes spill loads", line):
            spilled = sum(int(n) for n in match.groups())
        elif match := re.search(r"Used (\d+) registers", line):
            found[kernel] = int(match[1]), spilled
    return found, "serialized" in done.stdout


def threads_of(cudagen, capability):
    """{kernel symbol: threads of a block}, from the kernels themselves."""
    text = subprocess.run([cudagen, "--emit=mlir", f"--sm={capability}"], capture_output=True, text=True, check=True).stdout
    return {m[1]: int(m[2]) for m in
            re.finditer(r"gpu\.func @(\w+)\([^)]*\)[^{]*kernel attributes \{[^}]*known_block_size = array<i32: (\d+)", text)}


def main():
    cudagen, capabilities = sys.argv[1], sys.argv[2:]
    if subprocess.run([cudagen, "--has-ptxas"], capture_output=True).returncode != 0:
        print("SKIPPED: no ptxas ($LAPIDARY_PTXAS, the PATH, /usr/local/cuda/bin)")
        sys.exit(SKIPPED)
    problems, checked = [], 0
    for capability in capabilities:
        names = [name.replace("-", "_") for name in kernels_of(cudagen, capability)]
        threads = threads_of(cudagen, capability)
        found, serialized = report(cudagen, capability)
        if serialized:
            problems.append(f"sm_{capability}: ptxas serializes wgmma.mma_async")
        checked += len(names)
        for name in names:
            if name not in found:
                problems.append(f"sm_{capability}: {name} was not assembled")
                continue
            registers, spilled = found[name]
            if spilled:
                problems.append(f"sm_{capability}: {name} spills or has a stack: {spilled} bytes")
            blocks = REGISTER_FILE // (-(-registers // 8) * 8 * threads[name])
            if blocks == 0:
                problems.append(f"sm_{capability}: {name}: {registers} registers x {threads[name]} threads do not fit")
            print(f"sm_{capability:4} {name:48} {registers:4} registers x {threads[name]:4} threads: {blocks} blocks by registers")
    print(f"{checked} kernels of {len(capabilities)} architectures, {len(problems)} problems")
    sys.exit("\n".join(problems) if problems or not checked else 0)


if __name__ == "__main__":
    main()
