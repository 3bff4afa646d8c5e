"""Every GPU kernel assembles for every capability, without spilling, and its block fits a multiprocessor.
SPDX-License-Identifier: Apache-2.0

Reads what `ptxas -v` says (lapidary-cudagen --emit=report). Registers are checked against the register file: 65,536 for a
multiprocessor, 255 for a thread (CUDA C++ Programming Guide, "Technical Specifications per Compute Capability").
Usage: ptxas_test.py LAPIDARY_CUDAGEN CAPABILITY ..      exit 77: there is no ptxas
"""
import re
import subprocess
import sys

REGISTER_FILE = 65536
SKIPPED = 77


def kernels_of(cudagen):
    return subprocess.run([cudagen, "--list"], capture_output=True, text=True, check=True).stdout.split()


def report(cudagen, capability):
    """{kernel symbol: (registers, bytes of spills and stack)}; None where ptxas is missing."""
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
    return found


def threads_of(cudagen):
    """{kernel symbol: threads of a block}, from the kernels themselves."""
    text = subprocess.run([cudagen, "--emit=mlir"], capture_output=True, text=True, check=True).stdout
    return {m[1]: int(m[2]) for m in
            re.finditer(r"gpu\.func @(\w+)\([^)]*\)[^{]*kernel attributes \{[^}]*known_block_size = array<i32: (\d+)", text)}


def main():
    cudagen, capabilities = sys.argv[1], sys.argv[2:]
    if subprocess.run([cudagen, "--has-ptxas"], capture_output=True).returncode != 0:
        print("SKIPPED: no ptxas ($LAPIDARY_PTXAS, the PATH, /usr/local/cuda/bin)")
        sys.exit(SKIPPED)
    names = [name.replace("-", "_") for name in kernels_of(cudagen)]
    threads, problems = threads_of(cudagen), []
    for capability in capabilities:
        found = report(cudagen, capability)
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
            print(f"sm_{capability:4} {name:44} {registers:4} registers x {threads[name]:4} threads: {blocks} blocks by registers")
    print(f"{len(names)} kernels x {len(capabilities)} capabilities, {len(problems)} problems")
    sys.exit("\n".join(problems) if problems or not names else 0)


if __name__ == "__main__":
    main()
