"""Runs one thing once and returns its figures: the machine's roof, our program, the peer.
SPDX-License-Identifier: Apache-2.0

Peak memory comes from wait4 for every process, ours and the peer's, so that both are counted by the same rule: the
most resident memory, mapped files included. (Linux starts the count with the parent's: this process stays small.)
"""
import dataclasses
import json
import os
import pathlib
import shlex
import subprocess
import tempfile
import time

from prepare import Problem


@dataclasses.dataclass
class Finished:
    out: str
    seconds: float      # from start to end
    peak_bytes: int
    others_cpus: float  # CPUs that other programs, or the host, used meanwhile


def _busy_seconds():
    """CPU seconds of the whole machine since it started that were not idle; what the host took away counts as busy."""
    user, nice, system, _, _, irq, softirq, steal = map(int, pathlib.Path("/proc/stat").read_text().split()[1:9])
    return (user + nice + system + irq + softirq + steal) / os.sysconf("SC_CLK_TCK")


def wait_until_quiet(most_cpus, patience):
    """Returns once others used at most `most_cpus` CPUs for a second, or after `patience` seconds."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        start, busy = time.monotonic(), _busy_seconds()
        time.sleep(1)
        if (_busy_seconds() - busy) / (time.monotonic() - start) <= most_cpus:
            return


def run(command, stdin=b""):
    command = [str(word) for word in command]
    with tempfile.TemporaryFile() as source, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        source.write(stdin)
        source.seek(0)
        start, busy = time.monotonic(), _busy_seconds()
        process = subprocess.Popen(command, stdin=source, stdout=out, stderr=err)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.monotonic() - start
        others = _busy_seconds() - busy - usage.ru_utime - usage.ru_stime
        process.returncode = os.waitstatus_to_exitcode(status)  # wait4 took it: Popen must not look for the child again
        out.seek(0)
        if process.returncode != 0:
            err.seek(0)
            message = err.read().decode(errors="replace").strip().splitlines()[-3:]
            raise Problem(f"exit code {process.returncode} of: {shlex.join(command)}\n  " + "\n  ".join(message))
        return Finished(out.read().decode(), seconds, usage.ru_maxrss * 1024, max(0.0, others / seconds))


def bring_into_memory(path):
    """Reads a file once. A large model that the other side has just held twice, in the page cache and repacked, leaves no
    room for ours there: what was dropped would be read from the disk while we measure."""
    buffer = bytearray(8 << 20)
    with open(path, "rb", buffering=0) as file:
        while file.readinto(buffer):
            pass


def parse(text, command):
    try:
        return json.loads(text)
    except ValueError:
        raise Problem(f"{command} did not print JSON, but: {text[:200]!r}") from None


def roof(binary, threads):
    """Bytes per second and int8 operations per second of so many threads; the latter None without such instructions."""
    result = parse(run([binary, f"--threads={threads}", "--bursts=4"]).out, binary)
    only = result["roofs"][0]
    operations = only.get("int8_gops")
    return {"bytes_s": only["read_gb_s"] * 1e9, "int8_ops_s": operations and operations * 1e9,
            "streams": only["streams"], "prefetch": only["prefetch"], "instruction": result["int8_instruction"]}


def bandwidth(binary, threads):
    """Bytes per second, in half a second: for a look between two measurements."""
    words = [binary, f"--threads={threads}", "--bandwidth-only", "--bursts=2", "--megabytes=256"]
    return parse(run(words).out, binary)["roofs"][0]["read_gb_s"] * 1e9


class Program:
    """Ours."""

    def __init__(self, path):
        self.path = pathlib.Path(path).resolve()

    def cache_element_bytes(self):
        """Of K and V."""
        information = parse(run([self.path, "info", "--json"]).out, self.path)
        return {"f32": 4, "bf16": 2, "q8": 1}[information["kv"]]

    def bench(self, threads, depth, prompt, tokens):
        bring_into_memory(self.path)
        done = run([self.path, "bench", "-p", prompt, "-n", tokens, "-d", depth, "-t", threads, "-r", 1, "--json",
                    "--quiet"])
        result = parse(done.out, self.path)
        return {"prefill_tok_s": result["prefill_tok_s"] or None, "decode_tok_s": result["decode_tok_s"] or None,
                "peak_bytes": done.peak_bytes, "wall_s": done.seconds, "others_cpus": done.others_cpus,
                "weight_bytes_per_token": result["weight_bytes_per_token"]}

    def start(self, threads):
        """Seconds of a process that loads, reads one token, computes the next and ends."""
        return run([self.path, "generate", "--ids", "-", "--print-ids", "--greedy", "-n", 1, "-t", threads, "--quiet"],
                   stdin=b"2").seconds


class Peer:
    """llama-bench, with its defaults but for threads and micro-batch. One repetition, after its own warm-up."""

    def __init__(self, binary, file):
        self.binary, self.file = binary, file

    def _command(self, threads, depth, prompt, tokens):
        return [self.binary, "-m", self.file, "-t", threads, "-p", prompt, "-n", tokens, "-d", depth, "-ub", 512,
                "-r", 1, "-o", "json"]

    def bench(self, threads, depth, prompt, tokens):
        bring_into_memory(self.file)
        done = run(self._command(threads, depth, prompt, tokens))
        tests = parse(done.out, self.binary)
        speed = {bool(test["n_prompt"]): test["avg_ts"] for test in tests}
        return {"prefill_tok_s": speed.get(True), "decode_tok_s": speed.get(False),
                "peak_bytes": done.peak_bytes, "wall_s": done.seconds, "others_cpus": done.others_cpus}

    def start(self, threads):
        """As Program.start: a prompt of one token, without warm-up."""
        return run([*self._command(threads, 0, 1, 0), "--no-warmup"]).seconds
