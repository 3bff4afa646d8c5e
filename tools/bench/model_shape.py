"""What a released Gemma 4 shape, whole or cut to its first layers, reads and computes per token.
SPDX-License-Identifier: Apache-2.0

One source for both sides of a comparison: the tensors and the configuration are those that make-random-checkpoint.py
writes, so the peer's file and the counts below describe the same model as our program. Counts are of the mathematics,
not of an implementation: products only (attention and norms are left out), two operations per multiply-add.
"""
import dataclasses
import importlib.util
import math
import pathlib
import re

TOOLS = pathlib.Path(__file__).resolve().parent.parent
PREFIX = "model.language_model."


def _checkpoint_maker():
    spec = importlib.util.spec_from_file_location("make_random_checkpoint", TOOLS / "make-random-checkpoint.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@dataclasses.dataclass
class ModelShape:
    size: str      # "E2B"
    layers: int
    config: dict   # text_config as in config.json
    tensors: list  # (name without "model.language_model.", shape as in safetensors: rows first)

    @property
    def name(self):
        return f"{self.size}:{self.layers}"

    def is_sliding(self, layer):
        return self.config["layer_types"][layer] == "sliding_attention"

    def kv_heads(self, layer):
        heads = self.config["num_key_value_heads"]
        return heads if self.is_sliding(layer) else self.config.get("num_global_key_value_heads", heads)

    def head_size(self, layer):
        return self.config["head_dim" if self.is_sliding(layer) else "global_head_dim"]

    def cache_bytes_read(self, depth, element_bytes=2):
        """Bytes of K and V that decoding one token reads with `depth` tokens before it. Layers that share a cache read
        it all the same."""
        total = 0
        for layer in range(self.layers):
            keys = min(depth, self.config["sliding_window"]) if self.is_sliding(layer) else depth
            total += 2 * keys * self.kv_heads(layer) * self.head_size(layer) * element_bytes
        return total

    def _active(self, name, shape):
        """Weights of one tensor that one token is multiplied with: of experts, the chosen ones."""
        count = math.prod(shape)
        return count * self.config["top_k_experts"] // self.config["num_experts"] if ".experts." in name else count

    def operations_per_prompt_token(self):
        """(all, needed): operations of one prompt token that is not the last, in every layer, and in those whose result
        anybody reads. Such a token only has to leave its K and V behind: layers that share the caches of earlier ones
        can be skipped, and so can all but the K and V products of the last layer that owns a cache."""
        every = needed = 0
        last_owner = self.layers - self.config["num_kv_shared_layers"] - 1
        for name, shape in self.tensors:
            if len(shape) < 2 or name.startswith("embed_tokens"):
                continue
            operations = 2 * self._active(name, shape)
            every += operations
            layer = re.match(r"layers\.(\d+)\.", name)
            if not layer:  # the projection of the PLE rows, one slice per layer
                needed += operations * last_owner // self.layers
            elif int(layer[1]) < last_owner or (int(layer[1]) == last_owner and re.search(r"\.[kv]_proj\.", name)):
                needed += operations
        return every, needed


def load(size, layers=0):
    """The shape of `size` ("E2B"), cut to its first layers unless `layers` is 0."""
    maker = _checkpoint_maker()
    if size not in maker.SIZES:
        raise ValueError(f"there is no size '{size}': expected one of {', '.join(sorted(maker.SIZES))}")
    released, period, _ = maker.SIZES[size]
    layers = layers or released
    if not 1 <= layers <= released:
        raise ValueError(f"{size} has {released} layers: cannot keep {layers}")
    config = maker.text_config(size, layers)
    listed = maker.read_tensor_list(TOOLS.parent / "test" / "data" / "tensor-lists" / f"{size}.tsv")
    tensors = [(name[len(PREFIX):], shape) for name, shape in maker.choose(listed, config, released, period)]
    return ModelShape(size, layers, config, tensors)
