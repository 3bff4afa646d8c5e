"""Tools and structured answers as the openai client asks for them.
SPDX-License-Identifier: Apache-2.0

The model's chat template is Google's: the example's knows no tools.
"""
import concurrent.futures
import json
import typing

import openai
import pydantic

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
