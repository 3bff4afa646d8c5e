"""A server in operation: many clients at once, keys and limits, an orderly end.
SPDX-License-Identifier: Apache-2.0

Every test starts its own servers.
"""
import concurrent.futures
import contextlib
import random
import signal
import socket
import time

import openai

from server_process import Server, eventually, greedy, some_text


def lone_answers(program, directory, prompts, tokens):
    """Every prompt's answer from a server that has nothing else to do and remembers nothing."""
    with Server(program, directory, "--parallel", "1", "--kept", "0", "--threads", "1") as server:
        return [greedy(server.client, messages, tokens)[0] for messages in prompts]


def make_prompts(count):
    shared = some_text(99, 150)
    prompts = []
    for seed in range(count):
        messages = [{"role": "system", "content": shared}] if seed % 2 else []
        messages.append({"role": "user", "content": some_text(seed, random.Random(seed).choice((3, 30, 300)))})
        if seed % 3 == 0:
            messages += [{"role": "assistant", "content": some_text(seed + 1000, 20)},
                         {"role": "user", "content": some_text(seed + 2000, 9)}]
        prompts.append(messages)
    return prompts


def test_many_clients(program, directory, problems, seconds, clients=16):
    """Clients at once: no error, memory flat, and every answer that of a lone run, which makes no drafts."""
    prompts = make_prompts(24)
    expected = lone_answers(program, directory, prompts, 24)
    counts, wrong, memory = [0] * clients, [], []
    with Server(program, directory, "--parallel", "8", "--kept", "4", "--drafts", "4") as server:
        for index in range(4):  # alone, so that guesses are made
            if greedy(server.openai(), prompts[index])[0] != expected[index]:
                wrong.append(f"prompt {index}, alone with drafts")
        end = time.monotonic() + seconds

        def work(number):
            client, choose = server.openai(), random.Random(number)
            while time.monotonic() < end:
                index = choose.randrange(len(prompts))
                try:
                    found = greedy(client, prompts[index])[0]
                except openai.OpenAIError as error:
                    wrong.append(f"prompt {index}: {error}")
                    continue
                counts[number] += 1
                if found != expected[index]:
                    wrong.append(f"prompt {index}: {found}, alone {expected[index]}")
        with concurrent.futures.ThreadPoolExecutor(clients) as pool:
            jobs = [pool.submit(work, number) for number in range(clients)]
            while not all(job.done() for job in jobs):
                memory.append(server.resident())
                time.sleep(seconds / 20)
            for job in jobs:
                job.result()
        metrics = server.metrics()
        problems.expect(server.stop() == 0, "the server did not end with 0")
    rows = metrics["decode_rows_total"] / max(1, metrics["decode_steps_total"])
    half = memory[len(memory) // 2]
    print(f"  {sum(counts)} answers in {seconds} s ({min(counts)} to {max(counts)} a client), {rows:.1f} sequences a step, "
          f"{metrics['prompt_tokens_reused_total'] / metrics['prompt_tokens_total']:.0%} of prompts reused, memory "
          f"{half >> 20} MiB half way, {memory[-1] >> 20} MiB at the end")
    problems.expect(not wrong, f"{len(wrong)} wrong answers, the first: {wrong[:1]}")
    problems.expect(min(counts) > 0 and rows > 2, f"answers a client {counts}, {rows} sequences a step")
    problems.expect(memory[-1] < half * 1.1 + (4 << 20), f"memory grew: {[m >> 20 for m in memory]} MiB")
    guessed, right = metrics["draft_tokens_total"], metrics["draft_tokens_right_total"]
    problems.expect(guessed > 0 and right <= guessed, f"{right} of {guessed} guesses were right")
    problems.expect(metrics["requests_failed_total"] == 0, f"failed requests: {metrics['requests_failed_total']}")


def test_keys_and_limits(program, directory, problems):
    keys = directory / "keys"
    keys.write_text("# for the test\nsecret-1\nsecret-2\n")
    with Server(program, directory, "--api-key-file", str(keys), "--max-body", "1", "--max-tokens", "5", "--parallel", "1",
                "--max-waiting", "2", "--max-connections", "20") as server:
        problems.expect(server.request("GET", "/health")[0] == 200 and server.request("GET", "/")[0] == 200, "open paths")
        for key, wanted in [("none", 401), ("secret-2", 200), ("secret-", 401), ("", 401)]:
            status = server.request("GET", "/v1/models", headers={"Authorization": f"Bearer {key}"})[0]
            problems.expect(status == wanted, f"key '{key}': {status}, expected {wanted}")
        headers = {"Authorization": "Bearer secret-1"}
        answer = server.openai("secret-1").completions.create(model="m", prompt="x", max_tokens=100, temperature=0)
        problems.expect(answer.usage.completion_tokens <= 5, f"--max-tokens 5: {answer.usage}")
        status, text = server.request("POST", "/v1/completions", b" " * (2 << 20), headers)
        problems.expect(status == 413 and "1048576" in text, f"2 MiB: {status} {text}")
        status, _ = server.request("GET", "/health", headers={"X": "y" * 20000})
        problems.expect(status == 431, f"20 KB of header: {status}")
        with contextlib.ExitStack() as stack:
            idle = [stack.enter_context(socket.create_connection(("127.0.0.1", server.port))) for _ in range(20)]
            time.sleep(0.2)
            status, text = server.request("GET", "/health")
            problems.expect(status == 503 and "connections" in text, f"the 21st connection: {status} {text}")
            del idle
        answered = eventually(lambda: server.request("GET", "/health")[0] == 200)
        problems.expect(answered, "no answer after idle connections have left")


def test_graceful_stop(program, directory, problems):
    """SIGTERM: answers in progress end, new connections are refused, exit code 0. Twice: at once."""
    for kill, twice in ((signal.SIGTERM, False), (signal.SIGINT, False), (signal.SIGTERM, True)):
        with Server(program, directory) as server:
            tokens = 6000 if twice else 400
            stream = server.client.chat.completions.create(model="m", messages=[{"role": "user", "content": "go on"}],
                                                           stream=True, max_tokens=tokens,
                                                           extra_body={"ignore_eos": True})
            next(iter(stream))
            server.process.send_signal(kill)
            refused = eventually(lambda: socket.socket().connect_ex(("127.0.0.1", server.port)) != 0)
            problems.expect(refused, f"{kill}: still accepts")
            if twice:
                server.process.send_signal(kill)
                problems.expect(server.process.wait(timeout=30) == 0, "after two signals")
                continue
            reasons = [c.finish_reason for chunk in stream for c in chunk.choices if c.finish_reason]
            code = server.process.wait(timeout=30)
            problems.expect(reasons and code == 0, f"{kill}: stream ended with {reasons}, exit code {code}")
