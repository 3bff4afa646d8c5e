"""Talks to a language server: initialize, open one wrong file, print every message until the diagnostics come.

usage: lsp_session.py SERVER
"""
import json
import subprocess
import sys

TEXT = "gemma.kv_cache @kv.0 heads 0 dim 16 window 8\n"


def send(server, message):
    body = json.dumps({"jsonrpc": "2.0", **message})
    server.stdin.write(f"Content-Length: {len(body)}\r\n\r\n{body}".encode())
    server.stdin.flush()


def receive(server):
    length = 0
    while line := server.stdout.readline().strip():
        name, value = line.split(b":")
        length = int(value) if name == b"Content-Length" else length
    return server.stdout.read(length).decode()


def main():
    server = subprocess.Popen(sys.argv[1:], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    send(server, {"id": 1, "method": "initialize", "params": {"capabilities": {}, "processId": None, "rootUri": None}})
    print(receive(server))
    send(server, {"method": "initialized", "params": {}})
    document = {"uri": "file:///wrong.mlir", "languageId": "mlir", "version": 1, "text": TEXT}
    send(server, {"method": "textDocument/didOpen", "params": {"textDocument": document}})
    print(receive(server))
    send(server, {"id": 2, "method": "shutdown"})
    receive(server)
    send(server, {"method": "exit"})
    return server.wait(timeout=30)


if __name__ == "__main__":
    sys.exit(main())
