#!/usr/bin/env python3
"""Writes a GGUF file of a released Gemma 4 shape with random weights, so that llama.cpp can be timed beside us.
SPDX-License-Identifier: Apache-2.0

    tools/bench/make-random-gguf.py 26B-A4B /tmp/moe.gguf --layers 6

Types are llama-quantize's for Q4_0 (peer_layout.py); blocks are random bits under one constant scale per type, so that
every value is finite and small. There is no vocabulary (llama-bench needs none, and random programs of ours have none):
the file is for llama-bench, not for text. Needs PyPI `gguf` 0.19 and numpy.
"""
import argparse
import pathlib
import sys

import gguf
import numpy

import model_shape
import peer_layout

POOL_BYTES = 1 << 26  # random bytes, reused: kernels do not care, and the file is written at disk speed
# type: (offset of the half-precision scale in a block, its value); values come out with a deviation near 0.02
SCALES = {"Q4_0": (0, 0.0043), "Q8_0": (0, 2.7e-4), "Q6_K": (208, 2.7e-5)}
Q6_K_SUBSCALES = slice(192, 208)  # int8, one per 16 weights


def half_bytes(value):
    return numpy.frombuffer(numpy.float16(value).tobytes(), dtype=numpy.uint8)


def random_blocks(kind, pool):
    """A run of blocks of one type, about POOL_BYTES long, whole blocks only. [blocks, bytes per block]"""
    size = peer_layout.BLOCKS[kind][1]
    if kind == "BF16":
        values = (pool.astype(numpy.float32) - 127.5) * (0.02 / 73)
        return (values.view(numpy.uint32) >> 16).astype(numpy.uint16).view(numpy.uint8).reshape(-1, size)
    blocks = pool[:pool.size // size * size].reshape(-1, size).copy()
    offset, value = SCALES[kind]
    blocks[:, offset:offset + 2] = half_bytes(value)
    if kind == "Q6_K":
        blocks[:, Q6_K_SUBSCALES] = 40
    return blocks


def float_values(tensor, config, generator):
    if tensor.name == "rope_freqs.weight":  # rotary turns the first quarter of a head, 1e30 stops the rest
        turned = int(tensor.shape[0] * config["rope_parameters"]["full_attention"]["partial_rotary_factor"])
        return numpy.array([1.0] * turned + [1e30] * (tensor.shape[0] - turned), dtype=numpy.float32)
    if tensor.name.endswith("ffn_gate_inp.weight"):  # random, so that tokens spread over the experts
        return generator.standard_normal(tensor.shape, dtype=numpy.float32) * 0.02
    return numpy.ones(tensor.shape, dtype=numpy.float32)


def add_metadata(writer, shape):
    config, layers = shape.config, range(shape.layers)
    shared, wide = config["num_kv_shared_layers"], config["use_double_wide_mlp"]
    writer.add_name(f"random {shape.name}")
    writer.add_block_count(shape.layers)
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_feed_forward_length([config["intermediate_size"] * (2 if wide and i >= shape.layers - shared else 1)
                                    for i in layers])
    writer.add_head_count(config["num_attention_heads"])
    writer.add_head_count_kv([shape.kv_heads(i) for i in layers])
    for add, kind in ((writer.add_rope_freq_base, "full"), (writer.add_rope_freq_base_swa, "sliding")):
        add(config["rope_parameters"][f"{kind}_attention"]["rope_theta"])
    writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
    for add in (writer.add_key_length, writer.add_value_length, writer.add_rope_dimension_count):
        add(config["global_head_dim"])
    for add in (writer.add_key_length_swa, writer.add_value_length_swa, writer.add_rope_dimension_count_swa):
        add(config["head_dim"])
    writer.add_sliding_window(config["sliding_window"])
    writer.add_sliding_window_pattern([shape.is_sliding(i) for i in layers])
    writer.add_shared_kv_layers(shared)
    writer.add_embedding_length_per_layer_input(config["hidden_size_per_layer_input"])
    writer.add_final_logit_softcapping(config["final_logit_softcapping"])
    if config["enable_moe_block"]:
        writer.add_expert_count(config["num_experts"])
        writer.add_expert_used_count(config["top_k_experts"])
        writer.add_expert_feed_forward_length(config["moe_intermediate_size"])
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_Q4_0)
    writer.add_quantization_version(gguf.GGML_QUANT_VERSION)
    writer.add_tokenizer_model("none")
    writer.add_vocab_size(config["vocab_size"])


def declare(writer, tensor):
    if tensor.type == "F32":
        writer.add_tensor_info(tensor.name, tensor.shape, numpy.dtype(numpy.float32), tensor.bytes)
        return
    weights, size = peer_layout.BLOCKS[tensor.type]
    rows_of_bytes = [*tensor.shape[:-1], tensor.shape[-1] // weights * size]
    writer.add_tensor_info(tensor.name, rows_of_bytes, numpy.dtype(numpy.uint8), tensor.bytes,
                           raw_dtype=gguf.GGMLQuantizationType[tensor.type])


def write(path, shape, seed):
    generator = numpy.random.default_rng(seed)
    pool = generator.integers(0, 256, size=POOL_BYTES, dtype=numpy.uint8)
    tensors = peer_layout.peer_tensors(shape)
    writer = gguf.GGUFWriter(path, "gemma4")
    add_metadata(writer, shape)
    for tensor in tensors:
        declare(writer, tensor)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_ti_data_to_file()
    blocks = {kind: random_blocks(kind, pool).reshape(-1) for kind in {t.type for t in tensors} - {"F32"}}
    for tensor in tensors:
        data = float_values(tensor, shape.config, generator) if tensor.type == "F32" else \
            numpy.resize(blocks[tensor.type], tensor.bytes)
        writer.write_tensor_data(data)
    writer.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("size", help="E2B, E4B, 26B-A4B or 31B")
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--layers", type=int, default=0, help="keep so many (default: all); the last is full attention")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    try:
        shape = model_shape.load(options.size, options.layers)
    except ValueError as problem:
        parser.error(str(problem))
    partial = options.out.with_name(options.out.name + ".part")  # a file that is there is whole
    write(partial, shape, options.seed)
    partial.rename(options.out)
    print(f"{options.out}: {options.out.stat().st_size / 2**30:.2f} GiB, "
          f"{peer_layout.peer_bytes_per_token(shape) / 2**30:.3f} GiB read per token")


if __name__ == "__main__":
    sys.exit(main())
