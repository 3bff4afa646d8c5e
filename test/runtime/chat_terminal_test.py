#!/usr/bin/env python3
"""Chats with a real program through a pseudo terminal, as a person would.

SPDX-License-Identifier: Apache-2.0

The program is the fake one of linked_program_test.py: its model writes bytes that mean nothing, but how many, and what
the terminal shows around them, is known. Its context is 64 tokens.
"""
import json
import os
import pathlib
import pty
import re
import select
import signal
import tempfile
import time
import unittest

import linked_program_test as linked

PATIENCE = 30  # seconds, only spent when something is wrong


class Terminal:
    """A program on a terminal: type, then wait for what must appear."""

    def __init__(self, path, *arguments, term="xterm"):
        self.shown = b""
        self.seen = 0
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.environ["TERM"] = term
            os.environ.pop("NO_COLOR", None)
            os.execv(path, [str(path), *arguments])

    def type(self, keys):
        os.write(self.fd, keys.encode())

    def read(self, seconds):
        if not select.select([self.fd], [], [], seconds)[0]:
            return True
        try:
            data = os.read(self.fd, 65536)
        except OSError:  # the program has ended
            return False
        self.shown += data
        return bool(data)

    def expect(self, pattern):
        """Waits until the pattern appears behind what was expected before."""
        deadline = time.monotonic() + PATIENCE
        while True:
            found = re.search(pattern.encode(), self.shown[self.seen:], re.DOTALL)
            if found:
                self.seen += found.end()
                return found
            if time.monotonic() > deadline or not self.read(1):
                raise AssertionError(f"{pattern!r} did not appear in {self.shown[self.seen:]!r}")

    def close(self):
        """The exit code, after all that is still to come."""
        deadline = time.monotonic() + PATIENCE
        while self.read(1):
            if time.monotonic() > deadline:
                os.kill(self.pid, signal.SIGKILL)
        _, status = os.waitpid(self.pid, 0)
        os.close(self.fd)
        return os.waitstatus_to_exitcode(status)


class ChatOnTerminal(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.path = pathlib.Path(cls.folder.name) / "fake"
        cls.path.write_bytes(linked.program_bytes(linked.link(pathlib.Path(cls.folder.name))))
        cls.path.chmod(0o755)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def start(self, *arguments, **options):
        terminal = Terminal(self.path, "-n", "3", "--greedy", *arguments, **options)
        terminal.expect("Ctrl-D ends the chat")
        terminal.expect("> ")
        return terminal

    def test_answers_until_ctrl_d(self):
        terminal = self.start()
        for words in ("hi", "and", "so"):
            terminal.type(words + "\r")
            terminal.expect(words)
            terminal.expect("\n.*\n.*> ")
        terminal.type("\x04")
        self.assertEqual(terminal.close(), 0)

    def test_knows_its_commands(self):
        terminal = self.start()
        terminal.type("/help\r")
        for name in ("/reset", "/system", "/think", "/stats", "/quit"):
            terminal.expect(name)
        terminal.type("hi\r")
        terminal.expect("hi\x1b.*\n.*> ")
        terminal.type("/stats\r")
        terminal.expect(r"context +\d+ of 64 tokens")
        terminal.expect("prompt  ")
        terminal.type("/reset\r")
        terminal.expect("forgotten")
        terminal.type("/rset\r")
        terminal.expect("unknown command /rset; did you mean /reset?")
        terminal.type("/think\r")
        terminal.expect("has no thinking")
        terminal.type("/quit\r")
        self.assertEqual(terminal.close(), 0)

    def test_takes_a_refused_message_back(self):
        terminal = self.start()
        terminal.type("/system be brief\r")
        terminal.expect("forgotten")
        terminal.type("hi\r")
        terminal.expect("the chat template refuses this conversation: no system instruction")
        terminal.type("/system\r")
        terminal.expect("forgotten")
        terminal.type("hi\r")
        terminal.expect("hi\x1b.*\n.*> ")
        terminal.type("x" * 70 + "\r")
        terminal.expect("but the context only 64.*> ")
        terminal.type("\x04")
        self.assertEqual(terminal.close(), 0)

    def test_edits_lines_and_remembers_them(self):
        terminal = self.start()
        terminal.type("/stxts")
        terminal.type("\x1b[D\x1b[D\x1b[D\x7fa\x1b[3~\x1b[F")  # one x becomes an a: /stats comes of it
        terminal.expect("/sat")
        terminal.type("\x15/stats\r")
        terminal.expect("context ")
        terminal.type("/help\r")
        terminal.expect("Ctrl-C stops.*> ")
        terminal.type("\x1b[A\x1b[A")
        terminal.expect("> /stats")
        terminal.type("\x1b[B")
        terminal.expect("> /help")
        terminal.type("\x1b[B\x01\x1b[Cxyz\x17")  # a new line; Home, right, three letters, and the word goes
        terminal.type("/hello\x7f\x7fp\r")
        terminal.expect("Ctrl-C stops.*> ")
        terminal.type("gr\u00fc\x7f\u00fc\u00dfe")  # a character of two bytes goes as one
        terminal.expect("> gr\u00fc\u00dfe\x1b")
        terminal.type("\x15\x04")
        self.assertEqual(terminal.close(), 0)

    def test_ctrl_c_throws_a_line_away_and_ends_an_empty_one(self):
        terminal = self.start()
        terminal.type("half a li\x03")
        terminal.expect("\r\n.*> ")
        terminal.type("\x03")
        self.assertEqual(terminal.close(), 130)

    def test_continues_lines_that_end_with_a_backslash(self):
        terminal = self.start()
        terminal.type("one \\\r")
        terminal.expect(r"\.\.\. ")
        terminal.type("two\r")
        terminal.expect("two\x1b.*\n.*> ")  # an end of input typed during an answer is the terminal's and is lost
        terminal.type("\x04")
        self.assertEqual(terminal.close(), 0)

    def test_saves_and_loads(self):
        saved = self.path.with_name("saved.json")
        terminal = self.start()
        terminal.type("hi\r")
        terminal.expect("hi\x1b.*\n.*> ")
        terminal.type(f"/save {saved}\r")
        terminal.expect("saved\r\n.*> ")
        terminal.type("/quit\r")
        self.assertEqual(terminal.close(), 0)
        messages = json.loads(saved.read_text())
        self.assertEqual([m["role"] for m in messages], ["user", "assistant"])
        terminal = self.start()
        terminal.type(f"/load {saved}\r")
        terminal.expect("loaded: [1-9][0-9]* tokens have been read")
        terminal.expect("> ")
        saved.with_name("saved.json.session").write_bytes(b"damaged")
        terminal.type(f"/load {saved}\r")
        terminal.expect("note: .*will be read again.*loaded: .*> ")
        saved.write_text('{"role": 1}')
        for bad, text in ((saved, "not a conversation"), ("/nonexistent/x", "No such file"), ("", "name a file")):
            terminal.type(f"/load {bad}\r")
            terminal.expect(text + ".*> ")
        terminal.type("/save /nonexistent/x\r")
        terminal.expect("cannot create .*> ")
        terminal.type("more\r")
        terminal.expect("more\x1b.*\n.*> ")
        terminal.type("\x04")
        self.assertEqual(terminal.close(), 0)

    def test_works_on_a_dumb_terminal(self):
        terminal = self.start(term="dumb")
        terminal.type("/stats\n")
        terminal.expect("context ")
        terminal.type("hi\n\x04")
        self.assertEqual(terminal.close(), 0)
        self.assertNotIn(b"\x1b", terminal.shown)


if __name__ == "__main__":
    unittest.main(argv=[__file__, *linked.parse_arguments()])
