"""Reads a checkpoint whose matrices are integers, for the end-to-end tests; docs/quantized-checkpoints.md has the format.
SPDX-License-Identifier: Apache-2.0

Independent of the compiler: widths come from config.json's rules, integers from the file. Handles what the test data has
(quant_method "gemma", and compressed-tensors without whole names as targets), not every checkpoint the compiler reads.
"""
import dataclasses
import json
import pathlib
import re

import ml_dtypes  # noqa: F401  (lets safetensors return BF16)
import numpy
from safetensors.numpy import load_file


@dataclasses.dataclass
class Quantized:
    """One matrix or table: value = integer * scale of its row and block; its input and output are rounded to steps."""
    integers: numpy.ndarray  # [rows, columns], int8
    scales: numpy.ndarray    # [rows, blocks], f32 or bf16 as stored; a block is columns / blocks neighbours
    input_step: float = 0.0  # 0: not rounded
    output_step: float = 0.0

    def values(self):
        """[rows, columns], f64: exact, since integers have 8 bits and scales at most 24."""
        block = self.integers.shape[1] // self.scales.shape[1]
        return self.integers * numpy.repeat(self.scales.astype(numpy.float64), block, axis=1)


@dataclasses.dataclass
class QuantizedCheckpoint:
    config: dict   # all of config.json
    plain: dict    # tensor name -> array
    modules: dict  # name of the tensor that holds the integers -> Quantized


def unpacked(stored, bits, columns):
    """[rows, columns] from rows of bytes or words with the first value in the lowest bits, stored + 2^(bits - 1)."""
    fields = stored.view(numpy.uint8)  # little endian: a word's fields are those of its bytes, in order
    shifts = numpy.arange(0, 8, bits, dtype=numpy.uint8)
    fields = (fields[:, :, None] >> shifts & ((1 << bits) - 1)).reshape(len(stored), -1)
    return (fields[:, :columns].astype(numpy.int16) - (1 << (bits - 1))).astype(numpy.int8)


def rule_bits(quantization, module):
    """The first rule that is found in the module's name counts."""
    rules = quantization["module_quant_configs"].items()
    return next((rule["num_bits"] for pattern, rule in rules if re.search(pattern, module)), quantization["num_bits"])


def logical_columns(config, tensors, module):
    """The bytes of a row may be padded, so its length follows from what feeds the matrix."""
    text = config.get("text_config", config)
    parent, _, leaf = module.rpartition(".")
    feeds = {"down_proj": "gate_proj", "o_proj": "q_proj"}.get(leaf)
    if feeds is not None:
        return len(tensors[f"{parent}.{feeds}.weight_scale"])
    width = text.get("hidden_size_per_layer_input")
    own = {"embed_tokens_per_layer": text["num_hidden_layers"] * (width or 0), "per_layer_projection": width}
    return own.get(leaf, text["hidden_size"])


def mobile_module(config, tensors, module, stored):
    bits = rule_bits(config["quantization_config"], module)
    integers = stored if bits == 8 else unpacked(stored, bits, logical_columns(config, tensors, module))
    if module + ".embedding_scale" in tensors:
        return Quantized(integers, tensors[module + ".embedding_scale"])
    steps = (float(tensors.get(f"{module}.{side}_activation_scale", 0)) for side in ("input", "output"))
    return Quantized(integers, tensors[module + ".weight_scale"], *steps)


def group_bits(quantization, module):
    """Regular expressions, which match from the start, count before the class of all matrices."""
    targets = {target: group["weights"]["num_bits"]
               for group in quantization["config_groups"].values() for target in group["targets"]}
    named = (bits for target, bits in targets.items() if target.startswith("re:") and re.match(target[3:], module))
    return next(named, targets["Linear"])


def packed_module(config, tensors, module, stored):
    bits, columns = group_bits(config["quantization_config"], module), int(tensors[module + ".weight_shape"][1])
    return Quantized(unpacked(stored, bits, columns), tensors[module + ".weight_scale"])


def read_quantized(directory):
    directory = pathlib.Path(directory)
    config = json.loads((directory / "config.json").read_text())
    tensors = load_file(directory / "model.safetensors")
    mobile = config["quantization_config"]["quant_method"] == "gemma"
    plain, modules = {}, {}
    for name, stored in tensors.items():
        module, _, leaf = name.rpartition(".")
        if leaf in ("embedding_quantized", "weight_packed") or module + ".weight_scale" in tensors and leaf == "weight":
            modules[name] = (mobile_module if mobile else packed_module)(config, tensors, module, stored)
        elif leaf in ("k_cache_scale", "v_cache_scale") or not leaf.endswith(("_scale", "_shape")):
            plain[name] = stored
    return QuantizedCheckpoint(config, plain, modules)
