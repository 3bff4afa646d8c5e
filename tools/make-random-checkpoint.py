#!/usr/bin/env python3
"""Writes a checkpoint of a released Gemma 4 shape with random weights, to check sizes, memory and speed by hand.
SPDX-License-Identifier: Apache-2.0

    tools/make-random-checkpoint.py E2B /tmp/e2b-4 --layers 4 --tensors DIR/E2B.tsv
    lapidary compile /tmp/e2b-4 -o /tmp/e2b --quant=w4

The tensor list is a file of lines `name<TAB>[d0, d1, ..]` (test/data/tensor-lists has them for the four sizes). Only the
text tensors are written, plus what --layers keeps. Values are one block of random bf16 reused for all tensors: packing
and kernels do not care, and a 60 GB checkpoint is written at disk speed. The output means nothing.
"""
import argparse
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


def shards_of(tensors):
    shards, used = [[]], 0
    for name, shape in tensors:
        size = 2 * int(numpy.prod(shape, dtype=numpy.int64)) if shape else 2
        if used and used + size > SHARD_BYTES:
            shards.append([])
            used = 0
        shards[-1].append((name, shape, size))
        used += size
    return shards


def random_block(seed):
    """bf16 values with a standard deviation of 0.02."""
    values = numpy.random.default_rng(seed).standard_normal(BLOCK, dtype=numpy.float32) * 0.02
    return (values.view(numpy.uint32) >> 16).astype(numpy.uint16)


def content(name, size, block, offset):
    """Bytes of one tensor: norms and scalars near 1, everything else random."""
    if name.endswith(("norm.weight", "_scalar", ".scale", "per_expert_scale")) or "layernorm" in name:
        yield numpy.full(size // 2, 0x3F80, dtype=numpy.uint16).tobytes()
        return
    left = size // 2
    while left and block is not None:
        piece = block[offset % BLOCK:][:left]
        offset = 0
        left -= len(piece)
        yield piece.tobytes()


def write_shard(path, tensors, block):
    header, begin = {}, 0
    for name, shape, size in tensors:
        header[name] = {"dtype": "BF16", "shape": shape, "data_offsets": [begin, begin + size]}
        begin += size
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for number, (name, _, size) in enumerate(tensors):
            end = file.tell() + size
            for piece in content(name, size, block, number * 7919):
                file.write(piece)
            file.seek(end)
            file.truncate()  # what was not written is a hole


def write_checkpoint(out, config, tensors, block):
    out.mkdir(parents=True, exist_ok=True)
    top = {"architectures": ["Gemma4ForConditionalGeneration"], "model_type": "gemma4", "text_config": config,
           "vision_config": None, "audio_config": None, "tie_word_embeddings": True, "dtype": "bfloat16",
           "eos_token_id": [1, 106]}
    (out / "config.json").write_text(json.dumps(top, indent=1))
    shards = shards_of(tensors)
    names = {}
    for number, shard in enumerate(shards, 1):
        name = "model.safetensors" if len(shards) == 1 else f"model-{number:05}-of-{len(shards):05}.safetensors"
        write_shard(out / name, shard, block)
        names.update({tensor: name for tensor, _, _ in shard})
        print(f"{out / name}: {sum(size for _, _, size in shard) / 2**30:.2f} GiB", flush=True)
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
    options = parser.parse_args()
    released, period, _ = SIZES[options.size]
    layers = options.layers or released
    if not 1 <= layers <= released:
        parser.error(f"--layers must be 1 to {released}")
    path = options.tensors or ROOT / "test" / "data" / "tensor-lists" / f"{options.size}.tsv"
    config = text_config(options.size, layers)
    block = None if options.zeros else random_block(options.seed)
    write_checkpoint(options.out, config, list(choose(read_tensor_list(path), config, released, period)), block)


if __name__ == "__main__":
    main()
