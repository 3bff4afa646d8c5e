"""The server of an emitted program, driven as its users do: the official openai client, curl-like requests, a browser.
SPDX-License-Identifier: Apache-2.0

The model is the example. Greedy answers and their log probabilities must be the same bits whatever else the server does.
"""
import concurrent.futures
import contextlib
import http.client
import json
import os
import pathlib
import random
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import typing

import openai
import pydantic

from browser import Page, find_browser
from driver import ROOT, Problems, arguments, run

EXAMPLE = ROOT / "examples" / "tiny-gemma4"
TEMPLATE = ROOT / "test" / "data" / "chat-templates" / "google-gemma-4-31B-it.jinja"
WORDS = ("in the beginning god created heaven and earth king of judah went out unto people land lord said behold shall "
         "come to pass house israel children day night water stone bread wine shepherd voice mountain").split()


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
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if condition(self.metrics()):
                return True
            time.sleep(0.05)
        return False

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


def test_chat(server, problems):
    """Whole and streamed answers are the same; usage, n, seed, stop, logprobs and models as the client expects them."""
    client = server.client
    messages = [{"role": "system", "content": "Speak."}, {"role": "user", "content": "Tell me of the king."}]
    limits = {"temperature": 0, "max_tokens": 20}
    whole = client.chat.completions.create(model="m", messages=messages, **limits)
    text = whole.choices[0].message.content
    print(f"  {text}")
    problems.expect(len(text.split()) > 3 and whole.choices[0].finish_reason == "length", f"whole answer {whole}")
    problems.expect(whole.usage.completion_tokens == 20 and whole.usage.prompt_tokens > 10, f"usage {whole.usage}")
    stream = client.chat.completions.create(model="m", messages=messages, **limits, stream=True,
                                            stream_options={"include_usage": True})
    pieces, reasons, usage = [], [], None
    for chunk in stream:
        pieces += [c.delta.content or "" for c in chunk.choices]
        reasons += [c.finish_reason for c in chunk.choices if c.finish_reason]
        usage = chunk.usage or usage
    problems.expect("".join(pieces) == text and len(pieces) > 5, f"streamed: {pieces}, whole: {text}")
    problems.expect(reasons == ["length"] and usage.completion_tokens == 20, f"stream ended with {reasons}, {usage}")
    stop = text[len(text) // 2:][:6]
    stopped = client.chat.completions.create(model="m", messages=messages, **limits, stop=[stop, "@@"])
    problems.expect(stopped.choices[0].message.content == text[:text.index(stop)], f"stop at '{stop}': {stopped.choices}")
    problems.expect(stopped.choices[0].finish_reason == "stop", f"finish reason {stopped.choices[0].finish_reason}")

    def sampled(seed):
        answer = client.chat.completions.create(model="m", messages=messages, temperature=1, max_tokens=12, n=3, seed=seed)
        return [choice.message.content for choice in answer.choices]
    first, again, other = sampled(7), sampled(7), sampled(8)
    problems.expect(first == again and len(set(first)) > 1, f"seed 7 gives {first} and {again}")
    problems.expect(other[:2] == first[1:], f"choice i uses seed + i, seed 8 gives {other}, seed 7 {first}")
    (same, details), answer = greedy(client, messages, 8)
    likely = [t for t in answer.choices[0].logprobs.content]
    problems.expect(len(details) == 8 and all(t.top_logprobs[0].logprob == t.logprob for t in likely),
                    f"a greedy token is not the likeliest: {details}")
    problems.expect(all(t.logprob <= 0 for t in likely) and "".join(t.token for t in likely) == same,
                    f"tokens {details} do not make '{same}'")
    problems.expect([m.id for m in client.models.list()] == ["tiny-gemma4"], "models")
    completion = client.completions.create(model="m", prompt="In the beginning", max_tokens=8, temperature=0, logprobs=2)
    problems.expect(len(completion.choices[0].logprobs.tokens) == 8, f"completion {completion}")


def test_errors(server, problems):
    """Mistakes are the client's exceptions and name the field."""
    create = server.client.chat.completions.create
    good = {"model": "m", "messages": [{"role": "user", "content": "x"}]}
    for bad, field in [({"temperature": -1}, "temperature"), ({"temperature": "hot"}, "temperature"), ({"n": 99}, "n"),
                       ({"messages": []}, "messages"), ({"max_tokens": 0}, "max_tokens"), ({"stop": [""]}, "stop"),
                       ({"top_logprobs": 3}, "top_logprobs"), ({"presence_penalty": 1}, "presence_penalty")]:
        try:
            create(**{**good, **bad})
            problems.expect(False, f"{bad} was accepted")
        except openai.BadRequestError as error:
            problems.expect(error.param == field and field in error.message, f"{bad}: {error}")
    long = some_text(1, 20000)
    try:
        create(**{**good, "messages": [{"role": "user", "content": long}]})
        problems.expect(False, "a prompt longer than the context was accepted")
    except openai.BadRequestError as error:
        problems.expect("the context has" in error.message, f"long prompt: {error}")
    for body, words in [(b"{", "not JSON"), (b"[1]", "not a JSON object"), (b'{"a":' + b"[" * 5000, "nested deeper"),
                        (b'{"messages":"\xff"}', "not JSON"), (b"", "not JSON")]:
        status, text = server.request("POST", "/v1/chat/completions", body)
        problems.expect(status == 400 and words in text, f"{body[:30]}: {status} {text}")
    for method, path, wanted in [("GET", "/v1/completions", 405), ("POST", "/health", 405), ("GET", "/x", 404),
                                 ("GET", "/health", 200), ("HEAD", "/health", 200), ("GET", "/v1/models/tiny-gemma4", 200)]:
        problems.expect(server.request(method, path)[0] == wanted, f"{method} {path} is not {wanted}")
    for headers, wanted in [({"Origin": "http://evil.example"}, 403), ({"Host": "evil.example"}, 403),
                            ({"Origin": f"http://127.0.0.1:{server.port}"}, 200)]:
        problems.expect(server.request("GET", "/v1/models", headers=headers)[0] == wanted, f"{headers}: not {wanted}")


def test_cancellation(server, problems):
    """A client that leaves, while streaming or waiting, frees its place."""
    before = server.metrics()
    stream = server.client.chat.completions.create(model="m", messages=[{"role": "user", "content": "go on"}], stream=True,
                                                   max_tokens=8000, extra_body={"ignore_eos": True})
    for _ in zip(range(5), stream):
        pass
    stream.close()
    left = server.wait_until(lambda m: m["requests_cancelled_total"] == before["requests_cancelled_total"] + 1)
    problems.expect(left, "a client that stopped reading a stream was not noticed")
    with socket.create_connection(("127.0.0.1", server.port)) as waiting:
        body = json.dumps({"prompt": "go on", "max_tokens": 8000, "ignore_eos": True}).encode()
        waiting.sendall(b"POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        problems.expect(server.wait_until(lambda m: m["requests_running"] == 1), "the request did not start")
    left = server.wait_until(lambda m: m["requests_cancelled_total"] == before["requests_cancelled_total"] + 2)
    problems.expect(left and server.metrics()["requests_running"] == 0, "a client that left while waiting was not noticed")
    generated = server.metrics()["generated_tokens_total"] - before["generated_tokens_total"]
    print(f"  {generated:.0f} tokens were generated until both were noticed")
    problems.expect(generated < 8000, "cancelled requests ran to their end")


def test_prefix_reuse(server, problems):
    """A conversation's next turn reads only what is new, and nothing depends on that."""
    messages = [{"role": "user", "content": some_text(3, 4200)}]
    start = time.monotonic()
    (text, _), first = greedy(server.client, messages, 4)
    whole = time.monotonic() - start
    messages += [{"role": "assistant", "content": text}, {"role": "user", "content": "and then?"}]
    start = time.monotonic()
    (_, details), second = greedy(server.client, messages, 4)
    turn = time.monotonic() - start
    cached, prompt = second.usage.prompt_tokens_details.cached_tokens, second.usage.prompt_tokens
    print(f"  first turn {first.usage.prompt_tokens} tokens {whole:.3f} s, second {prompt}, {cached} cached, {turn:.3f} s")
    problems.expect(first.usage.prompt_tokens > 4096 and prompt - cached < 40, f"{prompt - cached} tokens were read again")
    again = greedy(server.client, [{"role": "user", "content": "other"}], 4)[1]
    problems.expect(again.usage.prompt_tokens_details.cached_tokens < 8, f"another prompt: {again.usage}")
    for _ in range(2):  # the same again, after others have used the server
        (_, same), answer = greedy(server.client, messages, 4)
        problems.expect(same == details, f"with {answer.usage.prompt_tokens_details} cached: {same}, before {details}")


WEATHER = {"type": "function", "function": {
    "name": "weather", "description": "The weather of a city", "parameters": {
        "type": "object", "required": ["city", "days"], "additionalProperties": False,
        "properties": {"city": {"type": "string", "enum": ["Bern", "Rome"]}, "days": {"type": "integer", "minimum": 1,
                                                                                     "maximum": 9}}}}}
CLOCK = {"type": "function", "function": {"name": "clock", "parameters": {"type": "object", "properties": {}}}}


class King(pydantic.BaseModel):
    name: str = pydantic.Field(max_length=12)
    years: int = pydantic.Field(ge=1, le=60)
    house: typing.Literal["Judah", "Israel"]


def check_call(problems, call, what):
    """A call of `weather` whose arguments follow its schema."""
    given = json.loads(call.function.arguments)
    good = (call.function.name == "weather" and set(given) == {"city", "days"} and given["city"] in ("Bern", "Rome")
            and 1 <= given["days"] <= 9)
    problems.expect(good and call.id, f"{what}: {call}")
    return given


def test_tools(server, problems):
    """Calls that are demanded follow the tool's schema, whole and streamed; results are read; no control token shows."""
    create = server.client.chat.completions.create
    messages = [{"role": "user", "content": "How is the weather?"}]
    calls = []
    for seed in range(6):
        answer = create(model="m", messages=messages, tools=[WEATHER, CLOCK], seed=seed, temperature=1, max_tokens=200,
                        tool_choice={"type": "function", "function": {"name": "weather"}}).choices[0]
        problems.expect(answer.finish_reason == "tool_calls" and len(answer.message.tool_calls) == 1, f"{answer}")
        calls.append(check_call(problems, answer.message.tool_calls[0], "a demanded call"))
    print(f"  {calls[:3]}")
    problems.expect(len({json.dumps(c) for c in calls}) > 1, f"six seeds give one call: {calls}")
    call = answer.message.tool_calls[0]
    streamed = create(model="m", messages=messages, tools=[WEATHER, CLOCK], seed=5, temperature=1, max_tokens=200, stream=True,
                      tool_choice={"type": "function", "function": {"name": "weather"}})
    parts = [c for chunk in streamed for choice in chunk.choices for c in choice.delta.tool_calls or []]
    same = [(c.function.name, c.function.arguments, c.index) for c in parts]
    problems.expect(same == [("weather", call.function.arguments, 0)], f"streamed {same}, whole {call}")
    required = create(model="m", messages=messages, tools=[WEATHER, CLOCK], tool_choice="required", max_tokens=200)
    problems.expect(required.choices[0].message.tool_calls[0].function.name in ("weather", "clock"), f"required: {required}")
    messages += [{"role": "assistant", "content": None, "tool_calls": [call.model_dump()]},
                 {"role": "tool", "tool_call_id": call.id, "content": "{\"degrees\": 21}"}]
    for choice in ("auto", "none"):
        answer = create(model="m", messages=messages, tools=[WEATHER], tool_choice=choice, max_tokens=60, seed=1)
        text = answer.choices[0].message.content or ""
        problems.expect(answer.usage.completion_tokens > 0 and "<|" not in text and "|>" not in text, f"{choice}: '{text}'")
    # At this temperature everything is equally likely, <|tool_call> too; what follows it is a call all the same.
    wild = [create(model="m", messages=messages[:1], tools=[WEATHER], temperature=100, top_p=1, n=16, max_tokens=500, seed=seed,
                   extra_body={"top_k": 0, "ignore_eos": True}) for seed in (100, 200)]
    made = [call for answer in wild for choice in answer.choices for call in choice.message.tool_calls or []]
    texts = [choice.message.content or "" for answer in wild for choice in answer.choices]
    print(f"  {len(made)} calls in {sum(a.usage.completion_tokens for a in wild)} random tokens")
    for call in made:
        check_call(problems, call, "a call by itself")
    problems.expect(made and not any("<|tool_call>" in text or "call:" in text for text in texts), f"{len(made)} calls")
    for bad, field in [({"tool_choice": "required"}, "tool_choice"), ({"tools": [WEATHER], "tool_choice": "x"}, "tool_choice"),
                       ({"tools": [WEATHER], "tool_choice": {"type": "function", "function": {"name": "x"}}}, "tool_choice"),
                       ({"response_format": {"type": "xml"}}, "response_format"),
                       ({"response_format": {"type": "json_schema", "json_schema": {"name": "s", "schema": {"type": "cat"}}}},
                        "response_format.json_schema.schema")]:
        try:
            create(model="m", messages=messages, **bad)
            problems.expect(False, f"{bad} was accepted")
        except openai.BadRequestError as error:
            problems.expect(error.param == field, f"{bad}: {error}")


def test_json_schema(server, problems):
    """The client's own parser of structured answers gets objects, from several clients at once."""
    def ask(seed):
        answer = server.openai().chat.completions.parse(
            model="m", messages=[{"role": "user", "content": f"Name king {seed}."}], response_format=King, temperature=1,
            seed=seed, max_tokens=120)
        return answer.choices[0].message.parsed
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        kings = list(pool.map(ask, range(18)))
    print(f"  {kings[:2]}")
    good = [k for k in kings if k and len(k.name) <= 12 and 1 <= k.years <= 60 and k.house in ("Judah", "Israel")]
    problems.expect(len(good) == 18 and len({str(k) for k in kings}) > 9, f"kings: {kings}")
    answer = server.client.chat.completions.create(model="m", messages=[{"role": "user", "content": "Anything."}],
                                                   response_format={"type": "json_object"}, max_tokens=60)
    problems.expect(isinstance(json.loads(answer.choices[0].message.content), dict), f"json_object: {answer}")


THOUGHT = """fetch = async () => new Response(new ReadableStream({start(to) {
  const piece = delta => to.enqueue(new TextEncoder().encode(
    'data: ' + JSON.stringify({choices: [{index: 0, delta}]}) + '\\n\\n'));
  piece({reasoning_content: 'so <b>it</b> '}); piece({reasoning_content: 'is'}); piece({content: 'yes <i>no</i>'});
  to.close(); }}))"""
ENDLESS = """{ const plain = fetch; fetch = (path, options) => {
  if (options.body) options.body = JSON.stringify({...JSON.parse(options.body), ignore_eos: true});
  return plain(path, options); }; }"""


def test_page(server, problems):
    """A person's browser: an answer as it is written, the stop button, the fold of a thought."""
    browser = find_browser()
    if not browser:
        print("  SKIPPED: there is no Chromium (Debian's package chromium)")
        return
    text = server.client.chat.completions.create(model="m", messages=[{"role": "user", "content": "Tell me of the king."}],
                                                 temperature=0).choices[0].message.content
    with tempfile.TemporaryDirectory() as directory:
        page = Page(browser, directory, f"http://127.0.0.1:{server.port}/")
        try:
            drive_page(server, problems, page, text)
            problems.expect(not page.trouble, f"the page complains: {page.trouble}")
        finally:
            page.close()


def drive_page(server, problems, page, text):
    ask = "document.getElementById('prompt').value = {}; document.getElementById('form').requestSubmit(); true"
    last, idle = "document.querySelector('#log > .assistant:last-child')", "!document.getElementById('send').hidden"
    problems.expect(page.wait_for("document.title == 'tiny-gemma4'"), "the page does not show the model's name")
    page.run("document.getElementById('temperature').value = '0'; true")
    page.run(ask.format("'Tell me of the king.'"))
    problems.expect(page.wait_for(f"{idle} && {last}.querySelector('.note')"), "the page did not finish an answer")
    shown = page.run(f"{last}.querySelector('span').textContent")
    problems.expect(shown == text, f"the page shows '{shown}', the API says '{text}'")
    page.run(ENDLESS)
    page.run(ask.format("'Go on.'"))
    problems.expect(page.wait_for(f"{last}.querySelector('span').textContent.length > 40"), "no text comes while streaming")
    before = server.metrics()["requests_cancelled_total"]
    page.run("document.getElementById('stop').click(); true")
    problems.expect(page.wait_for(f"{idle} && {last}.textContent.endsWith('stopped')"), "the stop button does nothing")
    stopped = server.wait_until(lambda m: m["requests_running"] == 0 and m["requests_cancelled_total"] == before + 1)
    problems.expect(stopped, "the server goes on after the stop button")
    page.run(THOUGHT + "; true")
    page.run(ask.format("'Think.'"))
    problems.expect(page.wait_for(f"{idle} && {last}.querySelector('details')"), "no fold for a thought")
    fold, answer = page.run(f"[{last}.querySelector('details span').textContent, {last}.lastChild.textContent]")
    problems.expect(fold == "so <b>it</b> is" and answer == "yes <i>no</i>", f"thought '{fold}', answer '{answer}'")
    problems.expect(not page.run(f"{last}.querySelector('details').open"), "the fold stays open when the answer comes")


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
    """Clients at once: no error, memory flat, and every answer that of a lone run."""
    prompts = make_prompts(24)
    expected = lone_answers(program, directory, prompts, 24)
    counts, wrong, memory = [0] * clients, [], []
    with Server(program, directory, "--parallel", "8", "--kept", "4") as server:
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
        time.sleep(0.5)
        problems.expect(server.request("GET", "/health")[0] == 200, "no answer after idle connections have left")


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
            time.sleep(0.1)
            refused = socket.socket().connect_ex(("127.0.0.1", server.port)) != 0
            problems.expect(refused, f"{kill}: still accepts")
            if twice:
                server.process.send_signal(kill)
                problems.expect(server.process.wait(timeout=5) == 0, "after two signals")
                continue
            reasons = [c.finish_reason for chunk in stream for c in chunk.choices if c.finish_reason]
            code = server.process.wait(timeout=30)
            problems.expect(reasons and code == 0, f"{kill}: stream ended with {reasons}, exit code {code}")


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
