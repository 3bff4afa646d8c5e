#!/usr/bin/env python3
"""cmake/CopyZigLibc.cmake reads the program's link line, not those of the libc that an empty cache makes zig build first.
SPDX-License-Identifier: Apache-2.0

A stand-in for zig prints what zig 0.17.1 prints; its files are real, so what was copied can be compared.
"""
import pathlib
import subprocess
import sys
import tempfile

NAMES = ["rcrt1.o", "libc++abi.a", "libc++.a", "libunwind.a", "libc.a", "libzigc.a", "libcompiler_rt.a"]
RELOCATABLE = "ld.lld -r --build-id=none -m elf_x86_64 -static -o {cache}/half/rcrt1.o {cache}/early/rcrt1.o"
PROGRAM = "ld.lld --build-id=none -m elf_x86_64 -static -pie -o empty {cache}/rcrt1.o empty.o {libraries}"
SHARED = "ld.lld --build-id=none -m elf_x86_64 -shared -o {out} {libraries}"
GLIBC = ["libc.so.6", "libm.so.6", "libdl.so.2", "libpthread.so.0", "libc_nonshared.a", "libcompiler_rt.a"]
FIXED = "ld.lld --build-id=none -m hexagonelf -static -no-pie -o empty {cache}/crt1.o empty.o {libraries}"


def run(cmake, script, work, lines, start="rcrt1.o"):
    zig = work / "zig"
    zig.write_text("#!/bin/sh\ncat <<'TEXT'\n" + "\n".join(lines) + "\nTEXT\n")
    zig.chmod(0o755)
    return subprocess.run([cmake, f"-DZIG={zig}", "-DTARGET=x86_64-linux-musl", f"-DOUT={work / 'out'}",
                           f"-DWORK={work / 'work'}", f"-DSTART={start}", "-P", script], capture_output=True, text=True)


def main():
    cmake, script = sys.argv[1:]
    with tempfile.TemporaryDirectory() as directory:
        work = pathlib.Path(directory)
        cache = work / "cache"
        cache.mkdir()
        for name in [*NAMES, "crt1.o"]:
            (cache / name).write_text(name)
        relocatable = RELOCATABLE.format(cache=cache)
        libraries = " ".join(str(cache / name) for name in NAMES[1:])
        program = PROGRAM.format(cache=cache, libraries=libraries)

        for lines in ([program], [relocatable, "ar rcs x.a y.o", program]):
            done = run(cmake, script, work, lines)
            assert done.returncode == 0, done.stderr
            for name in NAMES:
                assert (work / "out" / name).read_text() == name, name

        done = run(cmake, script, work, [relocatable, FIXED.format(cache=cache, libraries=libraries)], "crt1.o")
        assert done.returncode == 0 and (work / "out" / "crt1.o").read_text() == "crt1.o", done.stderr

        # zig links the lists of glibc's symbols as shared libraries too.
        early, late = cache / "early", cache / "late"
        for folder in (early, late):
            folder.mkdir()
            for name in GLIBC:
                (folder / name).write_text(folder.name)
        lines = [SHARED.format(out=out, libraries=" ".join(str(folder / name) for name in GLIBC))
                 for out, folder in ((work / "work" / "empty", late), (early / "libm.so.6", early))]
        for some in (lines, lines[::-1]):
            done = run(cmake, script, work, some, "")
            assert done.returncode == 0, done.stderr
            for name in GLIBC:
                assert (work / "out" / name).read_text() == "late", name

        done = run(cmake, script, work, [relocatable])
        assert done.returncode != 0 and "no ld.lld line with -pie" in done.stderr, done.stderr
    print("copy_zig_libc_test: 6 cases passed")


main()
