"""Writes the expected last rows of run_long_context.py: the numpy reference implementation over 33317 tokens.
SPDX-License-Identifier: Apache-2.0

    python test/e2e/make_long_context.py --reference ../shared/oracle/check_spec.py

The reference's class `Text` does everything except what needs rows x rows memory: attention is computed here in blocks of
queries (the last layer for the last query only). Rotary angles are position times frequency rounded to float32 before
the cosine, as transformers and programs have them: at position 33000 the rounding is 0.001 radians, which the reference's
float64 angles do not have. Takes a minute; the result is 4 KiB a fixture.
"""
import argparse
import importlib.util
import pathlib

import numpy
from safetensors.numpy import save_file

from driver import FIXTURES
from run_long_context import CASES, EXPECTED, NEEDLES, token_ids

BLOCK = 256  # queries at once


def load_reference(path):
    spec = importlib.util.spec_from_file_location("reference", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.rope = rope
    return module


def rope(x, positions, frequencies):  # x [rows, heads, head_dim], pairs (j, j + head_dim / 2)
    angles = (positions.astype("f4")[:, None] * frequencies.astype("f4")[None]).astype("f8")
    cosine, sine = numpy.cos(angles)[:, None], numpy.sin(angles)[:, None]
    first, second = numpy.split(x, 2, -1)
    return numpy.concatenate([first * cosine - second * sine, second * cosine + first * sine], -1)


def attend_block(q, k, v, positions, first_key, window):
    """q [heads, rows, dim] at `positions`, k and v [KV heads, keys, dim] from position first_key: [rows, heads * dim]."""
    group = len(q) // len(k)
    out = numpy.empty_like(q)
    keys = first_key + numpy.arange(k.shape[1])[None]
    hidden = (keys > positions[:, None]) | (keys <= positions[:, None] - window)
    for head in range(len(q)):
        scores = q[head] @ k[head // group].T
        scores[hidden] = -numpy.inf
        scores -= scores.max(-1, keepdims=True)
        numpy.exp(scores, out=scores)
        out[head] = scores @ v[head // group] / scores.sum(-1, keepdims=True)
    return out.transpose(1, 0, 2).reshape(q.shape[1], -1)


def blockwise(reference):
    class Blockwise(reference.Text):
        def masks(self, rows, mm=None):  # a window in place of a matrix
            return {"full_attention": rows, "sliding_attention": self.c["sliding_window"]}

        def layer(self, i, *rest):
            self.last = i == self.L - 1
            return super().layer(i, *rest)

        def attend(self, q, k, v, window):
            rows = len(q)
            q, k, v = (a.transpose(1, 0, 2) for a in (q, k, v))
            out = numpy.zeros((rows, q.shape[0] * q.shape[2]))
            for begin in range(rows - 1 if self.last else 0, rows, BLOCK):
                end = min(begin + BLOCK, rows)
                first = max(0, begin - window + 1)
                out[begin:end] = attend_block(q[:, begin:end], k[:, first:end], v[:, first:end],
                                              numpy.arange(begin, end), first, window)
            return out

        def last_row(self, ids):
            x = self.embed(ids)
            ple, masks, kv = self.ple(ids, x), self.masks(len(ids)), {}
            for i in range(self.L):
                x = self.layer(i, x, ple, numpy.arange(len(ids)), kv, masks[self.types[i]])
            h = reference.rms(x[-1:], self.w[self.p + "norm.weight"])
            z = (h @ self.w.get("lm_head.weight", self.w[self.p + "embed_tokens.weight"]).T)[0]
            cap = self.c.get("final_logit_softcapping")
            return cap * numpy.tanh(z / cap) if cap else z

    return Blockwise


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--reference", type=pathlib.Path, required=True, help="check_spec.py")
    reference = load_reference(parser.parse_args().reference)
    EXPECTED.mkdir(exist_ok=True)
    for fixture in CASES:
        model = blockwise(reference)(str(FIXTURES / fixture))
        short = numpy.array(token_ids(NEEDLES[0], 40))
        full = reference.Text(str(FIXTURES / fixture)).forward(short)[0][-1]
        difference = numpy.abs(model.last_row(short) - full).max()
        assert difference < 1e-4, f"{fixture}: in blocks the last row differs by {difference}"
        rows = {f"needle_{needle}": model.last_row(numpy.array(token_ids(needle))).astype("f4") for needle in NEEDLES}
        first, second = rows.values()
        print(f"{fixture}: blocks {difference:.1e}, needles differ by {numpy.abs(first - second).max():.4f}", flush=True)
        save_file(rows, str(EXPECTED / f"{fixture}.safetensors"))


if __name__ == "__main__":
    main()
