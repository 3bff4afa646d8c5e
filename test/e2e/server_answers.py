"""What one client of the server sees: answers, mistakes, leaving, conversations that go on.
SPDX-License-Identifier: Apache-2.0
"""
import json
import socket
import time

import openai

from server_process import greedy, some_text


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
