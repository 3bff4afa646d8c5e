#!/usr/bin/env python3
"""Compares the compiled tokenizer with the `tokenizers` package on many strings.

SPDX-License-Identifier: Apache-2.0

Builds seeded strings of every kind that has ever split two tokenizers (scripts, emoji with joiners, long runs of white
space, invalid UTF-8, control tokens written out, U+2581 itself, mixtures), encodes and decodes them with both and
prints the number of differences and the time of one megabyte.

    tools/check-tokenizer.py build/dev/bin/TokenizerTool TOKENIZER.json[.xz] [--count 20000] [--seed 1]
"""
import argparse
import json
import lzma
import os
import random
import subprocess
import sys
import tempfile

import tokenizers

SCRIPTS = [(0x20, 0x7E), (0xA0, 0x17F), (0x370, 0x3FF), (0x400, 0x4FF), (0x530, 0x58F), (0x590, 0x5FF), (0x600, 0x6FF),
           (0x900, 0x97F), (0xB80, 0xBFF), (0xE00, 0xE7F), (0x10A0, 0x10FF), (0x1100, 0x11FF), (0x1780, 0x17FF),
           (0x2000, 0x206F), (0x2190, 0x22FF), (0x2500, 0x25FF), (0x3040, 0x30FF), (0x4E00, 0x9FFF), (0xAC00, 0xD7A3),
           (0xE000, 0xE0FF), (0xFE00, 0xFE0F), (0xFFF0, 0xFFFF), (0x10000, 0x100FF), (0x12000, 0x120FF), (0x1D400, 0x1D7FF),
           (0x1F300, 0x1FAFF), (0x20000, 0x2A6DF), (0x0, 0x1F), (0x300, 0x36F)]
EMOJI = ["\U0001F600", "\U0001F468\u200d\U0001F469\u200d\U0001F467\u200d\U0001F466", "\U0001F3F3\ufe0f\u200d\U0001F308",
         "\U0001F44D\U0001F3FD", "\u2764\ufe0f", "\U0001F1E9\U0001F1EA", "\u0031\ufe0f\u20e3"]
WORDS = ("the of and to in is that it for was hello world tokenizer function return int main include std vector for while "
         "naïve café Straße größer привет мир 你好 世界 こんにちは 안녕하세요 مرحبا שלום नमस्ते สวัสดี > < </ </div> <b> {} () [] == -> 12345 3.14").split()
BREAKS = [b"\xff", b"\xc3", b"\xe4\xb8", b"\xed\xa0\x80", b"\xf0\x9f\x98", b"\xc0\xaf", b"\xf4\x90\x80\x80", b"\x80", b"\xe0\x80"]


def piece(r, specials):
    """One random part of a string, as bytes."""
    kind = r.randrange(10)
    if kind == 0:
        low, high = r.choice(SCRIPTS)
        return "".join(chr(r.randint(low, high)) for _ in range(r.randint(1, 30))).encode()
    if kind == 1:
        return "".join(r.choice(EMOJI) for _ in range(r.randint(1, 5))).encode()
    if kind == 2:
        return (r.choice([" ", "\n", "\t", "\u2581", "\r\n", "\u00a0"]) * r.randint(1, 70)).encode()
    if kind == 3:
        return b"".join(r.choice(BREAKS) for _ in range(r.randint(1, 3)))
    if kind == 4:
        token = r.choice(specials)
        return (token if r.random() < 0.8 else token[: r.randint(0, len(token))]).encode()
    if kind == 5:
        return r.choice("abcdxyz0.-=_#*>").encode() * r.randint(1, 80)
    if kind == 6:
        return "".join(chr(c) for c in (r.choice([r.randint(0, 0xD7FF), r.randint(0xE000, 0x10FFFF)]) for _ in range(8))).encode()
    return r.choice([" ", " ", "", "\n", "  ", "\u2581"]).join(r.choice(WORDS) for _ in range(r.randint(1, 12))).encode()


def make_strings(count, seed, specials):
    r = random.Random(seed)
    yield b""
    for _ in range(count - 1):
        yield b"".join(piece(r, specials) for _ in range(r.randint(1, 6)))


def ask(tool, directory, mode, lines):
    data = "".join(line + "\n" for line in lines)
    result = subprocess.run([tool, directory, mode], input=data, capture_output=True, text=True, check=True)
    return result.stdout.split("\n")[:-1]


def compare(name, inputs, ours, reference):
    wrong = [i for i, (a, b) in enumerate(zip(ours, reference)) if a != b]
    print(f"{name}: {len(inputs)} compared, {len(wrong)} differ")
    for i in wrong[:5]:
        print(f"  {inputs[i]!r}\n    ours      {ours[i]!r}\n    reference {reference[i]!r}")
    return len(wrong) + abs(len(ours) - len(reference))


def time_inputs(seed, specials):
    r = random.Random(seed)
    mixed = b""
    while len(mixed) < 1 << 20:
        mixed += piece(r, specials)
    prose = b""
    while len(prose) < 1 << 20:
        prose += r.choice(WORDS).encode() + b" "
    return {"prose": prose, "mixed": mixed, "one letter": b"a" * (1 << 20), "spaces": b" " * (1 << 20),
            "newlines": b"\n" * (1 << 20), "invalid bytes": b"\xff" * (1 << 20), "no spaces": prose.replace(b" ", b"")}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tool")
    parser.add_argument("tokenizer")
    parser.add_argument("--count", type=int, default=20000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    opener = lzma.open if options.tokenizer.endswith(".xz") else open
    text = opener(options.tokenizer, "rb").read()
    reference = tokenizers.Tokenizer.from_str(text.decode())
    added = json.loads(text)["added_tokens"]
    specials = [t["content"] for t in added if t["special"]] + [t["content"] for t in added[:200]]
    wrong = 0
    print(f"seed {options.seed}, tokenizers {tokenizers.__version__}")
    with tempfile.TemporaryDirectory() as directory:
        with open(os.path.join(directory, "tokenizer.json"), "wb") as file:
            file.write(text)
        strings = list(make_strings(options.count, options.seed, specials))
        decoded = [s.decode("utf-8", errors="replace") for s in strings]
        for mode, special in (("encode", False), ("encode-special", True)):
            ours = [[int(i) for i in line.split()] for line in ask(options.tool, directory, mode, (s.hex() for s in strings))]
            expected = [reference.encode(s, add_special_tokens=special).ids for s in decoded]
            wrong += compare(mode, strings, ours, expected)
        r = random.Random(options.seed + 1)
        size, low = reference.get_vocab_size(), min((reference.token_to_id(f"<0x{b:02X}>") or 0 for b in range(256)))
        lists = expected + [[r.choice([r.randrange(size), low + r.randrange(256), low + 0x80 + r.randrange(0x80), r.randrange(8)])
                             for _ in range(r.randint(0, 20))] for _ in range(options.count)]
        for mode, skip in (("decode", False), ("decode-skip", True)):
            ours = [bytes.fromhex(line) for line in ask(options.tool, directory, mode, (" ".join(map(str, i)) for i in lists))]
            texts = [reference.decode(i, skip_special_tokens=skip).encode() for i in lists]
            wrong += compare(mode, lists, ours, texts)
        for name, data in time_inputs(options.seed, specials).items():
            path = os.path.join(directory, "text")
            with open(path, "wb") as file:
                file.write(data)
            print(f"time of {name}: {run_time(options.tool, directory, path)}")
    return 1 if wrong else 0


def run_time(tool, directory, path):
    return subprocess.run([tool, directory, "time", path], capture_output=True, text=True, check=True).stdout.strip()


if __name__ == "__main__":
    sys.exit(main())
