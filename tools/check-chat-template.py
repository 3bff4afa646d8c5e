#!/usr/bin/env python3
"""Compares compiled chat templates with `apply_chat_template` of Hugging Face transformers.

SPDX-License-Identifier: Apache-2.0

Builds seeded conversations of every kind (system and developer turns, thinking, tools with nested parameters, tool calls
and results in both spellings, images as placeholders, empty, odd and very long content), renders each with transformers
and with the compiled template and prints how many differ. A conversation that a template refuses must be refused by
both. Then does the same with small templates that use every construct, filter, test and method of the language.

    tools/check-chat-template.py build/dev/bin/ChatTemplateTool TEMPLATE.jinja... [--count 400] [--seed 1]
    tools/check-chat-template.py build/dev/bin/ChatTemplateTool TEMPLATE.jinja... --record FILE.json [--count 12]

--record writes conversations and what transformers makes of them, for the tests that run without it.
"""
import argparse
import json
import os
import random
import subprocess
import sys
import tempfile

os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
import tokenizers  # noqa: E402
from transformers import PreTrainedTokenizerFast  # noqa: E402

NO_GENERATION, THINK, NO_THINK, VERBATIM = 1, 2, 4, 8
TEXTS = ["Hi", "", " ", "\n\n", " padded \t\n", "Why is the sky blue?", "naïve café Straße ŉ ǆ", "Привет, мир", "你好", "مرحبا",
         "\U0001F468\u200d\U0001F469\u200d\U0001F467", "{{ not a template }} {% if x %}", "<|turn>user\nfake<turn|>",
         "a<|channel>thought\nhidden<channel|>b<|channel>more<channel|> c ", "\u2003wide\u00a0space\u3000", "tab\there", "quote ' and \"",
         "back\\slash", "line\r\nbreak\rhere", "\u0000\u0001\u001f\u007f\u0085", "x" * 300, "<|\"|>", "None", "0", "\ufeffbom\u2028sep",
         "<channel|>", "<|channel>", "𝔘𝔫𝔦𝔠𝔬𝔡𝔢 ﬁ İ ß"]
NAMES = ["get_weather", "search", "a", "Größe", "x-y", "lookup_2"]


def text(r):
    return r.choice(TEXTS) if r.random() < 0.8 else "".join(r.choice(TEXTS) for _ in range(3))


def value(r, depth=0):
    kind = r.randrange(9 if depth < 3 else 6)
    if kind < 2:
        return text(r)
    if kind == 2:
        return r.choice([0, 1, -7, 2**31, -2**63, 2**63 - 1, 2**70, 10**30])
    if kind == 3:
        return r.choice([0.5, -1.0, 1e16, 1e22, 1e-5, 3.141592653589793, 0.1 + 0.2, 123456789.123, 5e-324, 1.7976931348623157e308, 100.0])
    if kind == 4:
        return r.choice([True, False])
    if kind == 5:
        return None
    if kind == 6:
        return [value(r, depth + 1) for _ in range(r.randrange(4))]
    return {r.choice(["b", "A", "a", "Zed", "ärger", "Ärger", "10", "9", "key with space", ""]) + str(r.randrange(3)): value(r, depth + 1)
            for _ in range(r.randrange(4))}


def schema(r, depth=0):
    kind = r.choice(["string", "number", "integer", "boolean", "array", "object", "STRING"])
    s = {"type": kind}
    if r.random() < 0.6:
        s["description"] = text(r)
    if r.random() < 0.2:
        s["nullable"] = r.choice([True, False])
    if r.random() < 0.1:
        s["title"] = "T"
    if kind.lower() == "string" and r.random() < 0.4:
        s["enum"] = [text(r) for _ in range(r.randrange(1, 4))]
    if kind == "array" and depth < 3 and r.random() < 0.8:
        s["items"] = schema(r, depth + 1)
        if r.random() < 0.2:
            s["items"]["type"] = ["string", "null"]
    if kind == "object" and depth < 3 and r.random() < 0.8:
        s["properties"] = {r.choice(NAMES): schema(r, depth + 1) for _ in range(r.randrange(3))}
        if r.random() < 0.5:
            s["required"] = list(s["properties"])
    return s


def tool(r):
    function = {"name": r.choice(NAMES), "description": text(r)}
    if r.random() < 0.9:
        function["parameters"] = {"type": "object", "properties": {r.choice(NAMES) + str(i): schema(r) for i in range(r.randrange(4))}}
        if r.random() < 0.6:
            function["parameters"]["required"] = list(function["parameters"]["properties"])
    if r.random() < 0.1:
        function["response"] = {"type": "object", "description": text(r)}
    return {"type": "function", "function": function}


def content(r):
    if r.random() < 0.75:
        return text(r)
    parts = []
    for _ in range(r.randrange(4)):
        kind = r.choice(["text", "text", "image", "audio", "video", "other"])
        parts.append({"type": kind, "text": text(r)} if kind == "text" else {"type": kind})
    return parts


def call(r, number):
    arguments = {f"{r.choice('abcXYZ')}{i}": value(r) for i in range(r.randrange(4))}
    if r.random() < 0.1:
        arguments = "raw:1"
    return {"id": f"call_{number}", "type": "function", "function": {"name": r.choice(NAMES), "arguments": arguments}}


def exchange(r):
    """A user turn and what follows it, tool calls included."""
    turns = [{"role": "user", "content": content(r)}]
    for _ in range(r.choice([0, 0, 0, 1, 1, 2])):
        calls = [call(r, i) for i in range(r.randrange(1, 3))]
        message = {"role": "assistant", "tool_calls": calls}
        if r.random() < 0.7:
            message["content"] = r.choice([None, "", text(r)])
        if r.random() < 0.4:
            message[r.choice(["reasoning", "reasoning_content"])] = text(r)
        if r.random() < 0.15:
            message["tool_responses"] = [{"name": c["function"]["name"], "response": value(r)} for c in calls]
        turns.append(message)
        for c in calls:
            if r.random() < 0.9:
                answer = {"role": "tool", "tool_call_id": c["id"], "content": r.choice([text(r), value(r), content(r)])}
                if r.random() < 0.3:
                    answer["name"] = c["function"]["name"]
                turns.append(answer)
    if r.random() < 0.8:
        turns.append({"role": "assistant", "content": content(r)})
    return turns


def conversation(r):
    messages = []
    if r.random() < 0.5:
        messages.append({"role": r.choice(["system", "system", "developer"]), "content": content(r) if r.random() < 0.3 else text(r)})
    for _ in range(r.choice([1, 1, 2, 3, 6])):
        messages += exchange(r)
    options = {"add_generation_prompt": r.random() < 0.8, "enable_thinking": r.choice([None, None, True, False]),
               "tools": [tool(r) for _ in range(r.randrange(1, 4))] if r.random() < 0.4 else None}
    return messages, options


# Each construct of the language once or more, as templates over the variables below.
VARIABLES = {"n": 3, "s": " Text ", "l": ["x", "Y", 2], "m": {"b": 1, "A": "v", "items": [1], "ß": None}, "nothing": None, "f": 2.5,
             "words": "the quick\tbrown  fox", "recs": [{"k": "b", "v": 2}, {"k": "A", "v": 1}, {"k": "a", "v": 3, "z": {"q": 7}}],
             "uni": "Straße İ ǆ é\u0301 \u200b ŉ", "lines": "a\nb\n\n c\r\nd\n", "nums": [3, 1, 2.5, True, -4], "e": "", "el": [], "em": {}}
LANGUAGE = r"""
plain
{{ s }}|{{ n }}|{{ missing }}|{{ true }}{{ none }}|{{ f }}|{{ l }}|{{ m }}|{{ (1, 'a') }}|{{ (1,) }}|{{ () }}|{{ uni }}|{{ [uni, s] }}
a {{- s -}} b
{% if n %}|{% endif %}{% if not n %}a{% elif f %}b{% else %}c{% endif %}
{{ '{{' }}{{ "%}" }}{{ 'a\n\t\'b\x41\u00e9\q' }}{{ 'a' 'b' "c" }}
{% for x in l %}{{ loop.index0 }}{{ x }}{{ loop.revindex }}{{ loop.first }}{% if not loop.last %},{% endif %}{{ loop.previtem }}{{ loop.nextitem }}{{ loop.cycle('o', 'e') }}{% endfor %}
{% for x in l if x is string %}{{ x }}{{ loop.length }}{% else %}none{% endfor %}{% for x in [] %}{{ x }}{% else %}none{% endfor %}
{% for k, v in m | dictsort %}{{ k }}={{ v }};{% endfor %}{% for k, v in m.items() %}{{ k }}={{ v }};{% endfor %}{% for k in m %}{{ k }}{% endfor %}
{% for x in 'aß' %}[{{ x }}]{% endfor %}{% for a in range(5) %}{% if a == 1 %}{% continue %}{% endif %}{% if a == 3 %}{% break %}{% endif %}{{ a }}{% endfor %}
{% set x = 1 %}{% for y in l %}{% set x = 2 %}{{ x }}{% endfor %}{{ x }}{% set a, b = (1, 2) %}{{ a }}{{ b }}{% set c = 1, 2 %}{{ c }}
{% set ns = namespace(x=1) %}{% for y in l %}{% set ns.x = ns.x + 1 %}{% endfor %}{{ ns.x }}{{ ns.missing is defined }}
{% set t %}a{{ n }}{% endset %}[{{ t }}]{% with q = 5, w = n %}{{ q }}{{ w }}{% endwith %}{{ q }}
{% macro g(a, b='z', c=n) %}[{{ a }}{{ b }}{{ c }}{{ d }}]{% endmacro %}{{ g(1) }}{{ g(1, b=2) }}{{ g(b=3, a=4) }}{{ g() }}{{ g(1, 2, 3) }}
{% macro r(k) %}{{ k }}{% if k %}{{ r(k - 1) }}{% endif %}{% endmacro %}{{ r(5) }}
{{ 1 + 2 - 4 }} {{ -n }} {{ +n }} {{ 7 % 4 }} {{ -7 % 4 }} {{ 7 // 2 }} {{ -7 // 2 }} {{ 7 / 2 }} {{ 2 ** 10 }} {{ 2 ** -1 }} {{ 1.5 + 1 }} {{ 7.5 % 2 }} {{ 'a' ~ 1 ~ none }} {{ 'a' + 'b' }} {{ 'ab' * 2 }} {{ [1] + [2] }} {{ [0] * 3 }} {{ 1 ~ 2 * 3 }} {{ 2 * 3 + 1 }}
{{ n == 3 }} {{ n != 3 }} {{ n < 4 }} {{ 1 < n < 4 }} {{ 1 < n > 4 }} {{ n >= 4 }} {{ 'x' in l }} {{ 'z' not in l }} {{ 'ex' in s }} {{ 'b' in m }} {{ 3.0 == 3 }} {{ true == 1 }} {{ 'a' < 'b' }} {{ missing == missing2 }} {{ [1, 2] == [1, 2] }} {{ {'a': 1} == {'a': 1.0} }} {{ none == missing }}
{{ not n == 3 }} {{ not not n }} {{ n and s }} {{ 0 or 'd' }} {{ none or 'e' }} {{ 'a' if n == 3 else 'b' }}{{ 'a' if n == 4 }}{{ 'a' if false else 'b' if false else 'c' }}
{{ l[0] }}{{ l[-1] }}{{ m['A'] }}{{ m.A }}{{ l[9] }}{{ m['zz'] }}{{ m.get('zz', 5) }}{{ m.get('zz') }}{{ m['items'] }}{{ s[1] }}{{ s[-2] }}{{ l.0 }}{{ none.x }}{{ n.x }}{{ s.x }}{{ m.items is defined }}{{ s['upper'] is defined }}
{{ l[1:] }}{{ l[:1] }}{{ l[::-1] }}{{ l[::2] }}{{ 'abcdef'[1:-1] }}{{ 'abcdef'[::-2] }}{{ uni[2:6] }}{{ l[5:] }}{{ l[-99:2] }}{{ 'abc'[:none] }}
{{ s | trim }}{{ s | upper }}{{ s | lower }}{{ uni | upper }}{{ uni | lower }}{{ uni | capitalize }}{{ words | title }}{{ "it's o-k (no)" | title }}{{ 'xxaxx' | trim('x') }}{{ none | trim }}{{ l | upper }}{{ missing | upper }}
{{ l | first }}{{ l | last }}{{ el | first }}{{ 'ab' | first }}{{ 'ab' | last }}{{ l | length }}{{ uni | length }}{{ m | count }}{{ missing | length }}
{{ missing | default('d') }}{{ '' | default('d') }}{{ '' | default('d', true) }}{{ '' | d(default_value='q', boolean=true) }}{{ none | default('x') }}{{ not missing | default(false) }}
{{ 'a' + 'b' | upper }}{{ 'aXbX' | replace('X', '-') }}{{ 'aXbX' | replace('X', '-', 1) }}{{ 5 | string + 'a' }}{{ 'a,b' | replace(',', '') }}{{ 'aaa' | replace('', '-') }}
{{ l | join }}{{ l | join(', ') }}{{ recs | join('/', attribute='k') }}{{ recs | map(attribute='k') | join }}{{ recs | map(attribute='z.q', default=0) | list }}{{ l | map('upper') | list }}{{ l | map('string') | join('+') }}{{ ['a '] | map('replace', 'a', 'b') | list }}
{{ recs | selectattr('v', 'gt', 1) | map(attribute='k') | list }}{{ recs | rejectattr('z') | list | length }}{{ recs | selectattr('z', 'defined') | list | length }}{{ nums | select('odd') | list if false }}{{ l | select('string') | list }}{{ l | reject('string') | list }}{{ [0, 1, ''] | select | list }}{{ recs | selectattr('k', 'equalto', 'b') | list | length }}{{ recs | selectattr('k', 'in', ['a', 'b']) | list | length }}
{{ ['b', 'A', 'c'] | sort }}{{ ['b', 'A', 'c'] | sort(case_sensitive=true) }}{{ ['b', 'A', 'c'] | sort(reverse=true) }}{{ recs | sort(attribute='k') | map(attribute='v') | list }}{{ recs | sort(attribute='v', reverse=true) | map(attribute='k') | list }}{{ nums | sort }}
{{ m | dictsort(reverse=true) }}{{ {'b': 1, 'a': 2} | dictsort(by='value') }}{{ {'B': 1, 'a': 2, 'b': 0} | dictsort(true) }}{{ m | items | list }}{{ m.keys() | list }}{{ m.values() | list }}
{{ ['a', 'A', 'b', 'a'] | unique | list }}{{ [1, 1.0, true, 2] | unique | list }}{{ 'abc' | reverse }}{{ l | reverse | list }}{{ nums | sum }}{{ recs | sum(attribute='v') }}{{ [1] | sum(start=5) }}{{ nums | min }}{{ nums | max }}{{ ['b', 'A'] | min }}{{ el | max }}
{{ '12' | int }}{{ 'x' | int }}{{ 'x' | int(7) }}{{ ' -3 ' | int }}{{ 3.9 | int }}{{ '4.7' | int }}{{ none | int }}{{ '1.5' | float }}{{ 'x' | float }}{{ 3 | float }}{{ 'x' | float(1.5) }}{{ -5 | abs }}{{ -2.5 | abs }}{{ true | int }}
{{ m | tojson }}{{ l | tojson }}{{ s | tojson }}{{ 'a"b\\\n\x01é<>&' | tojson }}{{ recs | tojson(indent=2) }}{{ el | tojson }}{{ em | tojson(indent=1) }}{{ none | tojson }}{{ f | tojson }}{{ true | tojson }}{{ 1e22 }}{{ 1.0 }}{{ 1e-7 }}{{ 123456789012345680.0 }}{{ 0.1 + 0.2 }}
{{ lines | indent }}|{{ lines | indent(2, true) }}|{{ lines | indent('>', blank=true) }}|{{ 'one' | indent }}
{{ missing is defined }} {{ n is defined }} {{ n is not defined }} {{ nothing is none }} {{ m is mapping }} {{ l is sequence }} {{ s is sequence }} {{ m is sequence }} {{ missing is sequence }} {{ none is sequence }} {{ n is iterable }} {{ missing is iterable }} {{ true is boolean }} {{ n is boolean }} {{ n is number }} {{ true is number }} {{ f is float }} {{ n is integer }} {{ true is integer }} {{ s is string }} {{ true is true }} {{ 1 is true }} {{ false is false }} {{ 3 is odd }} {{ 4 is even }} {{ 9 is divisibleby 3 }} {{ 3 is in [1, 3] }} {{ 3 is eq 3 }} {{ 3 is ne(3) }} {{ 3 is lt 4 }} {{ 3 is ge 3 }} {{ missing is undefined }} {{ 3 is greaterthan 2 }} {{ 3 is lessthan(2) }}
{{ words.split() }}{{ words.split(' ') }}{{ words.split(' ', 1) }}{{ words.split(none, 1) }}{{ words.rsplit(' ', 1) }}{{ words.rsplit(maxsplit=2) }}{{ '  a  b ' .split() }}{{ ''.split() }}{{ ''.split(',') }}{{ 'a,b,,c'.split(',') }}{{ 'aXXb'.rsplit('X') }}
{{ ' x '.strip() }}{{ 'xax'.strip('x') }}{{ 'xax'.lstrip('x') }}{{ 'xax'.rstrip('x') }}|{{ ' x '.lstrip() }}|{{ ' x '.rstrip() }}|{{ 'abc'.startswith('ab') }}{{ 'abc'.endswith('ab') }}{{ 'abc'.startswith(('x', 'a')) }}{{ 'aa'.replace('a', 'b') }}{{ 'aa'.replace('a', 'b', 1) }}{{ 'éa'.find('a') }}{{ 'a'.find('z') }}{{ 'aXa'.count('a') }}{{ 'a'.count('') }}{{ '12'.isdigit() }}{{ ''.isdigit() }}{{ lines.splitlines() }}{{ ', '.join(['a', 'b']) }}{{ 'abc'.removeprefix('a') }}{{ 'abc'.removesuffix('c') }}{{ uni.title() }}{{ uni.upper() }}{{ 'hELLO wORLD'.capitalize() }}{{ l.index('Y') }}{{ l.count(2) }}{{ 'abc'.index('c') }}
{% for i in range(3) %}{{ i }}{% endfor %}{% for i in range(2, -1, -1) %}{{ i }}{% endfor %}{% for i in range(1, 10, 4) %}{{ i }}{% endfor %}{{ range(4) | list }}{{ range(3)[1] }}{{ 2 in range(3) }}{{ range(0) | length }}
{{ dict(a=1, b='x') }}{{ dict(a=1).a }}{{ {'a': {'b': [1, {'c': 2}]}}.a.b[1].c }}{{ strftime_now('%Y') | length }}
{% raw %}{{ x }} {% y %}{% endraw %}{%- raw -%} a {%- endraw -%} b
{% generation %}x{% endgeneration %}{# comment {{ x }} #}a {#- x -#} b
{{ l is defined and l or 'no' }}{{ (n if n > 5 else none) is none }}{{ m.A.upper() }}{{ m.get('b') + 1 }}{{ 'x' if 'a' in 'abc' and not false else 'y' }}
{{ missing.x }}
{{ missing['x'] }}
{{ 1 + 'a' }}
{{ 'a' < 1 }}
{{ raise_exception('no: ' ~ n) }}
{{ none | length }}
{% for x in 5 %}{% endfor %}
{{ 1 / 0 }}
{% set n.x = 1 %}
{{ none in 'abc' }}
{{ missing.split(',') }}
{{ 'a'.split('') }}
{{ missing }}ok
""".strip("\n").split("\n")
# White space rules need several lines.
LANGUAGE += ["a\n  {% if n %}\n  b\n  {% endif %}\nc", "a\n  {%- if n -%}\n  b\n  {%- endif -%}\nc", "a  {% if n %} b {% endif %} c\n",
             "a\n  {%+ if n +%}\n b{% endif %}", "a\n  {# note #}\nb {#- x -#} c\n\n", "{% set x = 1 %}\n\n  {{ x }}\n{% for i in l %}\n  - {{ i }}\n{% endfor %}\nend",
             "a\r\nb{% if n %}\r\nc{% endif %}\r\n", "  {% if n %}x{% endif %}  \n  {{ n }}\n", "{% raw %}\n  x\n{% endraw %}\n y", "\n{%- set x = n %}\n{{ x }}"]


MESSAGE = [{"role": "user", "content": "Hi"}]
TOKENIZER = PreTrainedTokenizerFast(tokenizer_object=tokenizers.Tokenizer(tokenizers.models.BPE()), bos_token="<bos>", eos_token="<eos>")


def reference(template, messages, tools=None, **kwargs):
    try:
        return {"text": TOKENIZER.apply_chat_template(messages, tools=tools, chat_template=template, tokenize=False, **kwargs)}
    except Exception as error:  # whatever Jinja or Python raises: the template refuses
        return {"error": f"{type(error).__name__}: {error}"}


def request(messages, options, variables=None):
    flags = VERBATIM | (0 if options["add_generation_prompt"] else NO_GENERATION)
    flags |= {None: 0, True: THINK, False: NO_THINK}[options["enable_thinking"]]
    line = {"messages": json.dumps(messages), "flags": flags}
    if options["tools"] is not None:
        line["tools"] = json.dumps(options["tools"])
    if variables is not None:
        line["variables"] = json.dumps(variables)
    return line


def ask(tool, template, requests):
    data = "".join(json.dumps(r) + "\n" for r in requests)
    result = subprocess.run([tool, template, "render"], input=data, capture_output=True, text=True)
    if result.returncode:
        print(result.stderr.strip())
        return [{"error": result.stderr}] * len(requests)
    return [json.loads(line) for line in result.stdout.split("\n")[:-1]]


def compare(name, inputs, ours, expected):
    """Texts must be equal, refusals only refusals."""
    wrong = [i for i, (a, b) in enumerate(zip(ours, expected)) if a.get("text") != b.get("text")]
    refused = sum("error" in e for e in expected)
    print(f"{name}: {len(inputs)} compared, {refused} refused by both, {len(wrong) + abs(len(ours) - len(expected))} differ")
    for i in wrong[:4]:
        print(f"  {json.dumps(inputs[i], ensure_ascii=False)[:600]}\n    ours      {ours[i]!r}\n    reference {expected[i]!r}")
    return len(wrong) + abs(len(ours) - len(expected))


def kwargs_of(options):
    kwargs = {"add_generation_prompt": options["add_generation_prompt"]}
    if options["enable_thinking"] is not None:
        kwargs["enable_thinking"] = options["enable_thinking"]
    return kwargs


def check_template(tool, path, count, seed):
    r = random.Random(seed)
    source = open(path, encoding="utf-8").read()
    inputs = [conversation(r) for _ in range(count)]
    expected = [reference(source, json.loads(json.dumps(m)), o["tools"], **kwargs_of(o)) for m, o in inputs]
    return compare(os.path.basename(path), inputs, ask(tool, path, [request(m, o) for m, o in inputs]), expected)


def check_language(tool):
    options = {"add_generation_prompt": True, "enable_thinking": None, "tools": None}
    ours, expected = [], []
    with tempfile.TemporaryDirectory() as directory:
        for template in LANGUAGE:
            path = os.path.join(directory, "template.jinja")
            with open(path, "w", encoding="utf-8", newline="") as file:
                file.write(template)
            ours += ask(tool, path, [request(MESSAGE, options, VARIABLES)])
            expected.append(reference(template, MESSAGE, add_generation_prompt=True, **VARIABLES))
    return compare("the language", LANGUAGE, ours, expected)


def record(paths, count, seed, file):
    r = random.Random(seed)
    cases = {"variables": json.dumps(VARIABLES), "language": [], "conversations": []}
    for template in LANGUAGE:
        cases["language"].append({"template": template, **reference(template, MESSAGE, add_generation_prompt=True, **VARIABLES)})
    for path in paths:
        source = open(path, encoding="utf-8").read()
        for _ in range(count):
            m, o = conversation(r)
            answer = reference(source, json.loads(json.dumps(m)), o["tools"], **kwargs_of(o))
            cases["conversations"].append({"template": os.path.basename(path), **request(m, o), **answer})
    with open(file, "w", encoding="utf-8") as out:
        json.dump(cases, out, ensure_ascii=True, indent=0)
        out.write("\n")
    return 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tool")
    parser.add_argument("templates", nargs="+")
    parser.add_argument("--count", type=int, default=400)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--record")
    options = parser.parse_args()
    if options.record:
        return record(options.templates, options.count, options.seed, options.record)
    wrong = check_language(options.tool)
    for path in options.templates:
        wrong += check_template(options.tool, path, options.count, options.seed)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
