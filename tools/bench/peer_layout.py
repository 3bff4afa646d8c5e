"""The GGUF tensors of a Gemma 4 shape, with the types that llama-quantize chooses for Q4_0.
SPDX-License-Identifier: Apache-2.0

Matrices are Q4_0 (18 bytes per 32 weights), the token embedding, which is also the output matrix, and the PLE table are
Q6_K (210 bytes per 256), the PLE projection stays BF16, the router, norms and scales F32. Names are those of llama.cpp's
converter.
"""
import dataclasses
import math
import re

# Weights per block, bytes per block.
BLOCKS = {"F32": (1, 4), "BF16": (1, 2), "Q4_0": (32, 18), "Q6_K": (256, 210), "Q8_0": (32, 34)}

OUTSIDE = {
    "embed_tokens.weight": "token_embd.weight",
    "embed_tokens_per_layer.weight": "per_layer_token_embd.weight",
    "per_layer_model_projection.weight": "per_layer_model_proj.weight",
    "per_layer_projection_norm.weight": "per_layer_proj_norm.weight",
    "norm.weight": "output_norm.weight",
}
IN_LAYER = {
    "layer_scalar": "layer_output_scale.weight",
    "self_attn.q_proj.weight": "attn_q.weight",
    "self_attn.k_proj.weight": "attn_k.weight",
    "self_attn.v_proj.weight": "attn_v.weight",
    "self_attn.o_proj.weight": "attn_output.weight",
    "self_attn.q_norm.weight": "attn_q_norm.weight",
    "self_attn.k_norm.weight": "attn_k_norm.weight",
    "input_layernorm.weight": "attn_norm.weight",
    "post_attention_layernorm.weight": "post_attention_norm.weight",
    "pre_feedforward_layernorm.weight": "ffn_norm.weight",
    "post_feedforward_layernorm.weight": "post_ffw_norm.weight",
    "mlp.gate_proj.weight": "ffn_gate.weight",
    "mlp.up_proj.weight": "ffn_up.weight",
    "mlp.down_proj.weight": "ffn_down.weight",
    "per_layer_input_gate.weight": "inp_gate.weight",
    "per_layer_projection.weight": "proj.weight",
    "post_per_layer_input_norm.weight": "post_norm.weight",
    "router.proj.weight": "ffn_gate_inp.weight",
    "router.scale": "ffn_gate_inp.scale",
    "router.per_expert_scale": "ffn_down_exps.scale",
    "experts.gate_up_proj": "ffn_gate_up_exps.weight",
    "experts.down_proj": "ffn_down_exps.weight",
    "pre_feedforward_layernorm_2.weight": "pre_ffw_norm_2.weight",
    "post_feedforward_layernorm_1.weight": "post_ffw_norm_1.weight",
    "post_feedforward_layernorm_2.weight": "post_ffw_norm_2.weight",
}


@dataclasses.dataclass
class PeerTensor:
    name: str
    shape: list  # rows first, as in safetensors; GGUF itself writes the fastest dimension first
    type: str    # a key of BLOCKS

    @property
    def bytes(self):
        weights, size = BLOCKS[self.type]
        return math.prod(self.shape) // weights * size


def _name(ours):
    layer = re.match(r"layers\.(\d+)\.(.*)", ours)
    known = IN_LAYER.get(layer[2]) if layer else OUTSIDE.get(ours)
    if known is None:
        raise ValueError(f"tensor '{ours}' has no name in GGUF: add it to tools/bench/peer_layout.py")
    return f"blk.{layer[1]}.{known}" if layer else known


def _type(name, shape):
    if len(shape) < 2 or name.endswith("ffn_gate_inp.weight"):
        return "F32"
    if name == "per_layer_model_proj.weight":
        return "BF16"
    if name in ("token_embd.weight", "per_layer_token_embd.weight"):
        return "Q6_K" if shape[-1] % 256 == 0 else "Q8_0"
    return "Q4_0" if shape[-1] % 32 == 0 else "BF16"


def peer_tensors(shape):
    """Every tensor of the peer's file; rope_freqs, which the converter adds, comes last."""
    tensors = []
    for ours, dimensions in shape.tensors:
        name = _name(ours)
        tensors.append(PeerTensor(name, dimensions, _type(name, dimensions)))
    tensors.append(PeerTensor("rope_freqs.weight", [shape.config["global_head_dim"] // 2], "F32"))
    return tensors


def peer_bytes_per_token(shape):
    """Bytes of weights that decoding one token reads: all but the PLE table, of experts the chosen ones."""
    total = 0
    for tensor in peer_tensors(shape):
        if tensor.name == "per_layer_token_embd.weight":
            continue
        chosen = "_exps.weight" in tensor.name
        total += tensor.bytes * shape.config["top_k_experts"] // shape.config["num_experts"] if chosen else tensor.bytes
    return total
