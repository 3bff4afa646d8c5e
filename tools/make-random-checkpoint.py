#!/usr/bin/env python3
"""Writes a checkpoint of a released Gemma 4 shape with random weights, to check sizes, memory and speed by hand.
SPDX-License-Identifier: Apache-2.0

    tools/make-random-checkpoint.py E2B /tmp/e2b-4 --layers 4 --tensors DIR/E2B.tsv
    lapidary compile /tmp/e2b-4 -o /tmp/e2b --quant=w4
    tools/make-random-checkpoint.py E2B /tmp/e2b-mobile --mobile

The tensor list is a file of lines `name<TAB>[d0, d1, ..]` (test/data/tensor-lists has them for the four sizes). Only the
text tensors are written, plus what --layers keeps. Values are one block of random bf16 reused for all tensors: packing
and kernels do not care, and a 60 GB checkpoint is written at disk speed. The output means nothing. --mobile writes the form
of the released mobile checkpoints (docs/quantized-checkpoints.md) with their widths: random integers, a scale per row, per
layer for the per-layer embeddings, and the same static ranges everywhere.
"""
import argparse
import functools
import json
import pathlib
import re
import struct

import numpy

ROOT = pathlib.Path(__file__).resolve().parent.parent
SHARD_BYTES = 5 << 30  # as transformers writes them
BLOCK = 1 << 24        # values in the reused block

COMMON = {"vocab_size": 262144, "num_hidden_layers": 0, "rms_norm_eps": 1e-6, "final_logit_softcapping": 30.0,
          "hidden_activation": "gelu_pytorch_tanh", "max_position_embeddings": 131072, "head_dim": 256,
          "global_head_dim": 512, "tie_word_embeddings": True, "model_type": "gemma4_text", "pad_token_id": 0,
          "eos_token_id": 1, "bos_token_id": 2, "vocab_size_per_layer_input": 262144,
          "hidden_size_per_layer_input": 0, "attention_k_eq_v": False, "num_kv_shared_layers": 0,
          "enable_moe_block": False, "use_double_wide_mlp": False,
          "rope_parameters": {"sliding_attention": {"rope_type": "default", "rope_theta": 10000.0},
                              "full_attention": {"rope_type": "proportional", "partial_rotary_factor": 0.25,
                                                 "rope_theta": 1000000.0}}}

# layers, pattern period (the last of each period is full attention), and what differs (gemma4-spec 1.2)
SIZES = {
    "E2B": (35, 5, {"hidden_size": 1536, "intermediate_size": 6144, "num_attention_heads": 8, "num_key_value_heads": 1,
                    "sliding_window": 512, "hidden_size_per_layer_input": 256, "num_kv_shared_layers": 20,
                    "use_double_wide_mlp": True}),
    "E4B": (42, 6, {"hidden_size": 2560, "intermediate_size": 10240, "num_attention_heads": 8,
                    "num_key_value_heads": 2, "sliding_window": 512, "hidden_size_per_layer_input": 256,
                    "num_kv_shared_layers": 18}),
    "26B-A4B": (30, 6, {"hidden_size": 2816, "intermediate_size": 2112, "num_attention_heads": 16,
                        "num_key_value_heads": 8, "num_global_key_value_heads": 2, "sliding_window": 1024,
                        "attention_k_eq_v": True, "enable_moe_block": True, "num_experts": 128, "top_k_experts": 8,
                        "moe_intermediate_size": 704, "max_position_embeddings": 262144}),
    "31B": (60, 6, {"hidden_size": 5376, "intermediate_size": 21504, "num_attention_heads": 32,
                    "num_key_value_heads": 16, "num_global_key_value_heads": 4, "sliding_window": 1024,
                    "attention_k_eq_v": True, "max_position_embeddings": 262144}),
}


def text_config(size, layers):
    released, period, differences = SIZES[size]
    config = {**COMMON, **differences, "num_hidden_layers": layers}
    kinds = ["full_attention" if (i + 1) % period == 0 else "sliding_attention" for i in range(layers)]
    kinds[-1] = "full_attention"
    config["layer_types"] = kinds
    config["num_kv_shared_layers"] = max(0, layers - (released - config["num_kv_shared_layers"]))
    return config


def read_tensor_list(path):
    for line in pathlib.Path(path).read_text().splitlines():
        if "\t" in line:
            name, shape = line.split("\t")[:2]
            yield name, json.loads(shape)


def choose(tensors, config, released, period):
    """The text tensors of the first layers, PLE tables cut to their width. The last layer of a model attends to
    everything, so where the cut falls on a sliding layer, the first full one takes its place."""
    prefix = "model.language_model.layers."
    layers = config["num_hidden_layers"]
    last = layers - 1 if layers % period == 0 else period - 1
    for name, shape in tensors:
        if not name.startswith("model.language_model."):
            continue
        match = re.match(re.escape(prefix) + r"(\d+)\.(.*)", name)
        if match:
            layer = int(match[1])
            if layer == last:
                name = f"{prefix}{layers - 1}.{match[2]}"
            elif layer >= layers - 1:
                continue
        if name.endswith(("embed_tokens_per_layer.weight", "per_layer_model_projection.weight")):
            axis = 1 if "embed" in name else 0
            shape = list(shape)
            shape[axis] = shape[axis] // released * layers
        yield name, list(shape)


# The rules of the released mobile checkpoints: patterns are searched in module names, the first that matches decides.
MOBILE_RULES = {
    "E2B": {"^lm_head$": 2, r"language_model\.embed_tokens$": 2, r"language_model\.embed_tokens_per_layer$": 4,
            r"layers\.(\d|1[0-4])\.mlp\.": 4, r"layers\.\d+\.mlp\.": 2, "per_layer_input_gate$": 8,
            "per_layer_projection$": 8, r"self_attn\.": 4},
    "E4B": {"^lm_head$": 4, r"language_model\.embed_tokens$": 4, r"language_model\.embed_tokens_per_layer$": 2,
            r"mlp\.": 4, "per_layer_input_gate$": 8, "per_layer_projection$": 8, r"self_attn\.": 4},
}
MOBILE_PLAIN = "per_layer_model_projection"
BYTES = {"BF16": 2, "F32": 4, "U8": 1, "I8": 1}


def quantize(size, tensors, config):
    """The tensors of a plain checkpoint in the mobile form; lm_head is a matrix of its own there."""
    for name, dtype, shape in list(tensors) + [("lm_head.weight", "BF16", [config["vocab_size"], config["hidden_size"]])]:
        module, _, leaf = name.rpartition(".")
        bits = next((bits for rule, bits in MOBILE_RULES[size].items() if re.search(rule, module)), None)
        if leaf != "weight" or len(shape) != 2 or bits is None or module.endswith(MOBILE_PLAIN):
            yield name, dtype, shape
            continue
        packed = "I8" if bits == 8 else "U8", [shape[0], shape[1] * bits // 8]
        if "embed_tokens" in module:
            blocks = config["num_hidden_layers"] if "per_layer" in module else 1
            yield (module + ".embedding_quantized", *packed)
            yield module + ".embedding_scale", "F32", [shape[0], blocks]
            continue
        yield (name, *packed)
        yield module + ".weight_scale", "F32", [shape[0], 1]
        for side in ("input", "output"):
            yield f"{module}.{side}_activation_scale", "F32", []
        if module.endswith("k_proj"):
            for cache in "kv":
                yield f"{module[:-len('k_proj')]}{cache}_cache_scale", "F32", []


def shards_of(tensors):
    shards, used = [[]], 0
    for name, dtype, shape in tensors:
        size = BYTES[dtype] * int(numpy.prod(shape, dtype=numpy.int64))
        if used and used + size > SHARD_BYTES:
            shards.append([])
            used = 0
        shards[-1].append((name, dtype, shape, size))
        used += size
    return shards


def random_block(seed):
    """bf16 values with a standard deviation of 0.02."""
    values = numpy.random.default_rng(seed).standard_normal(BLOCK, dtype=numpy.float32) * 0.02
    return (values.view(numpy.uint32) >> 16).astype(numpy.uint16)


@functools.cache
def random_bytes():
    """Integers of any width, all equally likely."""
    return numpy.random.default_rng(2).integers(0, 256, BLOCK, dtype=numpy.uint8)


def content(name, dtype, size, block, offset):
    """Bytes of one tensor: norms and scalars near 1, scales that keep values there, everything else random."""
    if dtype == "F32":
        value = 0.02 if name.endswith(("weight_scale", "embedding_scale")) else 0.04
        yield numpy.full(size // 4, value, dtype=numpy.float32).tobytes()
        return
    if name.endswith(("norm.weight", "_scalar", ".scale", "per_expert_scale")) or "layernorm" in name:
        yield numpy.full(size // 2, 0x3F80, dtype=numpy.uint16).tobytes()
        return
    if dtype != "BF16":
        block = None if block is None else random_bytes()
    left = size // BYTES[dtype]
    while left and block is not None:
        piece = block[offset % BLOCK:][:left]
        offset = 0
        left -= len(piece)
        yield piece.tobytes()


def write_shard(path, tensors, block):
    header, begin = {}, 0
    for name, dtype, shape, size in tensors:
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [begin, begin + size]}
        begin += size
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for number, (name, dtype, _, size) in enumerate(tensors):
            end = file.tell() + size
            for piece in content(name, dtype, size, block, number * 7919):
                file.write(piece)
            file.seek(end)
            file.truncate()  # what was not written is a hole


def write_checkpoint(out, config, tensors, block, mobile):
    out.mkdir(parents=True, exist_ok=True)
    top = {"architectures": ["Gemma4ForConditionalGeneration"], "model_type": "gemma4", "text_config": config,
           "vision_config": None, "audio_config": None, "tie_word_embeddings": True, "dtype": "bfloat16",
           "eos_token_id": [1, 106]}
    if mobile:
        top["tie_word_embeddings"] = config["tie_word_embeddings"] = False
        top["quantization_config"] = {
            "quant_method": "gemma", "num_bits": 4, "quantize_embeddings": True, "modules_to_not_convert": [MOBILE_PLAIN],
            "module_quant_configs": {rule: {"num_bits": bits} for rule, bits in mobile.items()}}
    (out / "config.json").write_text(json.dumps(top, indent=1))
    shards = shards_of(tensors)
    names = {}
    for number, shard in enumerate(shards, 1):
        name = "model.safetensors" if len(shards) == 1 else f"model-{number:05}-of-{len(shards):05}.safetensors"
        write_shard(out / name, shard, block)
        names.update({tensor: name for tensor, *_ in shard})
        print(f"{out / name}: {sum(size for *_, size in shard) / 2**30:.2f} GiB", flush=True)
    if len(shards) > 1:
        (out / "model.safetensors.index.json").write_text(json.dumps({"metadata": {}, "weight_map": names}))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("size", choices=sorted(SIZES))
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--layers", type=int, default=0, help="keep so many (default: all); the last one is full attention")
    parser.add_argument("--tensors", type=pathlib.Path, help="tensor list (default: test/data/tensor-lists)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--zeros", action="store_true", help="matrices are holes of a sparse file: for memory, not for speed")
    parser.add_argument("--mobile", action="store_true", help="as the released mobile checkpoints are quantized")
    options = parser.parse_args()
    released, period, _ = SIZES[options.size]
    layers = options.layers or released
    if not 1 <= layers <= released:
        parser.error(f"--layers must be 1 to {released}")
    path = options.tensors or ROOT / "test" / "data" / "tensor-lists" / f"{options.size}.tsv"
    config = text_config(options.size, layers)
    block = None if options.zeros else random_block(options.seed)
    if options.mobile and options.size not in MOBILE_RULES:
        parser.error(f"--mobile: there is no such checkpoint of {options.size}, only of {', '.join(MOBILE_RULES)}")
    tensors = [(name, "BF16", shape) for name, shape in choose(read_tensor_list(path), config, released, period)]
    if options.mobile:
        tensors = list(quantize(options.size, tensors, config))
    rules = MOBILE_RULES[options.size] if options.mobile else None
    write_checkpoint(options.out, config, tensors, block, rules)


if __name__ == "__main__":
    main()
