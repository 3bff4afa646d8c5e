#!/usr/bin/env python3
"""Writes runtime/src/chat/UnicodeTables.inc: what Python's str.upper, lower and isprintable know about characters.

SPDX-License-Identifier: Apache-2.0

Chat templates are written for Python, so `| upper` and a printed list must treat characters as Python does. The runtime
has no Unicode library; these tables are a few kilobytes. Run it again when Python's Unicode version matters:

    tools/make-unicode-tables.py > runtime/src/chat/UnicodeTables.inc
"""
import unicodedata

CHARACTERS = range(0x110000)


def runs(predicate):
    """[first, last] of every run of characters for which predicate holds."""
    found = []
    for c in CHARACTERS:
        if predicate(chr(c)):
            if found and found[-1][1] == c - 1:
                found[-1][1] = c
            else:
                found.append([c, c])
    return found


def changes(change):
    """Runs (first, last, step, difference) of characters that change to one other, and those that become several."""
    single, several = [], []
    for c in CHARACTERS:
        text = change(chr(c))
        if text == chr(c):
            continue
        if len(text) > 1:
            several.append((c, [ord(t) for t in text] + [0] * (3 - len(text))))
            continue
        difference = ord(text) - c
        last = single[-1] if single else None
        if last and last[3] == difference and (c - last[1] == last[2] or (last[0] == last[1] and c - last[1] <= 2)):
            last[2] = c - last[1]
            last[1] = c
        else:
            single.append([c, c, 1, difference])
    return single, several


def table(name, kind, rows):
    print(f"constexpr {kind} {name}[] = {{")
    line = "   "
    for row in rows:
        numbers = [f"0x{v:X}" if v > 9 else str(v) for v in row]
        text = f" {{{numbers[0]}, {{{', '.join(numbers[1:])}}}}}," if kind == "CaseSeveral" else f" {{{', '.join(numbers)}}},"
        if len(line) + len(text) > 120:
            print(line)
            line = "   "
        line += text
    print(line + "\n};\n")


def main():
    print("// UnicodeTables.inc - character properties as Python has them, included by Text.cpp.")
    print("// SPDX-License-Identifier: Apache-2.0")
    print(f"// Made by tools/make-unicode-tables.py from Unicode {unicodedata.unidata_version}; do not edit.\n")
    table("Unprintable", "CharacterRange", runs(lambda c: not c.isprintable()))
    for name, change in (("Upper", str.upper), ("Lower", str.lower)):
        single, several = changes(change)
        table(name + "Runs", "CaseRun", single)
        table(name + "Several", "CaseSeveral", [[c] + to for c, to in several])
    titles = [(c, [ord(t) for t in chr(c).title()]) for c in CHARACTERS if chr(c).title() != chr(c).upper()]
    table("Titles", "CaseSeveral", [[c] + to + [0] * (3 - len(to)) for c, to in titles])


if __name__ == "__main__":
    main()
