"""Sessions of compiled models through the C library: several at once, going back, copies, files.
SPDX-License-Identifier: Apache-2.0

Whatever way a sequence was reached, the logits of its next token are the same bits as those of a fresh session that has
read it from the start.
"""
import ctypes
import pathlib
import random
import tempfile
from ctypes import POINTER, byref, c_char, c_char_p, c_float, c_int32, c_size_t, c_uint32, c_void_p

import numpy

from driver import FIXTURES, QUANTIZED_FIXTURES, ROOT, Problems, arguments, run

MODELS = {  # directory, options of compile, how many times longer than the window of 8 that most have
    "dense": (FIXTURES / "edge_dense_bf16", ("--quant=w8", "--context=512"), 1),
    "grouped heads": (FIXTURES / "edge_dense_gqa_bf16", ("--quant=w4", "--context=512"), 1),
    "experts": (FIXTURES / "moe_bf16", ("--quant=w8", "--context=512"), 1),
    "integer caches": (QUANTIZED_FIXTURES / "mobile_e2b", ("--context=512",), 1),
    "window of 512": (ROOT / "examples" / "tiny-gemma4", ("--quant=w8", "--context=1600"), 3),
}
CHUNK = 32


class ModelOptions(ctypes.Structure):
    _fields_ = [("struct_size", c_size_t), ("weights_path", c_char_p)]


class Error(ctypes.Structure):
    _fields_ = [("status", c_uint32), ("message", c_char * 500)]


class SessionOptions(ctypes.Structure):
    _fields_ = [("struct_size", c_size_t), ("threads", c_uint32), ("context", c_uint32), ("chunk", c_uint32),
                ("score_rows", c_uint32), ("checkpoints", c_uint32), ("reserved", c_uint32), ("share", c_void_p)]


class Session:
    """One lap_session."""

    def __init__(self, library, **options):
        self.library = library
        self.handle = c_void_p()
        settings = SessionOptions(struct_size=ctypes.sizeof(SessionOptions), **options)
        library.call("lap_session_create", library.model, byref(settings), byref(self.handle))

    def read(self, ids):
        """Appends ids; the logits after the last."""
        array = (c_int32 * len(ids))(*ids)
        self.library.call("lap_session_prefill", self.handle, array, c_size_t(len(ids)))
        return self.logits()

    def logits(self):
        row = self.library.c.lap_session_logits(self.handle, c_size_t(0))
        return numpy.ctypeslib.as_array(row, shape=(self.library.vocab,)).view(numpy.uint32).copy()

    def reusable(self, ids):
        return self.library.c.lap_session_reusable(self.handle, (c_int32 * len(ids))(*ids), c_size_t(len(ids)))

    def position(self):
        return self.library.c.lap_session_position(self.handle)

    def rewind(self, position):
        self.library.call("lap_session_rewind", self.handle, c_uint32(position))

    def checkpoint(self):
        self.library.call("lap_session_checkpoint", self.handle)

    def free(self):
        self.library.c.lap_session_free(self.handle)


class Library:
    def __init__(self, directory, vocab):
        self.c = ctypes.CDLL(str(directory / f"lib{directory.name}.so"))
        self.c.lap_session_logits.restype = POINTER(c_float)
        self.vocab = vocab
        self.model = c_void_p()
        self.call("lap_model_open",
                  byref(ModelOptions(ctypes.sizeof(ModelOptions), str(directory / f"{directory.name}.weights").encode())),
                  byref(self.model))

    def call(self, name, *arguments):
        error = Error()
        if getattr(self.c, name)(*arguments, byref(error)) != 0:
            raise RuntimeError(f"{name}: {error.message.decode()}")

    def decode_many(self, sessions, ids):
        handles = (c_void_p * len(sessions))(*(s.handle.value for s in sessions))
        self.call("lap_session_decode_many", handles, (c_int32 * len(ids))(*ids), c_size_t(len(ids)))
        return [s.logits() for s in sessions]

    def fresh(self, ids):
        """The logits after ids, read from the start by a session of its own."""
        session = Session(self, threads=1)
        logits = session.read(ids)
        session.free()
        return logits

    def close(self):
        self.c.lap_model_close(self.model)


def some_ids(library, seed, count):
    return random.Random(seed).choices(range(3, library.vocab), k=count)


def test_several_at_once(library, problems, name):
    lender = Session(library, threads=2, score_rows=7)
    sessions = [lender] + [Session(library, share=lender.handle) for _ in range(6)]
    sequences = [some_ids(library, seed, 1 + 43 * seed) for seed in range(7)]
    for session, ids in zip(sessions, sequences):
        session.read(ids)
    checks = 0
    for step in range(8):
        chosen = [i for i in range(7) if step % 3 == 0 or (i + step) % 3]  # not always the same ones
        ids = [some_ids(library, 100 * step + i, 1)[0] for i in chosen]
        rows = library.decode_many([sessions[i] for i in chosen], ids)
        for i, token, row in zip(chosen, ids, rows):
            sequences[i].append(token)
            if step in (0, 3, 7):
                checks += 1
                same = numpy.array_equal(row, library.fresh(sequences[i]))
                problems.expect(same, f"{name}: sequence {i} of {len(sequences[i])} tokens differs among {len(chosen)}")
    problems.expect(checks > 15, f"{name}: only {checks} rows were compared")
    for session in reversed(sessions):
        session.free()


def test_going_back(library, problems, name, scale):
    ids, others = some_ids(library, 1, 500 * scale), some_ids(library, 2, 500 * scale)
    first, second, end = 90 * scale, 200 * scale, 450 * scale
    session = Session(library, threads=2, checkpoints=3)
    session.read(ids[:first])
    session.checkpoint()
    session.read(ids[first:second])
    session.checkpoint()
    session.read(ids[second:end])
    for position in (end - 25, second, second - 10, first, first - 10):
        mixed = ids[:position] + others[position:position + 30]
        reusable = session.reusable(mixed)
        problems.expect(reusable == position, f"{name}: {reusable} tokens are reusable, expected {position}")
        session.rewind(position)
        same = numpy.array_equal(session.read(mixed[position:]), library.fresh(mixed))
        problems.expect(same, f"{name}: after going back to {position} the logits differ")
    session.free()


def test_copies_and_files(library, problems, name, scale, directory):
    first, end = 150 * scale, 390 * scale
    ids = some_ids(library, 3, end + 10)
    session = Session(library, threads=2, checkpoints=2)
    session.read(ids[:first])
    session.checkpoint()
    session.read(ids[first:end])
    path = str(directory / "state").encode()
    library.call("lap_session_save", session.handle, path)
    expected = library.fresh(ids)
    for position in (end, first, first - 10):
        copy = Session(library, threads=1)
        library.call("lap_session_copy", copy.handle, session.handle, c_uint32(position))
        problems.expect(numpy.array_equal(copy.read(ids[position:]), expected), f"{name}: copy of {position} differs")
        copy.free()
    loaded = Session(library, threads=3)
    loaded.read(ids[50:60])
    library.call("lap_session_load", loaded.handle, path)
    problems.expect(loaded.position() == end, f"{name}: {loaded.position()} tokens were loaded")
    loaded.rewind(end - 10)
    problems.expect(numpy.array_equal(loaded.read(ids[end - 10:]), expected), f"{name}: a loaded session differs")
    print(f"  state of {end} tokens: {pathlib.Path(path.decode()).stat().st_size} bytes")
    loaded.free()
    session.free()
    return path


def test_foreign_file(library, problems, name, path):
    session = Session(library, threads=1)
    try:
        library.call("lap_session_load", session.handle, path)
        problems.expect(False, f"{name}: the session of another model was loaded")
    except RuntimeError as error:
        problems.expect("was saved by another model" in str(error), f"{name}: {error}")
    session.free()


def main():
    options = arguments()
    problems = Problems()
    states = []
    with tempfile.TemporaryDirectory() as place:
        for number, (name, (model, settings, scale)) in enumerate(MODELS.items()):
            if options.only not in name:
                continue
            print(name)
            directory = pathlib.Path(place) / f"model{number}"
            done = run(options.lapidary, "compile", model, "-o", directory, "--emit=library", f"--chunk={CHUNK}",
                       "--progress=none", *settings)
            if not problems.expect(done.returncode == 0, f"{name}: {done.stderr}"):
                continue
            vocab = int(run(options.lapidary, "inspect", model, "--json").stdout.split('"vocab":')[1].split(",")[0])
            library = Library(directory, vocab)
            test_several_at_once(library, problems, name)
            test_going_back(library, problems, name, scale)
            states.append(test_copies_and_files(library, problems, name, scale, directory))
            if len(states) > 1:
                test_foreign_file(library, problems, name, states[-2])
            library.close()
    problems.finish(least=20)


if __name__ == "__main__":
    main()
