"""The dense text model in numpy, f64, as a quantized checkpoint means it: what the programs are compared with.
SPDX-License-Identifier: Apache-2.0

Written for reading, not for speed: every token of a sequence at once, no cache. Weights are integer * scale, exactly.
Mixtures of experts, image and audio are left out. Tensor shapes: T tokens, H hidden, D head width, P per-layer width,
L layers.
"""
import ml_dtypes
import numpy

from quantized_checkpoint import read_quantized


def rounded(x, step):
    """A static 8-bit range: to the nearest multiple of `step` among -128..127, ties to even; 0 is no range."""
    return x if step == 0 else numpy.clip(numpy.rint(x / step), -128, 127) * step


def rms_norm(x, eps, weight=None):
    y = x / numpy.sqrt((x * x).mean(-1, keepdims=True) + eps)
    return y if weight is None else y * weight


def gelu(x):
    return 0.5 * x * (1 + numpy.tanh(numpy.sqrt(2 / numpy.pi) * (x + 0.044715 * x**3)))


LEVELS = 32767  # of query rows and weights where caches are integers
SLICE = 512     # keys whose weights are rounded together


def softmax(x, in_integers=False):
    """Over the last axis, of at most SLICE keys if `in_integers`."""
    e = numpy.exp(x - x.max(-1, keepdims=True))
    if in_integers:
        assert x.shape[-1] <= SLICE
        e = numpy.round(LEVELS * e)
    return e / e.sum(-1, keepdims=True)


def to_bf16(x):
    return numpy.float64(ml_dtypes.bfloat16(x))


def rotary(x, frequencies):
    """x: [T, heads, D]; the pair (j, j + D/2) turns by position * frequency j."""
    angles = numpy.arange(len(x))[:, None] * frequencies
    cos, sin = numpy.cos(angles)[:, None], numpy.sin(angles)[:, None]
    low, high = numpy.split(x, 2, axis=-1)
    return numpy.concatenate([low * cos - high * sin, high * cos + low * sin], axis=-1)


class ReferenceModel:
    """`in_bf16` rounds the values of matrices and the rotary frequencies to BF16, as a BF16 model in PyTorch has them.
    `round_cache` keeps K and V in the 8-bit ranges that the checkpoint has for them, and multiplies them by integers."""

    def __init__(self, directory, in_bf16=False, round_cache=False):
        self.in_bf16, self.round_cache = in_bf16, round_cache
        checkpoint = read_quantized(directory)
        self.config = checkpoint.config.get("text_config", checkpoint.config)
        self.prefix = "model.language_model." if "text_config" in checkpoint.config else "model."
        self.plain = {name: values.astype(numpy.float64) for name, values in checkpoint.plain.items()}
        self.modules = {name.rpartition(".")[0]: module for name, module in checkpoint.modules.items()}
        self.values = {name: self.narrowed(module.values()) for name, module in self.modules.items()}
        self.types, self.layers = self.config["layer_types"], self.config["num_hidden_layers"]
        self.first_shared = self.layers - (self.config.get("num_kv_shared_layers") or 0)

    def narrowed(self, values):
        return values.astype(ml_dtypes.bfloat16).astype(numpy.float64) if self.in_bf16 else values

    def table(self, name):
        """[entries, columns] of an embedding table, quantized or plain."""
        return self.values[name] if name in self.values else self.plain[name + ".weight"]

    def linear(self, name, x):
        """x [T, in] times the matrix's transpose, with the rounding of its input and output."""
        if name not in self.modules:
            return x @ self.plain[name + ".weight"].T
        module = self.modules[name]
        return rounded(rounded(x, module.input_step) @ self.values[name].T, module.output_step)

    def norm(self, x, name=None):
        return rms_norm(x, self.config["rms_norm_eps"], None if name is None else self.plain[name + ".weight"])

    def head_width(self, layer):
        full = self.types[layer] == "full_attention"
        return (self.config.get("global_head_dim") if full else None) or self.config["head_dim"]

    def frequencies(self, layer):
        parameters = self.config["rope_parameters"][self.types[layer]]
        width = self.head_width(layer)
        frequencies = parameters["rope_theta"] ** (-2.0 * numpy.arange(width // 2) / width)
        if parameters["rope_type"] == "proportional":  # the pairs past the factor do not turn
            frequencies[int(parameters["partial_rotary_factor"] * width // 2):] = 0
        return self.narrowed(frequencies)

    def per_layer_inputs(self, ids, x):
        """[T, L, P]: what the per-layer table and the embedded tokens say to every layer."""
        hidden, width = self.config["hidden_size"], self.config["hidden_size_per_layer_input"]
        shape = len(ids), self.layers, width
        looked_up = self.table(self.prefix + "embed_tokens_per_layer")[ids] * to_bf16(width**0.5)
        projected = self.linear(self.prefix + "per_layer_model_projection", x) * hidden**-0.5
        projected = self.norm(projected.reshape(shape), self.prefix + "per_layer_projection_norm")
        return (looked_up.reshape(shape) + projected) * 0.5**0.5

    def mask(self, layer, tokens):
        """[T, T]: a sliding window counts the token itself."""
        row, column = numpy.arange(tokens)[:, None], numpy.arange(tokens)[None]
        window = self.config["sliding_window"] if self.types[layer] == "sliding_attention" else tokens
        return (column <= row) & (column > row - window)

    def keys_and_values(self, layer, name, h, cached):
        """[T, key heads, D] twice; the upper layers use those of the last layer below of the same type."""
        if layer >= self.first_shared:
            below = self.types[:self.first_shared]
            return cached[max(i for i, kind in enumerate(below) if kind == self.types[layer])]
        shape = len(h), -1, self.head_width(layer)
        key = self.norm(self.linear(name + "k_proj", h).reshape(shape), name + "k_norm")
        value = self.norm(self.linear(name + "v_proj", h).reshape(shape))
        key = rotary(key, self.frequencies(layer))
        if self.round_cache:
            key, value = (rounded(part, float(self.plain[f"{name}{side}_cache_scale"]))
                          for part, side in ((key, "k"), (value, "v")))
        cached[layer] = key, value
        return cached[layer]

    def attention(self, layer, name, h, cached):
        heads, width = self.config["num_attention_heads"], self.head_width(layer)
        query = self.norm(self.linear(name + "q_proj", h).reshape(len(h), heads, width), name + "q_norm")
        query = rotary(query, self.frequencies(layer))
        key, value = self.keys_and_values(layer, name, h, cached)
        key, value = (numpy.repeat(part, heads // part.shape[1], axis=1) for part in (key, value))
        if self.round_cache:
            step = numpy.abs(query).max(-1, keepdims=True) / LEVELS
            query = numpy.round(query / step) * step
        scores = numpy.einsum("thd,shd->hts", query, key)  # not divided by sqrt(D)
        weights = softmax(numpy.where(self.mask(layer, len(h)), scores, -numpy.inf), self.round_cache)
        return self.linear(name + "o_proj", numpy.einsum("hts,shd->thd", weights, value).reshape(len(h), -1))

    def layer(self, layer, x, per_layer, cached):
        name = f"{self.prefix}layers.{layer}."
        attended = self.attention(layer, name + "self_attn.", self.norm(x, name + "input_layernorm"), cached)
        x = x + self.norm(attended, name + "post_attention_layernorm")
        h = self.norm(x, name + "pre_feedforward_layernorm")
        h = gelu(self.linear(name + "mlp.gate_proj", h)) * self.linear(name + "mlp.up_proj", h)
        x = x + self.norm(self.linear(name + "mlp.down_proj", h), name + "post_feedforward_layernorm")
        h = gelu(self.linear(name + "per_layer_input_gate", x)) * per_layer[:, layer]
        h = self.linear(name + "per_layer_projection", h)
        return (x + self.norm(h, name + "post_per_layer_input_norm")) * self.plain[name + "layer_scalar"]

    def forward(self, ids):
        """Logits [T, vocabulary] and hidden states [L, T, H]: the embedded tokens, then after every layer but the last."""
        x = self.table(self.prefix + "embed_tokens")[ids] * to_bf16(self.config["hidden_size"]**0.5)
        per_layer, cached, states = self.per_layer_inputs(ids, x), {}, []
        for layer in range(self.layers):
            states.append(x)
            x = self.layer(layer, x, per_layer, cached)
        h = self.norm(x, self.prefix + "norm")
        tied = self.config["tie_word_embeddings"]
        logits = h @ self.table(self.prefix + "embed_tokens").T if tied else self.linear("lm_head", h)
        cap = self.config.get("final_logit_softcapping")
        return cap * numpy.tanh(logits / cap) if cap else logits, numpy.stack(states)

    def greedy(self, ids, count):
        ids = list(ids)
        for _ in range(count):
            ids.append(int(self.forward(numpy.array(ids))[0][-1].argmax()))
        return ids[-count:]
