#!/usr/bin/env python3
"""Links a real static-PIE from the resource directory and runs it.

SPDX-License-Identifier: Apache-2.0

What `lapidary compile` does at its end, with the fake program in place of compiled kernels: ld.lld with nothing but the
resource directory, then weights and trailer appended. Checks the ELF file and the commands of the result.
"""
import argparse
import hashlib
import os
import pathlib
import re
import resource
import struct
import subprocess
import tempfile
import unittest

ARGUMENTS = None
ALIGN = 65536
PT_LOAD, PT_DYNAMIC, PT_INTERP, PT_GNU_STACK, PT_GNU_RELRO = 1, 2, 3, 0x6474E551, 0x6474E552
ABI_HEADER = pathlib.Path(__file__).parents[2] / "runtime" / "include" / "lapidary" / "ProgramAbi.h"
ABI_VERSION = int(re.search(r"LAP_ABI_VERSION = (\d+)", ABI_HEADER.read_text()).group(1))
DT_NEEDED, DT_TEXTREL, DT_FLAGS_1 = 1, 22, 0x6FFFFFFB


def link(folder):
    r = pathlib.Path(ARGUMENTS.resources)
    image = folder / "image"
    subprocess.run(
        [ARGUMENTS.lld, "-static", "-pie", "--no-dynamic-linker", "-z", "text", "-z", "relro", "-z", "now", "-z",
         "noexecstack", "-z", "separate-code", "--gc-sections", "--eh-frame-hdr", "-o", image, r / "rcrt1.o",
         r / "lapidary_main.o", ARGUMENTS.fake, "--start-group", r / "liblapidary_server.a", r / "liblapidary_rt.a",
         r / "libc++.a", r / "libc++abi.a", r / "libunwind.a", r / "libc.a", r / "libzigc.a", r / "libcompiler_rt.a", "--end-group"], check=True)
    return image.read_bytes()


def program_bytes(image):
    weights = bytes((i * 7 + 3) & 255 for i in range(70000))
    offset = -(-len(image) // ALIGN) * ALIGN
    trailer = struct.pack("<8sIIQQQ32s", b"LAPIDARY", ABI_VERSION, 72, offset, len(weights), len(image),
                          hashlib.sha256(image).digest())
    return image.ljust(offset, b"\0") + weights + trailer


def segments(image):
    phoff, = struct.unpack_from("<Q", image, 32)
    size, count = struct.unpack_from("<HH", image, 54)
    for i in range(count):
        kind, flags, offset, _, _, filesz, _, _ = struct.unpack_from("<IIQQQQQQ", image, phoff + i * size)
        yield kind, flags, offset, filesz


def dynamic_tags(image):
    for kind, _, offset, size in segments(image):
        if kind == PT_DYNAMIC:
            return dict(struct.unpack_from("<qQ", image, at) for at in range(offset, offset + size, 16))
    return {}


class LinkedProgram(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        folder = pathlib.Path(cls.folder.name)
        cls.image = link(folder)
        cls.path = folder / "fake"
        cls.path.write_bytes(program_bytes(cls.image))
        cls.path.chmod(0o755)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def run_it(self, *arguments, **options):
        return subprocess.run([self.path, *arguments], capture_output=True, timeout=60, **options)

    def test_elf_is_a_hardened_static_pie(self):
        self.assertEqual(struct.unpack_from("<H", self.image, 16)[0], 3, "ET_DYN")
        found = list(segments(self.image))
        kinds = [kind for kind, *_ in found]
        self.assertNotIn(PT_INTERP, kinds)
        self.assertIn(PT_GNU_RELRO, kinds)
        for kind, flags, *_ in found:
            self.assertFalse(flags & 1 and flags & 2, "a segment is writable and executable")
        self.assertEqual([flags & 1 for kind, flags, *_ in found if kind == PT_GNU_STACK], [0])
        tags = dynamic_tags(self.image)
        self.assertNotIn(DT_NEEDED, tags)
        self.assertNotIn(DT_TEXTREL, tags)
        self.assertTrue(tags[DT_FLAGS_1] & 1, "BIND_NOW")

    def test_runs_its_commands(self):
        self.assertEqual(self.run_it("info", "--json").stdout, b'{"model":"fake"}\n')
        verify = self.run_it("verify")
        self.assertEqual((verify.returncode, verify.stderr), (0, b""))
        results = {self.run_it("generate", "--ids", "-", "-n", "12", "--greedy", "--print-ids", "-t", threads,
                               input=b"5 6 7 8 9 10 11 12 13 14").stdout for threads in ("1", "2", "4")}
        self.assertEqual(len(results), 1)
        self.assertEqual(len(results.pop().split()), 12)
        self.assertEqual(self.run_it("-p", "hello", "-n", "4").returncode, 0)

    def test_verify_catches_a_flipped_bit(self):
        whole = bytearray(self.path.read_bytes())
        for at in (len(self.image) - 9, len(self.image) + 9, len(whole) - 9000, len(whole) - 5):
            bad = bytearray(whole)
            bad[at] ^= 1
            path = self.path.with_name("flipped")
            path.write_bytes(bad)
            path.chmod(0o755)
            self.assertEqual(subprocess.run([path, "verify"], capture_output=True).returncode, 2, at)

    def test_a_truncated_program_says_so(self):
        path = self.path.with_name("short")
        path.write_bytes(self.path.read_bytes()[:-30000])
        path.chmod(0o755)
        done = subprocess.run([path, "-p", "x"], capture_output=True)
        self.assertEqual(done.returncode, 2)
        self.assertIn(b"cut short", done.stderr)

    def test_too_little_address_space_is_a_message(self):
        codes = set()
        # Below the size of what is loaded the kernel itself refuses to start a program, so the sweep begins above that.
        loaded = sum(size for kind, _, _, size in segments(self.image) if kind == PT_LOAD)
        for kib in range(512 + loaded // 1024, 16384, 256):
            limit = kib * 1024
            done = self.run_it("-p", "x", "-n", "2", "-t", "4", "--greedy",
                               preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit)))
            self.assertIn(done.returncode, (0, 4), f"{kib} KiB: {done.stderr}")
            codes.add(done.returncode)
            if done.returncode == 4:
                self.assertRegex(done.stderr, b"bytes needed, [0-9]+.* available")
        self.assertLessEqual({0, 4}, codes)

    def test_a_closed_pipe_ends_it_quietly(self):
        read, write = os.pipe()
        os.close(read)
        done = subprocess.run([self.path, "-p", "x", "-n", "40"], stdout=write, stderr=subprocess.PIPE)
        os.close(write)
        self.assertEqual((done.returncode, done.stderr), (0, b""))


def parse_arguments():
    """Where the linker and its inputs are; the rest is for unittest."""
    global ARGUMENTS
    parser = argparse.ArgumentParser()
    for name in ("lld", "resources", "fake"):
        parser.add_argument(f"--{name}", required=True)
    ARGUMENTS, rest = parser.parse_known_args()
    return rest


if __name__ == "__main__":
    unittest.main(argv=[__file__, *parse_arguments()])
