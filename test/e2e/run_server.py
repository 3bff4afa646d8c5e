"""The server of an emitted program, driven as its users do: the official openai client, curl-like requests, a browser.
SPDX-License-Identifier: Apache-2.0

The model is the example. Greedy answers and their log probabilities must be the same bits whatever else the server does. The
tests are in the files server_*.py.
"""
import os
import pathlib
import shutil
import tempfile

from driver import EXAMPLE, ROOT, Problems, arguments, run
from server_answers import test_cancellation, test_chat, test_errors, test_prefix_reuse
from server_operation import test_graceful_stop, test_keys_and_limits, test_many_clients
from server_page import test_page
from server_process import Server
from server_structured import test_json_schema, test_tools

TEMPLATE = ROOT / "test" / "data" / "chat-templates" / "google-gemma-4-31B-it.jinja"


def main():
    options = arguments()
    seconds = float(os.environ.get("LAPIDARY_SERVER_SECONDS", "8"))
    problems = Problems()
    with tempfile.TemporaryDirectory() as name:
        directory = pathlib.Path(name)
        program = directory / "tiny"
        done = run(options.lapidary, "compile", EXAMPLE, "-o", program, "--progress=none", "--quant=w8")
        if not problems.expect(done.returncode == 0, f"compile: {done.stderr}"):
            problems.finish(least=1)
        alone = [test_chat, test_errors, test_cancellation, test_prefix_reuse, test_page]
        for test in (t for t in alone if options.only in t.__name__):
            print(test.__name__)
            with Server(program, directory) as server:
                test(server, problems)
                problems.expect(server.process.poll() is None, f"the server ended: {server.log.read_text()}")
        tools = directory / "with-tools"  # the example's template knows no tools, Google's does
        shutil.copytree(EXAMPLE, tools)
        shutil.copy(TEMPLATE, tools / "chat_template.jinja")
        done = run(options.lapidary, "compile", tools, "-o", directory / "tools", "--progress=none", "--quant=w8")
        problems.expect(done.returncode == 0, f"compile: {done.stderr}")
        for test in (t for t in (test_tools, test_json_schema) if options.only in t.__name__):
            print(test.__name__)
            with Server(directory / "tools", directory) as server:
                test(server, problems)
                problems.expect(server.process.poll() is None, f"the server ended: {server.log.read_text()}")
        for test, more in [(test_many_clients, (seconds,)), (test_keys_and_limits, ()), (test_graceful_stop, ())]:
            if options.only in test.__name__:
                print(test.__name__)
                test(program, directory, problems, *more)
    problems.finish(least=5)


if __name__ == "__main__":
    main()
