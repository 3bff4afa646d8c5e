"""Sessions and the server of a program for NVIDIA GPUs, run on the emulated GPU by run_cuda.py.
SPDX-License-Identifier: Apache-2.0

Usage: cuda_operation.py sessions DIRECTORY VOCAB (a program compiled with --emit=library)
       cuda_operation.py server PROGRAM DIRECTORY EXPECTED (the text of a greedy answer)
The emulated libcuda is found by LD_LIBRARY_PATH, which is read when a process starts: so this is one of its own.
"""
import ctypes
import json
import pathlib
import sys

import numpy

from driver import Problems
from run_sessions import Library, Session, some_ids
from server_process import Server

QUESTION = [{"role": "user", "content": "Tell me of the king."}]
SCHEMA = {"type": "object", "required": ["house", "years"], "additionalProperties": False,
          "properties": {"house": {"enum": ["Judah", "Israel"]}, "years": {"type": "integer", "minimum": 1, "maximum": 60}}}


class Sampling(ctypes.Structure):
    _fields_ = [("struct_size", ctypes.c_size_t), ("temperature", ctypes.c_float), ("top_p", ctypes.c_float),
                ("top_k", ctypes.c_uint32)]


def sample(library, session, temperature=0.0, top_p=1.0, top_k=0):
    chosen, id = Sampling(ctypes.sizeof(Sampling), temperature, top_p, top_k), ctypes.c_int32()
    library.call("lap_session_sample", session.handle, ctypes.byref(chosen), ctypes.byref(id))
    return id.value


def check_many(library, problems):
    """Floats have blocks of their own for every row: several sequences have the bits of lone ones."""
    lengths = [3, 17, 40, 5, 9]
    lender = Session(library, threads=1, score_rows=len(lengths))
    together = [lender] + [Session(library, share=lender.handle) for _ in lengths[1:]]
    alone = [Session(library, threads=1) for _ in lengths]
    for seed, (length, a, b) in enumerate(zip(lengths, together, alone)):
        ids = some_ids(library, seed, length)
        problems.expect(numpy.array_equal(a.read(ids), b.read(ids)), f"prompts of {length} tokens differ")
    drawn = [sample(library, session) for session in together]
    for step in range(4):
        chosen = [i for i in range(len(lengths)) if (i + step) % 3]
        rows = library.decode_many([together[i] for i in chosen], [drawn[i] for i in chosen])
        for i, row in zip(chosen, rows):
            same = numpy.array_equal(row, alone[i].read([drawn[i]]))
            problems.expect(same, f"step {step}: sequence {i} differs among {len(chosen)}")
            drawn[i] = sample(library, together[i])
            problems.expect(drawn[i] == sample(library, alone[i]), f"step {step}: sequence {i} draws another token")
    for session in alone + together[::-1]:
        session.free()


def continuation(library, session, seed, count):
    library.c.lap_session_seed(session.handle, ctypes.c_uint64(seed))
    ids = []
    for step in range(count):
        ids.append(sample(library, session, *[(), (0.8, 0.9, 10), (1.0, 0.5, 0), (1.0, 1.0, 0)][step % 4]))
        session.read(ids[-1:])
    return ids


def check_state(library, problems, directory):
    """A session that is loaded goes on as the one that was saved."""
    first = Session(library, threads=1)
    first.read(some_ids(library, 7, 45))
    path = str(directory / "state").encode()
    library.call("lap_session_save", first.handle, path)
    second = Session(library, threads=1)
    library.call("lap_session_load", second.handle, path)
    problems.expect(second.position() == 45, f"{second.position()} tokens were loaded")
    token = some_ids(library, 8, 1)
    problems.expect(numpy.array_equal(first.read(token), second.read(token)), "a loaded session has other logits")
    ids = continuation(library, first, 5, 8)
    problems.expect(ids == continuation(library, second, 5, 8), f"a loaded session does not go on with {ids}")
    first.free()
    second.free()


def check_server(server, problems, expected):
    """Whole, streamed and structured answers."""
    create = server.client.chat.completions.create
    limits = {"model": "m", "messages": QUESTION, "temperature": 0, "max_tokens": 8}
    whole = create(**limits).choices[0].message.content
    problems.expect(whole == expected, f"the answer is {whole!r}, by `run` {expected!r}")
    pieces = [c.delta.content or "" for chunk in create(**limits, stream=True) for c in chunk.choices]
    problems.expect("".join(pieces) == whole and len(pieces) > 3, f"streamed: {pieces}, whole: {whole!r}")
    answer = create(model="m", messages=QUESTION, temperature=1, seed=3, max_tokens=40,
                    response_format={"type": "json_schema", "json_schema": {"name": "reign", "schema": SCHEMA}})
    reign = json.loads(answer.choices[0].message.content)
    good = set(reign) == {"house", "years"} and reign["house"] in ("Judah", "Israel") and 1 <= reign["years"] <= 60
    problems.expect(good, f"structured: {reign}")
    problems.expect(server.process.poll() is None, f"the server ended: {server.log.read_text()}")
    print(f"  {whole!r}, {reign}")


def main():
    problems = Problems()
    if sys.argv[1] == "sessions":
        directory = pathlib.Path(sys.argv[2])
        library = Library(directory, int(sys.argv[3]))
        check_many(library, problems)
        check_state(library, problems, directory)
        library.close()
        problems.finish(least=20)
    with Server(sys.argv[2], sys.argv[3], "--parallel", "2") as server:
        check_server(server, problems, sys.argv[4])
    problems.finish(least=4)


if __name__ == "__main__":
    main()
