#!/usr/bin/env python3
"""Chats with a compiled model: the template is the checkpoint's, the C and Python examples work, nothing leaks.

SPDX-License-Identifier: Apache-2.0

    run_chat.py --lapidary build/dev/bin/lapidary
"""
import argparse
import json
import os
import pathlib
import pty
import re
import select
import shutil
import signal
import subprocess
import tempfile
import time

from driver import Problems

ROOT = pathlib.Path(__file__).resolve().parents[2]
MODEL = ROOT / "examples" / "tiny-gemma4"
TEMPLATE = ROOT / "test" / "data" / "chat-templates" / "google-gemma-4-31B-it.jinja"


def run(*command, stdin="", **options):
    return subprocess.run([str(c) for c in command], input=stdin, capture_output=True, text=True, timeout=600, **options)


def make_model(directory, template):
    model = directory / "model"
    shutil.copytree(MODEL, model)
    (model / "chat_template.jinja").write_text(template, encoding="utf-8")
    return model


def test_prompts(program, problems):
    """Thinking and tools change what the model reads: the numbers of tokens say so."""
    def tokens(*options):
        done = run(program, "-p", "Why?", "-n", "1", "--stats", *options)
        problems.expect(done.returncode == 0, f"{options}: {done.stderr}")
        found = re.search(r"prompt +(\d+) tokens", done.stderr)
        return int(found.group(1)) if found else 0
    tools = program.parent / "tools.json"
    tools.write_text(json.dumps([{"type": "function", "function": {"name": "f", "description": "d", "parameters": {"type": "object"}}}]))
    counts = [tokens(), tokens("--think"), tokens("--system", "Be brief."), tokens("--tools", tools)]
    problems.expect(len(set(counts)) == 4 and min(counts) > 0, f"prompt tokens {counts}")


def test_no_control_tokens(program, model, problems):
    """Tokens drawn from the whole vocabulary alike: about one in two hundred structures the answer, none is printed."""
    added = [t["content"] for t in json.loads((model / "tokenizer.json").read_text())["added_tokens"]]
    answers = 0
    for seed in range(12):
        done = run(program, "-p", "x", "-n", "400", "--temp", "1e6", "--top-k", "0", "--top-p", "1", "--seed", seed, "--think=20")
        problems.expect(done.returncode == 0, f"seed {seed}: {done.stderr}")
        leaked = [t for t in added if t in done.stdout or t in done.stderr]
        problems.expect(not leaked, f"seed {seed}: {leaked} in the output")
        answers += len(done.stdout) > 1
    problems.expect(answers > 6, f"only {answers} of 12 answers had text")


def test_structured_answers(program, problems):
    """A schema holds for the text of a chat's answer too, with a thought before it, however few tokens there are."""
    schema = program.parent / "schema.json"
    schema.write_text(json.dumps({"type": "object", "properties": {"name": {"type": "string", "maxLength": 12}, "ok": {"type": "boolean"}},
                                  "required": ["name", "ok"], "additionalProperties": False}))
    for seed in range(4):
        for options in ((), ("--think",), ("--think=10",)):
            done = run(program, "-p", "x", "-n", "70", "--temp", "2", "--seed", seed, f"--json-schema={schema}", *options)
            try:
                valid = set(json.loads(done.stdout)) == {"name", "ok"}
            except ValueError:
                valid = False
            problems.expect(done.returncode == 0 and valid, f"seed {seed} {options}: {done.stdout!r} {done.stderr}")
            problems.expect(not options or "thought: " in done.stderr, f"{options}: {done.stderr}")


def test_interrupt(program, directory, problems):
    """Ctrl-C on a terminal stops the answer, and the chat goes on. The answer cannot end by itself before: its grammar wants
    more than the terminal holds while nobody reads."""
    grammar = directory / "words.gbnf"
    grammar.write_text('root ::= ([a-z]+ " "){2500}\n')
    pid, fd = pty.fork()
    if pid == 0:
        os.environ["TERM"] = "xterm"
        os.execv(program, [str(program), "-n", "100000", "--temp", "1", "--grammar", str(grammar), "--stop", "NEVER"])
    shown = b""

    def expect(pattern):
        nonlocal shown
        deadline = time.monotonic() + 60
        while not re.search(pattern, shown) and time.monotonic() < deadline:
            if select.select([fd], [], [], 1)[0]:
                shown += os.read(fd, 65536)
        found = re.search(pattern, shown)
        problems.expect(found is not None, f"{pattern} did not appear in {shown[-200:]!r}")
        shown = shown[found.end():] if found else shown

    expect(rb"> ")
    for _ in range(2):
        os.write(fd, b"Tell me a story\r")
        expect(rb"story\x1b")
        expect(rb"[a-z]{2}")  # a first word
        os.write(fd, b"\x03")
        expect(rb"> ")
    os.write(fd, b"\x04")
    deadline, ended = time.monotonic() + 60, (0, 0)
    while ended[0] == 0 and time.monotonic() < deadline:
        if select.select([fd], [], [], 0.1)[0]:
            try:
                os.read(fd, 65536)
            except OSError:
                pass
        ended = os.waitpid(pid, os.WNOHANG)
    if ended[0] == 0:
        os.kill(pid, signal.SIGKILL)
    problems.expect(ended[0] == pid and os.waitstatus_to_exitcode(ended[1]) == 0, f"the chat ended with {ended}")


def test_c_example(library, problems):
    out = library.parent / "chat"
    done = run("cc", "-std=c11", "-Wall", "-Wextra", "-Werror", "-O1", ROOT / "examples/c/chat.c", f"-I{library}",
               library / f"lib{library.name}.so", f"-Wl,-rpath,{library}", "-lpthread", "-lm", "-o", out)
    if not problems.expect(done.returncode == 0, f"C example: {done.stderr}"):
        return
    command = [out, library / f"{library.name}.weights", "And it came"]
    plain = run(*command, env={**os.environ, "CHAT_TOKENS": "12"})
    problems.expect(plain.returncode == 0 and plain.stdout.strip(), f"C example: {plain.stdout} {plain.stderr}")
    if not shutil.which("valgrind"):
        print("  valgrind is not installed: the C example ran without it")
        return
    checked = run("valgrind", "-q", "--leak-check=full", "--error-exitcode=9", *command, env={**os.environ, "CHAT_TOKENS": "4"})
    problems.expect(checked.returncode == 0, f"valgrind: {checked.stderr}")


def test_python_example(library, problems):
    done = run("python3", ROOT / "examples/python/chat.py", library, "And it came", "--tokens", "12")
    problems.expect(done.returncode == 0 and done.stdout.strip(), f"Python example: {done.stdout} {done.stderr}")


def test_broken_template(lapidary, directory, problems):
    model = make_model(directory / "broken", "{{ bos_token }}\n  {{ messages | frobnicate }}")
    done = run(lapidary, "compile", model, "-o", directory / "fallback", "--quant=w8")
    problems.expect(done.returncode == 0, f"a template that is not understood: {done.stderr}")
    for part in ("W0320", "chat_template.jinja:2:17", "{{ messages | frobnicate }}", "               ^"):
        problems.expect(part in done.stderr, f"'{part}' is not in: {done.stderr}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--lapidary", required=True)
    lapidary = pathlib.Path(parser.parse_args().lapidary).resolve()
    problems = Problems()
    with tempfile.TemporaryDirectory() as folder:
        directory = pathlib.Path(folder)
        model = make_model(directory, TEMPLATE.read_text(encoding="utf-8"))
        # x86-64-v3: valgrind knows no AVX-512.
        target = "--target=x86_64-linux+x86-64-v3"
        program, library = directory / "program", directory / "gemma"
        for options in ((program,), (library, "--emit=library")):
            done = run(lapidary, "compile", model, "--quant=w8", target, "-o", *options)
            problems.expect(done.returncode == 0, f"compile: {done.stderr}")
        if not problems.found:
            test_prompts(program, problems)
            test_no_control_tokens(program, model, problems)
            test_structured_answers(program, problems)
            test_interrupt(program, directory, problems)
            test_c_example(library, problems)
            test_python_example(library, problems)
            test_broken_template(lapidary, directory, problems)
    problems.finish(least=30)


if __name__ == "__main__":
    main()
