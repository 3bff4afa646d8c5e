#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Fails when an op, type, attribute, interface or dialect lacks documentation.

Reads the records that TableGen itself sees (`llvm-tblgen --dump-json`), not the text, so classes and inherited fields
count. Rules: a summary of at most 80 characters; a description; an example (```mlir) for everything but interfaces.

usage: check-op-docs.py --tblgen=mlir-tblgen -I DIR... FILE.td...
"""
import argparse
import json
import subprocess
import sys

# superclass -> (what it is called, where its name lies, whether it needs a summary and an example)
KINDS = {
    "Op": ("op", "opName", True),
    "TypeDef": ("type", "mnemonic", True),
    "AttrDef": ("attribute", "mnemonic", True),
    "Dialect": ("dialect", "name", True),
    "OpInterface": ("interface", "cppInterfaceName", False),
    "TypeInterface": ("interface", "cppInterfaceName", False),
}
PREFIXES = ("Gemma_", "Kernel_")
MAX_SUMMARY = 80


def load(tblgen, includes, path):
    command = [tblgen, "--dump-json", path] + [f"-I{directory}" for directory in includes]
    result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode != 0:
        sys.exit(f"{path}: {result.stderr}")
    return json.loads(result.stdout)


def problems_of(kind, strict, record):
    """Yields what is missing of one record."""
    summary = (record.get("summary") or "").strip()
    description = (record.get("description") or "").strip()
    if strict and not summary:
        yield "has no summary"
    if len(summary) > MAX_SUMMARY:
        yield f"has a summary of {len(summary)} characters, expected at most {MAX_SUMMARY}"
    if not description:
        yield "has no description"
    elif strict and "```mlir" not in description:
        yield "has no example (```mlir) in its description"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tblgen", default="llvm-tblgen")
    parser.add_argument("-I", dest="includes", action="append", default=[])
    parser.add_argument("files", nargs="+")
    arguments = parser.parse_args()

    checked, failures = set(), []
    for path in arguments.files:
        records = load(arguments.tblgen, arguments.includes, path)
        for superclass, (kind, name_field, strict) in KINDS.items():
            for name in records["!instanceof"].get(superclass, []):
                if name in checked or not name.startswith(PREFIXES):
                    continue
                checked.add(name)
                record = records[name]
                for problem in problems_of(kind, strict, record):
                    failures.append(f"{path}: {kind} {record.get(name_field) or name} {problem}")
    if not checked:
        failures.append("found nothing to check")
    print("\n".join(failures) if failures else f"{len(checked)} definitions are documented")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
