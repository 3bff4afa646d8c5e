"""Makes what a comparison runs: for each model our program and the peer's file, of the same shape, from random weights.
SPDX-License-Identifier: Apache-2.0

Everything lies in one directory, by the model's label: LABEL (the program), LABEL.gguf, LABEL.checkpoint/ (what the
program was compiled from), LABEL.command (how). What is there is used again; the program only while compiler and options are
the same. A file appears under its name only when it is whole.
"""
import dataclasses
import importlib.util
import math
import pathlib
import shlex
import shutil
import subprocess
import sys

import model_shape

TOOLS = model_shape.TOOLS


class Problem(Exception):
    """Something the user can put right: said in one line, without a traceback."""


@dataclasses.dataclass
class Model:
    shape: model_shape.ModelShape
    directory: pathlib.Path

    @property
    def label(self):  # E2B, or 26B-A4B-6 when cut
        released = model_shape.load(self.shape.size).layers
        return self.shape.size if self.shape.layers == released else f"{self.shape.size}-{self.shape.layers}"

    def path(self, suffix=""):
        return self.directory / (self.label + suffix)


def parse_model(text, directory):
    """E2B, or SIZE:LAYERS for the first layers only."""
    size, _, layers = text.partition(":")
    if layers and not layers.isdigit():
        raise Problem(f"model '{text}': expected SIZE or SIZE:LAYERS, like 26B-A4B:6")
    try:
        return Model(model_shape.load(size, int(layers or 0)), directory)
    except ValueError as problem:
        raise Problem(f"model '{text}': {problem}") from None
    except ModuleNotFoundError as missing:
        raise Problem(f"{sys.executable} has no {missing.name}: use the python of the project's environment, "
                      "/opt/lapidary-venv/bin/python") from None


def find_binary(name, directory, how):
    """`name` in a build directory or its bin/; `how` says how to build it."""
    for candidate in (directory / "bin" / name, directory / name):
        if candidate.is_file():
            return candidate
    raise Problem(f"no {name} in {directory} or {directory}/bin: {how}")


def _run(command, what):
    print(f"  {what}: {shlex.join(map(str, command))}", file=sys.stderr, flush=True)
    if subprocess.run(command, stdout=sys.stderr, check=False).returncode != 0:
        raise Problem(f"{what} failed: see its message above")


def _need_room(directory, wanted, what):
    free = shutil.disk_usage(directory).free
    if free < wanted:
        raise Problem(f"{what} needs about {wanted >> 30} GiB in {directory}, {free >> 30} GiB are free: give another --work")


def make_checkpoint(model):
    checkpoint = model.path(".checkpoint")
    if checkpoint.is_dir():
        return checkpoint
    values = sum(math.prod(shape) for _, shape in model.shape.tensors)
    # The checkpoint in bf16, and a program of about 5 bits per weight beside it.
    _need_room(model.directory, 2 * values + 5 * values // 8, f"{model.label}, with the checkpoint it is compiled from,")
    partial = model.path(".checkpoint.part")
    _run([sys.executable, TOOLS / "make-random-checkpoint.py", model.shape.size, partial,
          "--layers", str(model.shape.layers)], "make checkpoint")
    partial.rename(checkpoint)
    return checkpoint


def make_program(model, compiler, options, keep_checkpoint):
    """Compiles with `options` (a list), unless the program there was compiled so by a compiler no newer than it. A
    checkpoint that was there before stays."""
    program, record = model.path(), model.path(".command")
    command = [str(compiler), "compile", str(model.path(".checkpoint")), "-o", str(program), *options]
    current = program.is_file() and record.is_file() and record.read_text() == shlex.join(command)
    if current and program.stat().st_mtime >= compiler.stat().st_mtime:
        return program
    ours_to_remove = not model.path(".checkpoint").exists() and not keep_checkpoint
    make_checkpoint(model)
    program.unlink(missing_ok=True)  # of no use any more, and as large as what replaces it
    _run(command, "compile")
    record.write_text(shlex.join(command))
    if ours_to_remove:
        shutil.rmtree(model.path(".checkpoint"))
    return program


def how_compiled(model):
    """The options the program in the work directory was compiled with; None when that is not recorded."""
    record = model.path(".command")
    if not record.is_file() or record.stat().st_mtime < model.path().stat().st_mtime:
        return None
    words = shlex.split(record.read_text())
    return shlex.join(words[words.index("-o") + 2:])


def make_peer_file(model):
    file = model.path(".gguf")
    if not file.is_file():
        if importlib.util.find_spec("gguf") is None:
            raise Problem(f"making {file} needs PyPI gguf: {sys.executable} -m pip install gguf==0.19.0")
        _run([sys.executable, TOOLS / "bench" / "make-random-gguf.py", model.shape.size, file,
              "--layers", str(model.shape.layers)], "make peer's file")
    return file
