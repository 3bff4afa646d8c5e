"""A running server of an emitted program, and what its tests ask it.
SPDX-License-Identifier: Apache-2.0

Beside run_server.py, whose tests are in the files server_*.py.
"""
import http.client
import json
import pathlib
import random
import re
import signal
import subprocess
import time

import openai

WORDS = ("in the beginning god created heaven and earth king of judah went out unto people land lord said behold shall "
         "come to pass house israel children day night water stone bread wine shepherd voice mountain").split()


def eventually(condition, seconds=20):
    """Whether the condition comes true within so many seconds, which are only spent when something is wrong."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.05)
    return False


class Server:
    """A running `serve`; standard error goes to a file that is read for the port."""

    def __init__(self, program, directory, *options):
        self.log = pathlib.Path(directory) / f"serve-{time.monotonic_ns()}.log"
        with open(self.log, "w") as log:
            self.process = subprocess.Popen([str(program), "serve", "--port", "0", *options], stderr=log)
        deadline = time.monotonic() + 60
        found = None
        while not found and time.monotonic() < deadline and self.process.poll() is None:
            found = re.search(r"listening on http://[^ ]*:(\d+) ", self.log.read_text())
            time.sleep(0.02)
        if not found:
            raise RuntimeError(f"the server did not start: {self.log.read_text()}")
        self.port = int(found[1])
        self.client = self.openai()

    def openai(self, key="none", **options):
        return openai.OpenAI(base_url=f"http://127.0.0.1:{self.port}/v1", api_key=key, max_retries=0, timeout=120, **options)

    def request(self, method, path, body=None, headers=None):
        """Status and text of one request on a connection of its own."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request(method, path, body=body if body is None or isinstance(body, bytes) else json.dumps(body),
                           headers=headers or {})
        response = connection.getresponse()
        text = response.read().decode()
        connection.close()
        return response.status, text

    def metrics(self):
        lines = self.request("GET", "/metrics")[1].splitlines()
        return {line.split()[0][len("lapidary_"):]: float(line.split()[1]) for line in lines if not line.startswith("#")}

    def wait_until(self, condition, seconds=20):
        return eventually(lambda: condition(self.metrics()), seconds)

    def resident(self):
        """Bytes of memory that are the process's own."""
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"RssAnon:\s+(\d+) kB", status)[1]) * 1024

    def stop(self, kill=signal.SIGTERM):
        self.process.send_signal(kill)
        return self.process.wait(timeout=60)

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


def some_text(seed, words):
    return " ".join(random.Random(seed).choices(WORDS, k=words))


def signature(choice):
    """What must be the same bits: the text and every token's log probability."""
    tokens = choice.logprobs.content
    return choice.message.content, [(t.token, t.logprob, [(o.token, o.logprob) for o in t.top_logprobs]) for t in tokens]


def greedy(client, messages, tokens=24):
    answer = client.chat.completions.create(model="m", messages=messages, temperature=0, max_tokens=tokens, logprobs=True,
                                            top_logprobs=3)
    return signature(answer.choices[0]), answer
