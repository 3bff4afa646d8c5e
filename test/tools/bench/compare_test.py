"""Holds tools/bench together without measuring: the peer, the compiler, the program and the roof are stand-ins that
print fixed figures. usage: compare_test.py TOOLS_DIRECTORY
SPDX-License-Identifier: Apache-2.0
"""
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

TOOLS = pathlib.Path(sys.argv.pop(1))
sys.path.insert(0, str(TOOLS / "bench"))
import bursts  # noqa: E402
import model_shape  # noqa: E402
import peer_layout  # noqa: E402
import report  # noqa: E402

PROGRAM = """#!{python}
import json, sys
words = sys.argv[1:]
if words[0] == "generate":
    assert sys.stdin.read() == "2"
    print(106)
elif words[0] == "info":
    print(json.dumps({{"kv": "q8"}}))
else:
    value = {{name: int(words[words.index(name) + 1]) for name in ("-p", "-n", "-t", "-d")}}
    print(json.dumps({{"prefill_tok_s": 100 * value["-t"] if value["-p"] else 0, "decode_tok_s": 10 * value["-t"],
                      "weight_bytes_per_token": 10**9}}))
"""
COMPILER = """#!{python}
import pathlib, sys
out = pathlib.Path(sys.argv[sys.argv.index("-o") + 1])
out.write_text(pathlib.Path(__file__).with_name("program").read_text())
out.chmod(0o755)
print("compiled with", *sys.argv[5:])
"""
ROOF = """#!{python}
import sys
threads = int(sys.argv[1].split("=")[1])
print('{{"int8_instruction": "x", "roofs": [{{"threads": %d, "read_gb_s": %d, "streams": 4, "prefetch": false, '
      '"int8_gops": 400}}]}}' % (threads, 40 * threads))
"""
PEER = """#!{python}
import json, sys
words = sys.argv[1:]
if "--version" in words:
    sys.exit("version: 7 (abc)")
value = {{name: int(words[words.index(name) + 1]) for name in ("-p", "-n", "-t", "-d")}}
tests = [(value["-p"], 0, 50.0)] * (value["-p"] > 0) + [(0, value["-n"], 20.0)] * (value["-n"] > 0)
print(json.dumps([{{"n_prompt": p, "n_gen": n, "avg_ts": speed}} for p, n, speed in tests]))
"""


class Compare(unittest.TestCase):
    def setUp(self):
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.root = pathlib.Path(holder.name)
        for directory in ("build/bin", "peer/bin", "work/E2B.checkpoint"):
            (self.root / directory).mkdir(parents=True)
        (self.root / "work/E2B.gguf").write_bytes(b"GGUF")
        for name, text in (("build/bin/program", PROGRAM), ("build/bin/lapidary", COMPILER),
                           ("build/bin/machine-roof", ROOF), ("peer/bin/llama-bench", PEER)):
            self.write(name, text)

    def write(self, name, text):
        (self.root / name).write_text(text.format(python=sys.executable))
        (self.root / name).chmod(0o755)

    def run_compare(self, *words):
        command = [sys.executable, TOOLS / "bench" / "compare.py", "--peer", self.root / "peer", "--work",
                   self.root / "work", "--build", self.root / "build", "--threads", "1", "2", "--patience", "0",
                   "--most-others", "1000", *words]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    def test_measures_and_reports(self):
        done = self.run_compare("--depths", "0", "100", "--rounds", "2", "--bursts", "3")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("--context=612", done.stderr)
        result = json.loads((self.root / "work" / "compare.json").read_text())
        cases = {(case["threads"], case["depth"]): case for case in result["models"][0]["cases"]}
        self.assertEqual(len(cases), 4)
        self.assertEqual(len(cases[1, 0]["rounds"]), 2)
        self.assertEqual(len(cases[1, 100]["rounds"]), 1)
        self.assertAlmostEqual(cases[2, 0]["summary"]["ratio"]["prefill_tok_s"], 4)
        self.assertAlmostEqual(cases[1, 100]["summary"]["ratio"]["decode_tok_s"], 0.5)
        self.assertIsNone(cases[1, 100]["summary"]["ours"]["prefill_tok_s"])
        self.assertEqual(cases[2, 0]["summary"]["roof"]["bytes_s"], 80e9)
        cache = model_shape.load("E2B").cache_bytes_read(100 + 64 // 2, 1)  # bytes: the program says its caches are q8
        share = cases[1, 100]["summary"]["ours"]["bandwidth_share"]
        self.assertAlmostEqual(share, 10 * (10**9 + cache) / 40e9)
        self.assertTrue(all(case["rounds"][0]["ours"]["peak_bytes"] > 0 for case in cases.values()))
        self.assertIn("| E2B | 2 | 0 | 200.0 | 50.0 | 4.00x | 20.0 | 20.0 | 1.00x | 25 % |", done.stdout)
        self.assertIn("| E2B | 2 | 2.00x | 1.00x | 2.00x | 1.00x | 2.00x |", done.stdout)
        self.assertIn("| E2B | 2 | 80.0-80.0 | 3 | 3 | 20.0 | 20.0 | 1.00x | 25 % |", done.stdout)
        self.assertIn("llama.cpp 7 (abc)", done.stdout)
        self.assertIn("`--quant=w4 --context=612`", done.stdout)

    def test_says_how_programs_that_were_there_were_compiled(self):
        self.run_compare("--prepare-only", "--compile=--quant=w8 --context=700")
        self.assertIn("`--quant=w8 --context=700`", self.run_compare("--use-programs").stdout)
        (self.root / "work/E2B.command").unlink()
        self.assertIn("`options that are not recorded`", self.run_compare("--use-programs").stdout)

    def test_measures_disturbed_rounds_again_but_not_for_ever(self):
        done = self.run_compare("--rounds", "2", "--most-others", "-1")  # always disturbed
        self.assertEqual(done.returncode, 0, done.stderr)
        case = json.loads((self.root / "work" / "compare.json").read_text())["models"][0]["cases"][0]
        self.assertEqual((len(case["rounds"]), case["thrown_away"]), (2, 2))

    def test_compiles_again_only_when_something_changed(self):
        self.assertIn("compile:", self.run_compare("--prepare-only").stderr)
        self.assertNotIn("compile:", self.run_compare("--prepare-only").stderr)
        self.assertIn("compile:", self.run_compare("--prepare-only", "--compile=--quant=w8").stderr)
        self.assertNotIn("compile:", self.run_compare("--prepare-only", "--use-programs").stderr)
        self.assertTrue((self.root / "work/E2B.checkpoint").is_dir())  # it was there before: not ours to remove

    def test_says_what_is_missing(self):
        for name, hint in (("peer/bin/llama-bench", "no llama-bench in"), ("build/bin/machine-roof", "no machine-roof in")):
            (self.root / name).rename(self.root / "away")
            done = self.run_compare()
            (self.root / "away").rename(self.root / name)
            self.assertEqual(done.returncode, 1)
            self.assertIn(hint, done.stderr)
            self.assertNotIn("Traceback", done.stderr)

    def test_refuses_models_that_are_not(self):
        for model, message in (("E3B", "there is no size 'E3B'"), ("E2B:99", "E2B has 35 layers: cannot keep 99"),
                               ("E2B:x", "expected SIZE or SIZE:LAYERS")):
            done = self.run_compare("--models", model)
            self.assertEqual(done.returncode, 1)
            self.assertIn(message, done.stderr)

    def test_passes_on_why_a_program_failed(self):
        self.write("peer/bin/llama-bench", "#!{python}\nimport sys\nsys.exit('cannot load the model')\n")
        done = self.run_compare()
        self.assertEqual(done.returncode, 1)
        self.assertIn("cannot load the model", done.stderr)
        self.write("peer/bin/llama-bench", "#!{python}\nprint('hello')\n")
        self.assertIn("did not print JSON, but: 'hello", self.run_compare().stderr)


def burst(side, before, after, speed, others=0.0):
    return {"side": side, "roofs": [before * 1e9, after * 1e9], "decode_tok_s": speed, "others_cpus": others}


class Bursts(unittest.TestCase):
    def test_only_steady_ones_count(self):
        good = [burst("ours", 30, 31, 20), burst("peer", 60, 60, 20)]
        changed, disturbed = burst("ours", 31, 60, 20), burst("ours", 30, 30, 20, others=0.5)
        self.assertEqual(bursts.steady([good[0], changed, disturbed, good[1]], 0.1), good)

    def test_fast_and_slow_memory_are_two_states(self):
        slow, fast = ([burst("ours", gb_s, gb_s, 20) for gb_s in some] for some in ((30, 34), (60, 65)))
        self.assertEqual(bursts.states([fast[1], slow[0], fast[0], slow[1]]), [slow, fast])
        self.assertEqual(bursts.states([]), [])

    def test_summary(self):
        model = {"weight_bytes_per_token": {"ours": 8 * 10**8, "peer": 10**9}, "cache_element_bytes": {"ours": 1, "peer": 2},
                 "cache_bytes_read": lambda depth, element: depth * element * 10**7}
        ours, peer = [burst("ours", 30, 33, 24), burst("ours", 33, 33, 30)], burst("peer", 33, 30, 18)
        summary = report.summarize_bursts([*ours, peer], model, 20)
        self.assertEqual((summary["ratio"], summary["roof_range"]), (27 / 18, [33e9, 33e9]))
        self.assertAlmostEqual(summary["ours"]["bandwidth_share"], 27 * 9e8 / 33e9)
        self.assertAlmostEqual(summary["peer"]["bandwidth_share"], 18 * 1.2e9 / 33e9)
        alone = report.summarize_bursts([peer], model, 20)
        self.assertEqual((alone["ratio"], alone["ours"]["bursts"]), (None, 0))


class Counts(unittest.TestCase):
    def test_peer_file_has_the_size_llama_bench_reports(self):
        tensors = peer_layout.peer_tensors(model_shape.load("E2B"))
        self.assertEqual(sum(tensor.bytes for tensor in tensors), 3333699724)
        self.assertEqual(len({tensor.name for tensor in tensors}), len(tensors))

    def test_every_released_size_has_a_layout(self):
        for size in ("E2B", "E4B", "26B-A4B", "31B"):
            shape = model_shape.load(size)
            self.assertGreater(peer_layout.peer_bytes_per_token(shape), 10**9)
            every, needed = shape.operations_per_prompt_token()
            self.assertLess(needed, every)

    def test_a_token_reads_the_chosen_experts_only(self):
        twelve, six = (model_shape.load("26B-A4B", layers) for layers in (12, 6))
        files = [sum(tensor.bytes for tensor in peer_layout.peer_tensors(shape)) for shape in (twelve, six)]
        reads = [peer_layout.peer_bytes_per_token(shape) for shape in (twelve, six)]
        self.assertLess(reads[0] - reads[1], (files[0] - files[1]) / 5)

    def test_depth_is_read_by_windows_and_by_whole_caches(self):
        shape = model_shape.load("E2B")  # 28 sliding layers of 512 keys of 256, 7 full ones with heads of 512
        self.assertEqual(shape.cache_bytes_read(8192), 28 * 2 * 512 * 256 * 2 + 7 * 2 * 8192 * 512 * 2)
        self.assertEqual(shape.cache_bytes_read(100), 28 * 2 * 100 * 256 * 2 + 7 * 2 * 100 * 512 * 2)

    def test_layers_without_readers_need_no_operations(self):
        every, needed = model_shape.load("E2B").operations_per_prompt_token()
        self.assertEqual(every, 3753639936)
        self.assertLess(needed, every / 3)  # layers 15 to 34 share the caches of earlier ones

    def test_median_leaves_out_what_was_not_measured(self):
        self.assertEqual(report.median([3, None, 1, 2]), 2)
        self.assertIsNone(report.median([None]))


if __name__ == "__main__":
    unittest.main()
