"""Every integer and scale of a quantized checkpoint, found again in the compiled program's weights, bit for bit.
SPDX-License-Identifier: Apache-2.0

Unpacks the weight segment by the layouts that runtime/include/lapidary/ProgramAbi.h describes, written here once more from
its words, and compares with the checkpoint as quantized_checkpoint.py reads it. The places of the weights come from the
module after the plan phase. Covers the formats w2, w4 and w8 with a scale per row, w4 and w8 in groups, tables, matrices
that are stacked into one, and rows and columns that are padded.
"""
import json
import pathlib
import re
import sys
import tempfile

import ml_dtypes  # noqa: F401  (lets safetensors return BF16)
import numpy
from safetensors.numpy import load_file, save_file

from driver import FIXTURES, QUANTIZED_FIXTURES, ROOT, SHARED_MODELS, Problems, arguments, run
from quantized_checkpoint import read_quantized

TILE, PAD, GROUP = 16, 32, 32
PACKED = re.compile(r'kernel\.packed_weight @\S+ sources \[(?P<sources>[^\]]*)\].* : !kernel\.packed<'
                    r'(?P<rows>\d+)x(?P<columns>\d+), <(?P<format>\w+)(?:, group = (?P<group>\d+))?(?P<rest>[^>]*)>, '
                    r'"(?P<layout>\w+)"> offset (?P<offset>\d+)')


def padded(size, multiple):
    return -(-size // multiple) * multiple


def fields_of(stored, bits):
    """[.., 8 / bits]: the integers of every byte, the lowest bits first, without their offset."""
    shifts = numpy.arange(0, 8, bits, dtype=numpy.uint8)
    return (stored[..., None] >> shifts & ((1 << bits) - 1)).astype(numpy.int16) - (1 << (bits - 1))


def row_matrix(segment, rows, columns, bits):
    """Tiles of 16 rows: float scale[16], then bytes [blocks][16 rows][4] of 4 * F columns each."""
    fields = 8 // bits
    data = segment[:rows // TILE * (TILE * 4 + columns * TILE // fields)].reshape(rows // TILE, -1)
    scales = data[:, :TILE * 4].copy().view("<f4").reshape(rows, 1)
    blocks = data[:, TILE * 4:].reshape(-1, columns // (4 * fields), TILE, 4)
    return fields_of(blocks, bits).transpose(0, 2, 1, 4, 3).reshape(rows, columns), scales


def group_matrix(segment, rows, columns, bits):
    """Tiles of 16 rows; per group of 32 columns bf16 scale[16], then bytes [blocks of 4 columns][16 rows][4]."""
    blocks = GROUP * bits // 8 // 4
    data = segment[:rows * columns // GROUP * (2 + GROUP * bits // 8)].reshape(rows // TILE, columns // GROUP, -1)
    scales = data[:, :, :TILE * 2].copy().view("<u2").transpose(0, 2, 1).reshape(rows, -1)
    integers = fields_of(data[:, :, TILE * 2:].reshape(-1, columns // GROUP, blocks, TILE, 4), bits)
    return integers.transpose(0, 3, 1, 5, 2, 4).reshape(rows, columns), scales


def row_table(segment, rows, columns, bits, blocks):
    """Rows 32-byte aligned: float scale[blocks], then the integers in order."""
    stride = padded(blocks * 4 + columns * bits // 8, 32)
    data = segment[:rows * stride].reshape(rows, stride)
    scales = data[:, :blocks * 4].copy().view("<f4")
    return fields_of(data[:, blocks * 4:blocks * 4 + columns * bits // 8], bits).reshape(rows, columns), scales


def unpacked_weight(segment, found, sources):
    """Integers [padded rows, padded columns] and scales of one packed weight."""
    bits, columns = int(found["format"][1:]), padded(int(found["columns"]), PAD)
    segment = segment[int(found["offset"]):]
    if found["layout"] == "rows":
        return row_table(segment, int(found["rows"]), columns, bits, sources[0].scales.shape[1])
    if found["layout"] != "tiles16":
        raise ValueError(f"no test knows integers in the layout {found['layout']}")
    rows = padded(int(found["rows"]), PAD)
    return (group_matrix if found["group"] else row_matrix)(segment, rows, columns, bits)


def widened(scales):
    """F32 bits; a BF16 is the upper half of an F32."""
    if scales.dtype.itemsize == 4:
        return scales.view("<u4")
    return scales.view("<u2").astype("<u4") << 16


def same_scales(packed, stored):
    """A group larger than the program's repeats its scale."""
    wanted = numpy.repeat(widened(stored), packed.shape[1] // stored.shape[1], axis=1)
    return numpy.array_equal(widened(packed), wanted)


def check_weight(name, segment, found, sources, problems):
    integers, scales = unpacked_weight(segment, found, sources)
    covered, row = numpy.zeros(integers.shape, bool), 0
    for source in sources:
        rows, columns = source.integers.shape
        place = slice(row, row + rows)
        problems.expect(numpy.array_equal(integers[place, :columns], source.integers), f"{name}: integers differ")
        problems.expect(same_scales(scales[place], source.scales), f"{name}: scales differ")
        covered[place, :columns] = True
        row += padded(rows, PAD)
    counts = (integers != 0) & numpy.repeat(scales != 0, integers.shape[1] // scales.shape[1], axis=1)
    problems.expect(not counts[~covered].any(), f"{name}: the padding is not zero")
    return sum(source.integers.size for source in sources), int((~covered).sum())


def expected_names(checkpoint):
    """Keys and values of layers that share them are in the file and never used."""
    text = checkpoint.config.get("text_config", checkpoint.config)
    first = text["num_hidden_layers"] - (text.get("num_kv_shared_layers") or 0)
    dead = re.compile(r"layers\.(\d+)\.self_attn\.[kv]_proj\.")
    return {name for name in checkpoint.modules if not ((m := dead.search(name)) and int(m[1]) >= first)}


def check_model(lapidary, model, directory, problems):
    """Returns the formats found, as 'format/group/layout'."""
    program, weights, phases = directory / "program", directory / "weights", directory / "phases"
    done = run(lapidary, "compile", model, "-o", program, f"--split-weights={weights}", f"--dump-phases={phases}",
               "--context=128", "--progress=none", "-q")
    if not problems.expect(done.returncode == 0, f"{model.name}: compile exit {done.returncode}: {done.stderr}"):
        return set()
    checkpoint = read_quantized(model)
    segment = numpy.frombuffer(weights.read_bytes(), numpy.uint8)
    seen, kinds, compared, padding, stacked = set(), set(), 0, 0, 0
    for found in PACKED.finditer((phases / "6-plan.mlir").read_text()):
        names = [name.strip().strip('@"') for name in found["sources"].split(",")]
        if not set(names) & set(checkpoint.modules):
            continue
        sources = [checkpoint.modules[name] for name in names]
        counts = check_weight(f"{model.name}: {' + '.join(names)}", segment, found, sources, problems)
        compared, padding = compared + counts[0], padding + counts[1]
        seen.update(names)
        stacked += len(names) > 1
        kinds.add(f"{found['format']}{'g' if found['group'] else ''} {found['layout']}")
    wanted = expected_names(checkpoint)
    problems.expect(seen == wanted, f"{model.name}: not in the program: {sorted(wanted - seen)}; {sorted(seen - wanted)}")
    print(f"  {model.name}: {compared} integers of {len(seen)} tensors compared ({stacked} stacks, {padding} of padding; "
          f"{', '.join(sorted(kinds))})")
    problems.expect(stacked > 0, f"{model.name}: no stack was checked")
    return kinds | ({"padding"} if padding else set())


def converted(kind, plain, directory, problems):
    """A plain checkpoint as tools/make-quantized-checkpoint.py rewrites it."""
    out = directory / f"{kind}-{plain.name}"
    done = run(sys.executable, ROOT / "tools" / "make-quantized-checkpoint.py", kind, plain, out)
    problems.expect(done.returncode == 0, f"converting {plain.name}: {done.stderr}")
    return out


def regrouped(directory):
    """ct_w4a16 with 8-bit attention in groups of 64: what no fixture has. The integers are arbitrary."""
    source, out = QUANTIZED_FIXTURES / "ct_w4a16", directory / "w8-groups-of-64"
    out.mkdir()
    config = json.loads((source / "config.json").read_text())
    groups, random = config["quantization_config"]["config_groups"], numpy.random.default_rng(1)
    weights = {**groups["group_0"]["weights"], "num_bits": 8, "group_size": 64}
    groups["attention"] = {**groups["group_0"], "targets": ["re:.*self_attn.*"], "weights": weights}
    tensors = load_file(source / "model.safetensors")
    for name in [name for name in tensors if "self_attn" in name and name.endswith("weight_packed")]:
        rows, words = tensors[name].shape
        tensors[name] = random.integers(0, 256, (rows, words * 8), numpy.uint8).view(numpy.int32)
        scale = name.replace("_packed", "_scale")
        tensors[scale] = numpy.ascontiguousarray(tensors[scale][:, ::2])
    save_file(tensors, out / "model.safetensors")
    (out / "config.json").write_text(json.dumps(config))
    return out


def main():
    options, problems = arguments(), Problems()
    kinds = set()
    with tempfile.TemporaryDirectory() as name:
        directory = pathlib.Path(name)
        models = sorted(path.parent for path in QUANTIZED_FIXTURES.glob("*/config.json"))
        models.append(converted("mobile", FIXTURES / "moe_f32", directory, problems))  # 88 columns, 66 rows
        models.append(converted("packed", ROOT / "examples" / "tiny-gemma4", directory, problems))  # w8, a scale per row
        models.append(regrouped(directory))
        released = SHARED_MODELS / "edge-mobile"
        models += [released] if released.is_dir() else []
        if not released.is_dir():
            print(f"  {released} does not exist: skipped")
        for number, model in enumerate(m for m in models if options.only in m.name):
            place = directory / str(number)
            place.mkdir()
            kinds |= check_model(options.lapidary, model, place, problems)
    expected = {"w2 rows", "w4 rows", "w2 tiles16", "w4 tiles16", "w8 tiles16", "w4g tiles16", "w8g tiles16", "padding"}
    problems.expect(bool(options.only) or kinds >= expected, f"nothing had {sorted(expected - kinds)}")
    problems.finish(least=5)


if __name__ == "__main__":
    main()
