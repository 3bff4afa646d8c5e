"""Structured output of a compiled program with random weights: everything it writes must be valid.
SPDX-License-Identifier: Apache-2.0

For each of forty schemas some texts at different seeds, temperatures and limits, checked with the jsonschema package
(formats included) and read with duplicate keys refused; random schemas, valid or refused; grammars; and what is said when something is wrong. By default
ten texts per schema; `--texts 50` is the run of 2,000.
"""
import argparse
import json
import pathlib
import re
import shutil
import tempfile
import time

import jsonschema

from driver import FIXTURES, ROOT, Problems, run
from random_schemas import RandomSchemas
from structured_schemas import SCHEMAS

LIMITS = (200, 90, 400, 60, 120)  # tokens; every schema but the longest has texts of at most 60
LONG = ("formats", "addresses")
TEMPERATURES = ("1", "0.3", "3", "1.5")
GRAMMARS = {  # text and what Python's re says about it
    'root ::= "yes" | "no"': r"yes|no",
    'root ::= [a-c]{2,4} ("-" [0-9]+)*': r"[a-c]{2,4}(-[0-9]+)*",
    'root ::= line+\nline ::= "- " [A-Z] [a-z ]{0,9} "\\n"': r"(- [A-Z][a-z ]{0,9}\n)+",
    'root ::= "\\u00e9" [^\\x00-\\x7f]{1,3} "."': r"\u00e9[^\x00-\x7f]{1,3}\.",
}


def compile_model(lapidary, directory, problems):
    """A fixture with random weights, given a tokenizer."""
    model, program = directory / "model", directory / "program"
    shutil.copytree(FIXTURES / "edge_dense_f32", model)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(FIXTURES / "tokenizer" / name, model)
    done = run(lapidary, "compile", model, "-o", program, "--context=512", "--progress=none")
    problems.expect(done.returncode == 0, f"compile: {done.stderr}")
    (directory / "ids.txt").write_text("2 100 200\n")
    return program


def generate(program, directory, *options):
    return run(program, "generate", "--ids", directory / "ids.txt", "--quiet", "--threads", "1", *options)


def no_duplicates(pairs):
    keys = [key for key, _ in pairs]
    if len(keys) != len(set(keys)):
        raise ValueError(f"duplicate keys in {keys}")
    return dict(pairs)


def problem_of(text, validator, allow_duplicates):
    try:
        value = json.loads(text, object_pairs_hook=None if allow_duplicates else no_duplicates)
        validator.validate(value)
    except (ValueError, jsonschema.ValidationError) as error:
        return str(error).splitlines()[0]
    return None


def test_schemas(program, directory, problems, texts):
    lengths = []
    for name, schema in SCHEMAS.items():
        path = directory / f"{name}.json"
        path.write_text(json.dumps(schema))
        validator = jsonschema.Draft202012Validator(schema, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER)
        seen = set()
        for seed in range(texts):
            limit, temperature = LIMITS[seed % len(LIMITS)], TEMPERATURES[seed % len(TEMPERATURES)]
            limit *= 3 if name in LONG else 1
            mode = ["--greedy"] if seed == 1 else [f"--temp={temperature}", f"--seed={seed}"]
            done = generate(program, directory, f"--json-schema={path}", "-n", limit, *mode)
            text = done.stdout[:-1]  # the program ends its output with a newline
            ok = problems.expect(done.returncode == 0, f"{name} {seed}: exit {done.returncode}: {done.stderr} {text}")
            # A name that is not declared may come twice; readers take the last.
            wrong = problem_of(text, validator, name in ("anything", "free_object", "free_array", "additional", "map"))
            problems.expect(not ok or wrong is None, f"{name} {seed}: {text!r}: {wrong}")
            seen.add(text)
            lengths.append(len(text))
        print(f"  {name:22} {texts} texts, {len(seen)} different, e.g. {min(seen, key=len)[:60]}")
    print(f"  {len(lengths)} texts over {len(SCHEMAS)} schemas, {sum(lengths) / len(lengths):.0f} bytes on average")


def test_random_schemas(program, directory, problems, count):
    """Each is refused with a reason, or all its texts are valid."""
    schemas, path, valid, refused = RandomSchemas(count), directory / "random.json", 0, 0
    for number in range(count):
        schema = schemas.next()
        path.write_text(json.dumps(schema))
        validator = jsonschema.Draft202012Validator(schema, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER)
        for seed in (number, number + 10000):
            done = generate(program, directory, f"--json-schema={path}", "-n", 300, "--temp=2", f"--seed={seed}")
            if done.returncode == 2 and done.stderr.startswith("error: ") and "not whole" not in done.stderr:
                refused += 1
                break
            wrong = problem_of(done.stdout, validator, True) if done.returncode == 0 else done.stderr
            problems.expect(wrong is None, f"{json.dumps(schema)}: {done.stdout!r}: {wrong}")
            valid += 1
    print(f"  {count} random schemas: {refused} refused, {valid} texts of the others")
    problems.expect(valid > count, f"only {valid} texts of {count} random schemas")


def test_grammars(program, directory, problems, texts):
    for grammar, pattern in GRAMMARS.items():
        path = directory / "grammar.gbnf"
        path.write_text(grammar + "\n")
        for seed in range(texts):
            done = generate(program, directory, f"--grammar={path}", "-n", 40, "--temp=1", f"--seed={seed}")
            ok = done.returncode == 0 and re.fullmatch(pattern, done.stdout[:-1])
            problems.expect(ok, f"{grammar!r}: {done.stdout!r} {done.stderr}")


def test_limits(program, directory, problems):
    """A text that can end in time does; one that cannot is an error."""
    path = directory / "tight.json"
    path.write_text(json.dumps({"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}))
    for limit in range(8, 20):
        done = generate(program, directory, f"--json-schema={path}", "-n", limit, "--temp=2", f"--seed={limit}")
        problems.expect(done.returncode == 0 and "a" in json.loads(done.stdout), f"-n {limit}: {done.stdout} {done.stderr}")
    done = generate(program, directory, f"--json-schema={path}", "-n", 2, "--greedy")
    problems.expect(done.returncode == 2 and "the text is not whole" in done.stderr, f"-n 2: {done.stderr}")


def test_prompts(program, directory, problems):
    """The default command: the constraint holds for the answer, not for the prompt."""
    path = directory / "answer.json"
    path.write_text(json.dumps(SCHEMAS["one_of"]))
    done = run(program, "--raw", "--quiet", "-p", "hello model", f"--json-schema={path}", "-n", 80, "--temp=1", "--seed=3")
    wrong = problem_of(done.stdout, jsonschema.Draft202012Validator(SCHEMAS["one_of"]), False)
    problems.expect(done.returncode == 0 and wrong is None, f"{done.stdout!r} {done.stderr} {wrong}")
    help_text = run(program, "--help").stdout
    problems.expect("--json-schema FILE" in help_text and "--grammar FILE" in help_text, help_text)


def test_messages(program, directory, problems):
    path = directory / "wrong.json"
    cases = ((["--json-schema"], '{"not": {}}', "schema at #/not: this keyword is not supported"),
             (["--json-schema"], '{"type": ', "schema:1:10: this is no JSON"),
             (["--grammar"], 'root ::= "a', "grammar:1:10: this text is not closed"))
    for option, text, message in cases:
        path.write_text(text)
        done = generate(program, directory, *option, path, "-n", 5)
        problems.expect(done.returncode == 2 and message in done.stderr and done.stderr.count("\n") == 1,
                        f"{text}: exit {done.returncode}: {done.stderr}")
    done = generate(program, directory, "--grammar", path, "--json-schema", path)
    problems.expect(done.returncode == 2 and "exclude each other" in done.stderr, done.stderr)
    done = generate(program, directory, "--grammar", directory / "missing")
    problems.expect(done.returncode == 2 and "cannot read" in done.stderr, done.stderr)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--lapidary", default=str(ROOT / "build" / "dev" / "bin" / "lapidary"))
    parser.add_argument("--texts", type=int, default=10, help="texts per schema")
    options = parser.parse_args()
    problems = Problems()
    with tempfile.TemporaryDirectory() as name:
        directory = pathlib.Path(name)
        program = compile_model(options.lapidary, directory, problems)
        start = time.monotonic()
        test_schemas(program, directory, problems, options.texts)
        print(f"  {time.monotonic() - start:.1f} s")
        test_random_schemas(program, directory, problems, 10 * options.texts)
        test_grammars(program, directory, problems, options.texts)
        test_limits(program, directory, problems)
        test_prompts(program, directory, problems)
        test_messages(program, directory, problems)
    problems.finish(least=80 * options.texts)


if __name__ == "__main__":
    main()
