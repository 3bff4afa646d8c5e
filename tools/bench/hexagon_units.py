"""Which units of a Hexagon packet an instruction takes, and the fewest packets that instructions fit.
SPDX-License-Identifier: Apache-2.0

A packet has four slots. HVX has four vector units: two multipliers, one for shifts (and for sums and conversions of qf32),
one that permutes lanes; what adds, compares or selects runs on any. A product of floats takes both multipliers. An aligned
load and a store may share a packet and take a unit each, whichever is free; an unaligned one is alone with memory and takes
the permute unit. The type of each instruction is what clang's hvx_hexagon_protos.h says, types and units are those of
Qualcomm's HVX reference manuals (80-N2040-44, section 3.3) as llvm-mc checks packets.
"""
import functools
import math
import pathlib
import re

PROTOTYPES = pathlib.Path("/usr/lib/llvm-22/lib/clang/22/include/hvx_hexagon_protos.h")
SLOTS = 4
UNITS = {  # type: (multipliers, shift, permute, any)
    "CVI_VA": (0, 0, 0, 1), "CVI_VA_DV": (0, 0, 0, 2), "CVI_VX": (1, 0, 0, 0), "CVI_VX_LATE": (1, 0, 0, 0),
    "CVI_VX_DV": (2, 0, 0, 0), "CVI_VS": (0, 1, 0, 0), "CVI_VS_VX": (1, 1, 0, 0), "CVI_VINLANESAT": (0, 1, 0, 0),
    "CVI_VP": (0, 0, 1, 0), "CVI_VP_VS": (0, 1, 1, 0)}


def pattern(text):
    """An instruction without its register numbers: V a vector, W a pair, Q a predicate, R a scalar."""
    text = re.sub(r"\b(v\d+:\d+|V(\w)\2(32)?)(?!\w)", "W", re.sub(r"^if \(.*?\) ", "", text))
    text = re.sub(r"\b(v\d+|V[dsuvxy]32)(?!\w)", "V", text)
    text = re.sub(r"\b(q\d|Q[dstuvx]4)(?!\w)", "Q", text)
    text = re.sub(r"\b(r\d+(:\d+)?|R\w+)(?!\w)", "R", text)
    return re.sub(r"#\S+?(?=[,)])", "#", text).replace(" ", "")


@functools.cache
def types():
    """{pattern: type} of all instructions of HVX that have an intrinsic."""
    found = re.findall(r"Assembly Syntax:\s+(.+?)\n.*\n\s+Instruction Type:\s+(\w+)", PROTOTYPES.read_text())
    return {pattern(syntax): kind for syntax, kind in found}


def units(text):
    """(multipliers, shift, permute, any) of an instruction; all 0 for scalar ones."""
    if "vmemu(" in text:
        return 0, 0, 1, 0
    if "vmem(" in text:
        return (0, 0, 0, 0) if re.search(r"\.tmp\b|\.new$", text) else (0, 0, 0, 1)
    if not re.search(r"\b[vq]\d", text):
        return 0, 0, 0, 0
    return UNITS.get(types().get(pattern(text), "CVI_VA"), (0, 0, 0, 1))


def fewest(instructions):
    """{what limits: packets} that `instructions` need at least, were none to wait for another."""
    multipliers, shift, permute, free = (sum(column) for column in zip(*map(units, instructions)))
    unaligned = sum("vmemu(" in text for text in instructions)
    memory = sum(bool(re.search(r"\bmem\w*\(|vmem\(", text)) for text in instructions)
    vectors = [text for text in instructions if "vmem(" in text]
    stores = sum(bool(re.match(r"(if \(.*?\) )?vmem\(", text)) for text in vectors)
    pairs = max(math.ceil(memory / 2), stores, len(vectors) - stores)
    return {"slots": math.ceil(len(instructions) / SLOTS), "multipliers": math.ceil(multipliers / 2), "shift unit": shift,
            "permute unit": permute, "vector units": math.ceil((multipliers + shift + permute + free) / 4),
            "memory": unaligned + pairs}
