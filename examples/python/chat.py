#!/usr/bin/env python3
"""A conversation from Python, with nothing but ctypes.

SPDX-License-Identifier: Apache-2.0

    lapidary compile MODEL_DIR --emit=library -o gemma4
    examples/python/chat.py gemma4 "Why is the sky blue?"

`Model` and `Chat` below are all that is needed of lapidary.h; copy them into your program.
"""
import argparse
import ctypes
import json
import pathlib
import sys

TEXT, THOUGHT, CALL, BAD_CALL, END, PROMPT = range(6)


class Error(ctypes.Structure):
    _fields_ = [("status", ctypes.c_int), ("message", ctypes.c_char * 500)]


class ModelOptions(ctypes.Structure):
    _fields_ = [("struct_size", ctypes.c_size_t), ("weights_path", ctypes.c_char_p)]


class ChatOptions(ctypes.Structure):
    _fields_ = [("struct_size", ctypes.c_size_t), ("flags", ctypes.c_uint32), ("reserved", ctypes.c_uint32),
                ("tools", ctypes.c_char_p), ("tools_bytes", ctypes.c_size_t),
                ("variables", ctypes.c_char_p), ("variables_bytes", ctypes.c_size_t)]


class AnswerOptions(ctypes.Structure):
    _fields_ = [("struct_size", ctypes.c_size_t), ("sampling", ctypes.c_void_p),
                ("stops", ctypes.POINTER(ctypes.c_char_p)), ("stop_count", ctypes.c_uint32),
                ("max_tokens", ctypes.c_uint32), ("thought_tokens", ctypes.c_uint32),
                ("constraint", ctypes.c_void_p)]


class Event(ctypes.Structure):
    _fields_ = [("kind", ctypes.c_int), ("text", ctypes.c_void_p), ("bytes", ctypes.c_size_t),
                ("arguments", ctypes.c_void_p), ("arguments_bytes", ctypes.c_size_t)]


class Model:
    """A compiled model: the folder that `lapidary compile --emit=library` wrote."""

    def __init__(self, folder):
        folder = pathlib.Path(folder)
        self.library = ctypes.CDLL(str(next(folder.glob("lib*.so"))))
        for name in ("lap_model_close", "lap_session_free", "lap_chat_free", "lap_chat_clear", "lap_chat_cancel"):
            getattr(self.library, name).restype = None
        self.handle, self.session = ctypes.c_void_p(), ctypes.c_void_p()
        options = ModelOptions(ctypes.sizeof(ModelOptions), str(next(folder.glob("*.weights"))).encode())
        self.call("lap_model_open", ctypes.byref(options), ctypes.byref(self.handle))
        self.call("lap_session_create", self.handle, None, ctypes.byref(self.session))

    def call(self, name, *arguments):
        error = Error()
        if getattr(self.library, name)(*arguments, ctypes.byref(error)):
            raise RuntimeError(error.message.decode())

    def close(self):
        self.library.lap_session_free(self.session)
        self.library.lap_model_close(self.handle)
        self.session = self.handle = None


class Chat:
    """Messages and the model's answers. `tools` is a list as in the OpenAI API."""

    def __init__(self, model, tools=None, think=False):
        self.model, self.handle = model, ctypes.c_void_p()
        text = json.dumps(tools).encode() if tools else None
        options = ChatOptions(ctypes.sizeof(ChatOptions), 2 if think else 0, 0, text, len(text or b""), None, 0)
        model.call("lap_chat_create", model.session, ctypes.byref(options), ctypes.byref(self.handle))

    def add(self, message):
        text = json.dumps(message).encode()
        self.model.call("lap_chat_add_json", self.handle, text, ctypes.c_size_t(len(text)))

    def answer(self, max_tokens=0, stops=()):
        """Yields (kind, text, arguments) as the model writes; arguments is a dict for CALL, else None."""
        stop_list = (ctypes.c_char_p * len(stops))(*(s.encode() for s in stops))
        options = AnswerOptions(ctypes.sizeof(AnswerOptions), None, stop_list, len(stops), max_tokens, 0, None)
        self.model.call("lap_chat_answer", self.handle, ctypes.byref(options))
        event = Event()
        while True:
            self.model.call("lap_chat_next", self.handle, ctypes.byref(event))
            text = ctypes.string_at(event.text, event.bytes).decode()
            arguments = json.loads(ctypes.string_at(event.arguments, event.arguments_bytes)) if event.kind == CALL else None
            yield event.kind, text, arguments
            if event.kind == END:
                return

    def close(self):
        self.model.library.lap_chat_free(self.handle)
        self.handle = None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("question")
    parser.add_argument("--tokens", type=int, default=256)
    options = parser.parse_args()
    model = Model(options.folder)
    chat = Chat(model)
    chat.add({"role": "user", "content": options.question})
    for kind, text, _ in chat.answer(options.tokens):
        if kind == TEXT:
            print(text, end="", flush=True)
        elif kind == THOUGHT:
            print(text, end="", flush=True, file=sys.stderr)
    print()
    chat.close()
    model.close()


if __name__ == "__main__":
    main()
