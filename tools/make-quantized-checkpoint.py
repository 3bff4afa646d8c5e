#!/usr/bin/env python3
"""Rewrites a plain checkpoint in one of the quantized formats that Gemma 4 is released in, rounded to nearest.
SPDX-License-Identifier: Apache-2.0

    tools/make-quantized-checkpoint.py mobile examples/tiny-gemma4 /tmp/tiny-mobile --input-step 0.05
    tools/make-quantized-checkpoint.py packed examples/tiny-gemma4 /tmp/tiny-packed

For tests and for trying things out: the layout is exact (docs/quantized-checkpoints.md), the quality is not that of a model
trained for it. Static ranges are the same everywhere; 0 means none. Needs numpy.
"""
import argparse
import json
import pathlib
import shutil
import struct

import numpy

# BF16, the upper half of an F32, is kept as U16: no tensor of these checkpoints is U16
TYPES = {"BF16": numpy.uint16, "F32": numpy.float32, "U8": numpy.uint8, "I8": numpy.int8, "I32": numpy.int32,
         "I64": numpy.int64}
NAMES = {numpy.dtype(value): key for key, value in TYPES.items()}
GROUP = 32

# (part of the module's name, regular expression of the rule, bits); the first that fits counts
MOBILE = [("lm_head", "^lm_head$", 2), ("embed_tokens_per_layer", r"embed_tokens_per_layer$", 4),
          ("embed_tokens", r"embed_tokens$", 4), ("per_layer_input_gate", "per_layer_input_gate$", 8),
          ("per_layer_projection", "per_layer_projection$", 8), ("mlp.down_proj", r"mlp\.down_proj$", 2),
          ("mlp.", r"mlp\.", 4), ("self_attn.", r"self_attn\.", 4)]
PLAIN = ["per_layer_model_projection", "router.proj"]


def widened(values):
    return (values.astype(numpy.uint32) << 16).view(numpy.float32) if values.dtype == numpy.uint16 else values


def to_bf16(values):
    """The nearest BF16, ties to even."""
    bits = values.astype(numpy.float32).view(numpy.uint32)
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype(numpy.uint16)


def read_checkpoint(directory):
    """Name -> array, of every shard."""
    tensors = {}
    for path in sorted(directory.glob("model*.safetensors")):
        data = path.read_bytes()
        size = struct.unpack("<Q", data[:8])[0]
        for name, entry in json.loads(data[8:8 + size]).items():
            if name != "__metadata__":
                begin, end = (8 + size + offset for offset in entry["data_offsets"])
                tensors[name] = numpy.frombuffer(data[begin:end], TYPES[entry["dtype"]]).reshape(entry["shape"])
    return tensors


def write_checkpoint(path, tensors):
    header, begin = {"__metadata__": {"format": "pt"}}, 0
    for name, values in tensors.items():
        header[name] = {"dtype": NAMES[values.dtype], "shape": list(values.shape),
                        "data_offsets": [begin, begin + values.nbytes]}
        begin += values.nbytes
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for values in tensors.values():
            file.write(numpy.ascontiguousarray(values).tobytes())


def round_to(values, scale, bits):
    half = 1 << (bits - 1)
    return numpy.clip(numpy.rint(values / scale), -half, half - 1).astype(numpy.int64)


def scale_of(values, bits):
    """Largest magnitude of the last axis on the grid's positive end; 1 for a row of zeros. 2 bits are -2..1."""
    largest = numpy.abs(values).max(axis=-1, keepdims=True) / max((1 << (bits - 1)) - 1, 1.5)
    return numpy.where(largest > 0, largest, 1).astype(numpy.float32)


def pack(integers, bits, unit):
    """[rows, columns] integers as offset binary in `unit`-bit words, the first in the low bits, padded with zeros."""
    per_word = unit // bits
    fields = (integers + (1 << (bits - 1))).astype(numpy.uint64)
    fields = numpy.pad(fields, ((0, 0), (0, -fields.shape[1] % per_word)))
    shifts = numpy.arange(per_word, dtype=numpy.uint64) * numpy.uint64(bits)
    return (fields.reshape(len(fields), -1, per_word) << shifts).sum(axis=-1, dtype=numpy.uint64)


def mobile_module(module, values, bits, options, layers):
    table = "embed_tokens" in module
    blocks = layers if "per_layer" in module and table else 1
    cut = values.reshape(len(values), blocks, -1)
    scale = scale_of(cut, bits)
    integers = round_to(cut, scale, bits).reshape(values.shape)
    stored = integers.astype(numpy.int8) if bits == 8 else pack(integers, bits, 8).astype(numpy.uint8)
    yield module + (".embedding_quantized" if table else ".weight"), stored
    yield module + (".embedding_scale" if table else ".weight_scale"), scale.reshape(len(values), blocks)
    if not table:
        yield module + ".input_activation_scale", numpy.array(options.input_step, numpy.float32)
        yield module + ".output_activation_scale", numpy.array(options.output_step, numpy.float32)


def packed_module(module, values, bits):
    rows, columns = values.shape
    if bits == 4 and columns % GROUP:
        raise SystemExit(f"{module} has rows of {columns} values, expected a multiple of {GROUP} for this format")
    cut = values.reshape(rows, -1, GROUP) if bits == 4 else values.reshape(rows, 1, columns)
    scale = to_bf16(scale_of(cut, bits))
    integers = round_to(cut, widened(scale), bits).reshape(values.shape)
    yield module + ".weight_packed", pack(integers, bits, 32).astype(numpy.uint32).view(numpy.int32)
    yield module + ".weight_scale", scale.reshape(rows, -1)
    yield module + ".weight_shape", numpy.array(values.shape, numpy.int64)


def mobile_bits(module):
    return next((bits for part, _, bits in MOBILE if part in module), 4)


def convert(tensors, options, layers):
    for name, values in tensors.items():
        module = name.removesuffix(".weight")
        matrix = values.ndim == 2 and (".layers." in name or "embed_tokens" in name or "per_layer" in name or
                                       module == "lm_head") and "_tower" not in name
        wide = widened(values) if matrix else None
        if not matrix or (options.format == "mobile" and module.endswith(tuple(PLAIN))):
            yield name, values
        elif options.format == "mobile":
            yield from mobile_module(module, wide, mobile_bits(module), options, layers)
        elif "embed_tokens" in module or module == "lm_head" or module.endswith("router.proj"):
            yield name, values
        else:
            yield from packed_module(module, wide, 8 if "per_layer" in module else 4)


def rules(options, tensors):
    if options.format == "mobile":
        used = [(text, bits) for part, text, bits in MOBILE if any(part in name for name in tensors)]
        plain = [module for module in PLAIN if any(module in name for name in tensors)]
        return {"quant_method": "gemma", "num_bits": 4, "quantize_embeddings": True, "modules_to_not_convert": plain,
                "module_quant_configs": {text: {"num_bits": bits} for text, bits in used}}
    common = {"type": "int", "symmetric": True, "dynamic": False}
    group = {"targets": ["Linear"], "input_activations": None, "output_activations": None,
             "weights": {**common, "num_bits": 4, "strategy": "group", "group_size": GROUP}}
    groups = {"group_0": group}
    if any("per_layer" in name for name in tensors):
        groups["group_1"] = {**group, "targets": ["re:.*per_layer_.*"],
                             "weights": {**common, "num_bits": 8, "strategy": "channel", "group_size": None}}
    routers = ["re:.*router\\.proj"] if any("router.proj" in name for name in tensors) else []
    return {"quant_method": "compressed-tensors", "format": "pack-quantized", "quantization_status": "compressed",
            "ignore": ["lm_head", "re:.*embed_tokens.*", *routers], "config_groups": groups}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("format", choices=["mobile", "packed"])
    parser.add_argument("checkpoint", type=pathlib.Path)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--input-step", type=float, default=0, help="static range of every matrix's input (mobile)")
    parser.add_argument("--output-step", type=float, default=0, help="the same of its output")
    parser.add_argument("--cache-step", type=float, default=0, help="static range of keys and values")
    options = parser.parse_args()
    config = json.loads((options.checkpoint / "config.json").read_text())
    text = config.get("text_config", config)
    layers = text["num_hidden_layers"]
    tensors = read_checkpoint(options.checkpoint)
    prefix = "model.language_model." if "text_config" in config else "model."
    if options.format == "mobile":  # these have a head of their own
        tensors.setdefault("lm_head.weight", tensors[prefix + "embed_tokens.weight"])
        config["tie_word_embeddings"] = text["tie_word_embeddings"] = False
    config["quantization_config"] = rules(options, tensors)
    quantized = dict(convert(tensors, options, layers))
    for layer in range(layers if options.format == "mobile" else 0):
        for side in "kv":
            name = f"{prefix}layers.{layer}.self_attn.{side}_cache_scale"
            quantized[name] = numpy.array(options.cache_step, numpy.float32)
    options.out.mkdir(parents=True, exist_ok=True)
    for path in options.checkpoint.iterdir():  # tokenizer, chat template, generation defaults
        if path.is_file() and not path.name.startswith(("model", "reference", "config.json")):
            shutil.copy(path, options.out)
    (options.out / "config.json").write_text(json.dumps(config, indent=1))
    write_checkpoint(options.out / "model.safetensors", quantized)


if __name__ == "__main__":
    main()
