#!/usr/bin/env python3
"""Links a real GPU program from the resource directory and runs it on a fake libcuda, and on none.

SPDX-License-Identifier: Apache-2.0

What `lapidary compile` does at its end, with the fake program in place of compiled kernels. Checks the ELF file, what the
program says and returns where it cannot run, and that nothing was read then.
"""
import argparse
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))
from linked_program_test import program_bytes  # noqa: E402

ARGUMENTS = None
IDS = b"5 6 7 8 9 10 11 12 13 14"
GENERATE = ["generate", "--ids", "-", "-n", "12", "--greedy", "--print-ids"]


def link(folder):
    r = pathlib.Path(ARGUMENTS.resources)
    image = folder / "image"
    subprocess.run(
        [ARGUMENTS.lld, "-pie", "--dynamic-linker=/lib64/ld-linux-x86-64.so.2", "-z", "text", "-z", "relro", "-z", "now",
         "-z", "noexecstack", "-z", "separate-code", "--gc-sections", "--as-needed", "--eh-frame-hdr", "-o", image,
         r / "Scrt1.o", r / "lapidary_main.o", *ARGUMENTS.objects, r / "liblapidary_server.a", r / "liblapidary_rt.a",
         r / "libc++.a", r / "libc++abi.a", r / "libunwind.a", r / "libm.so.6", r / "libc.so.6", r / "libpthread.so.0",
         r / "libdl.so.2", r / "libc_nonshared.a", r / "libcompiler_rt.a"], check=True)
    return image.read_bytes()


class LinkedGpuProgram(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        folder = pathlib.Path(cls.folder.name)
        cls.path = folder / "fake"
        cls.path.write_bytes(program_bytes(link(folder)))
        cls.path.chmod(0o755)
        cls.log = folder / "log"

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def run_it(self, *arguments, libraries=None, **settings):
        self.log.unlink(missing_ok=True)
        environment = {**os.environ, "LD_LIBRARY_PATH": libraries or ARGUMENTS.fake, "FAKE_CUDA_LOG": str(self.log)}
        environment.update({name.upper(): value for name, value in settings.items()})
        return subprocess.run([self.path, *arguments], input=IDS, capture_output=True, timeout=60, env=environment)

    def calls(self):
        return self.log.read_text().split() if self.log.exists() else []

    def refused(self, *words, code=4, **settings):
        """The program ends with one line of all these words, and no weight was copied."""
        done = self.run_it(*GENERATE, **settings)
        text = done.stderr.decode()
        self.assertEqual(done.returncode, code, text)
        self.assertEqual(text.count("\n"), 1, text)
        for word in words:
            self.assertIn(word, text)
        self.assertEqual(done.stdout, b"")
        self.assertNotIn("cuMemcpyHtoDAsync_v2", self.calls())

    def test_elf_needs_libc_only(self):
        readelf = subprocess.run(["readelf", "-dlV", self.path], check=True, capture_output=True, text=True).stdout
        needed = set(re.findall(r"NEEDED.*\[(.*)\]", readelf))
        self.assertLessEqual(needed, {"libc.so.6", "libm.so.6", "libdl.so.2", "libpthread.so.0"})
        self.assertIn("libc.so.6", needed)
        self.assertIn("BIND_NOW", readelf)
        self.assertIn("GNU_RELRO", readelf)
        versions = {tuple(map(int, v.split("."))) for v in re.findall(r"GLIBC_(\d+\.\d+(?:\.\d+)?)", readelf)}
        self.assertTrue(versions)
        self.assertLessEqual(max(versions), (2, 28))

    def test_runs_its_commands(self):
        self.assertEqual(self.run_it("info", "--json").stdout, b'{"model":"fake"}\n')
        self.assertEqual(self.run_it("verify").returncode, 0)
        self.assertEqual(self.calls(), [])  # a GPU is opened to run the model only
        runs = [self.run_it(*GENERATE), self.run_it(*GENERATE, "-t", "4"), self.run_it(*GENERATE, lapidary_cuda_graph="0")]
        for run in runs:
            self.assertEqual((run.returncode, run.stderr), (0, b""))
            self.assertEqual(run.stdout, runs[0].stdout)
        self.assertEqual(len(runs[0].stdout.split()), 12)

    def test_decoding_replays_one_graph(self):
        self.run_it(*GENERATE)
        calls = self.calls()
        self.assertEqual(calls.count("cuStreamBeginCapture_v2"), 1)
        self.assertEqual(calls.count("cuGraphLaunch"), 10)  # of eleven steps: the first one runs without a graph
        self.run_it(*GENERATE, lapidary_cuda_graph="0")
        self.assertNotIn("cuStreamBeginCapture_v2", self.calls())

    def test_kernels_overlap_where_they_can(self):
        """Each but the first one behind a copy; in a captured step, too."""
        plain = self.run_it(*GENERATE).stdout
        for settings in ({}, {"fake_cuda_capability": "100"}, {"fake_cuda_capability": "90", "lapidary_cuda_pdl": "0"},
                         {"fake_cuda_capability": "90", "fake_cuda_version": "12020"}):
            self.assertEqual(self.run_it(*GENERATE, **settings).stdout, plain)
            self.assertNotIn("cuLaunchKernelEx", self.calls(), settings)
        for graph in ("0", "1"):
            done = self.run_it(*GENERATE, fake_cuda_capability="90", lapidary_cuda_graph=graph)
            self.assertEqual((done.returncode, done.stderr, done.stdout), (0, b"", plain))
            previous, overlapping = "", 0
            for call in (call for call in self.calls() if re.match("cuLaunch|cuMemcpy|cuMemset|cuGraphLaunch", call)):
                if call.startswith("cuLaunch"):
                    behind = previous.startswith("cuLaunch")
                    self.assertEqual(call, "cuLaunchKernelEx" if behind else "cuLaunchKernel")
                    overlapping += behind
                previous = call
            self.assertGreater(overlapping, 0)

    def test_gives_everything_back(self):
        self.run_it(*GENERATE)
        calls = self.calls()
        for take, give in (("cuMemAlloc_v2", "cuMemFree_v2"), ("cuMemHostAlloc", "cuMemFreeHost"),
                           ("cuStreamCreate", "cuStreamDestroy_v2"), ("cuEventCreate", "cuEventDestroy_v2"),
                           ("cuModuleLoadDataEx", "cuModuleUnload"),
                           ("cuGraphInstantiateWithFlags", "cuGraphExecDestroy"),
                           ("cuDevicePrimaryCtxRetain", "cuDevicePrimaryCtxRelease_v2")):
            self.assertGreater(calls.count(take), 0, take)
            self.assertEqual(calls.count(take), calls.count(give), take)

    def test_no_driver(self):
        self.refused("libcuda.so.1", "NVIDIA driver", "--target=native", libraries="/nowhere")

    def test_old_driver(self):
        self.refused("too old", "cuInit", "470", libraries=ARGUMENTS.old)

    def test_no_gpu(self):
        self.refused("found none", "no CUDA-capable device", "nvidia-smi", fake_cuda_fail="cuInit=100")
        self.refused("shows none", "CUDA_VISIBLE_DEVICES", fake_cuda_devices="0")
        self.refused("does not start", "cuInit", "999", fake_cuda_fail="cuInit=999")

    def test_old_gpu(self):
        self.refused("Fake GPU", "7.5", "8.0 or newer", fake_cuda_capability="75")

    def test_exact_images_are_for_one_capability(self):
        for capability, functions in (("80", 6), ("89", 6), ("90", 7), ("100", 6)):
            done = self.run_it(*GENERATE, fake_cuda_capability=capability)
            self.assertEqual((done.returncode, done.stderr), (0, b""), capability)
            self.assertEqual(self.calls().count("cuModuleGetFunction"), functions, capability)

    def test_driver_that_does_not_take_the_kernels(self):
        self.refused("CUDA 12.4", "cuModuleLoadDataEx", "222", "--target=cuda-sm_80",
                     fake_cuda_fail="cuModuleLoadDataEx=222")

    def test_too_little_memory(self):
        self.refused("bytes needed", "50000 weights", "of 60000 free", "--context", fake_cuda_memory="60000")
        self.refused("cuMemAlloc", "out of memory", fake_cuda_fail="cuMemAlloc_v2=2")

    def test_failing_launch(self):
        done = self.run_it(*GENERATE, fake_cuda_fail="cuLaunchKernel=719")
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"fake_embed: cuLaunchKernel failed: a fake error (719)", done.stderr)

    def test_driver_that_cannot_capture(self):
        for function in ("cuStreamBeginCapture_v2", "cuGraphInstantiateWithFlags"):
            done = self.run_it(*GENERATE, fake_cuda_fail=f"{function}=801")
            self.assertEqual((done.returncode, done.stdout), (0, self.run_it(*GENERATE).stdout))

    def test_profile_names_kernels(self):
        done = self.run_it("bench", "-p", "8", "-n", "4", "-r", "1", "--profile")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn(b"fake_predict", done.stdout)
        self.assertNotIn("cuGraphLaunch", self.calls())

    def test_does_not_observe(self):
        done = self.run_it("observe", "--ids", "-", "--out", str(self.log.with_name("observed")))
        self.assertEqual(done.returncode, 2)
        self.assertIn(b"calibrate with a CPU program", done.stderr)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    for option in ("--lld", "--resources", "--fake", "--old"):
        parser.add_argument(option, required=True)
    parser.add_argument("--objects", nargs="+", required=True)
    ARGUMENTS, rest = parser.parse_known_args()
    unittest.main(argv=[sys.argv[0], *rest])
