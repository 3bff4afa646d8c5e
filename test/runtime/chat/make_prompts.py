#!/usr/bin/env python3
"""Records what Jinja itself makes of the chat templates in test/data/chat-templates.

SPDX-License-Identifier: Apache-2.0

Renders each template on a few conversations, the way transformers does (trim_blocks, lstrip_blocks), and writes
test/data/chat-templates/prompts.json. Needs the jinja2 package:  python make_prompts.py
"""
import json
import pathlib

import jinja2

FOLDER = pathlib.Path(__file__).resolve().parents[2] / "data" / "chat-templates"
USER, MODEL, SYSTEM = "user", "assistant", "system"
CONVERSATIONS = [
    [(USER, "Why is the sky blue?")],
    [(USER, "  \n padded \t\u3000\u00a0"), (MODEL, " answer\n"), (USER, "more")],
    [(SYSTEM, "\nBe brief. \n"), (USER, "hello")],
    [(SYSTEM, "S"), (USER, "a"), (MODEL, "<|channel>thought\nhm\n<channel|> b <|channel>x<channel|>  c "), (USER, "d"),
     (MODEL, "no thought <channel|> here"), (USER, "{{ e }} {% f %}")],
    [(USER, ""), (MODEL, ""), (USER, "\u4e2d\u6587 \U0001F600\n\nlines\n")],
    [(USER, "a"), (MODEL, " <|channel>only a thought<channel|> "), (USER, "b"), (MODEL, "c")],
]


def main():
    environment = jinja2.Environment(trim_blocks=True, lstrip_blocks=True)
    cases = []
    for path in sorted(FOLDER.glob("*.jinja")):
        template = environment.from_string(path.read_text())
        for turns in CONVERSATIONS:
            for generation in (False, True):
                for think in (False, True):
                    if generation and turns[-1][0] != USER:
                        continue
                    variables = {"enable_thinking": True} if think else {}
                    messages = [{"role": role, "content": text} for role, text in turns]
                    prompt = template.render(messages=messages, bos_token="<bos>", tools=None,
                                             add_generation_prompt=generation, **variables)
                    cases.append({"template": path.name, "turns": turns, "generation": generation, "think": think,
                                  "prompt": prompt})
    (FOLDER / "prompts.json").write_text(json.dumps(cases, indent=0, ensure_ascii=True) + "\n")
    print(len(cases), "prompts")


if __name__ == "__main__":
    main()
