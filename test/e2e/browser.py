"""A headless Chromium, driven over a pipe by the DevTools protocol.
SPDX-License-Identifier: Apache-2.0

Messages are JSON texts that end with a zero byte, on file descriptors 3 (to the browser) and 4 (from it).
"""
import contextlib
import json
import os
import shutil
import signal
import subprocess
import time


def find_browser():
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


class Page:
    def __init__(self, browser, directory, url):
        to_read, self.to = os.pipe()
        self.back, back_write = os.pipe()

        def descriptors():  # in the child: high numbers first, as 3 and 4 may be in use
            high = os.dup(to_read), os.dup(back_write)
            os.dup2(high[0], 3)
            os.dup2(high[1], 4)
        self.process = subprocess.Popen(
            [browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
             f"--user-data-dir={directory}", "--remote-debugging-pipe"],
            preexec_fn=descriptors, close_fds=False, start_new_session=True, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)
        os.close(to_read)
        os.close(back_write)
        self.pending, self.number, self.session, self.trouble = b"", 0, None, []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Runtime", "Log", "Page"):
            self.call(domain + ".enable")
        self.call("Page.navigate", url=url)
        self.wait_for("document.readyState == 'complete'")

    def receive(self):
        while b"\0" not in self.pending:
            piece = os.read(self.back, 1 << 16)
            if not piece:
                raise RuntimeError("the browser has ended")
            self.pending += piece
        text, self.pending = self.pending.split(b"\0", 1)
        return json.loads(text)

    def call(self, method, **parameters):
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters}
        os.write(self.to, json.dumps({**message, **({"sessionId": self.session} if self.session else {})}).encode() + b"\0")
        while True:
            got = self.receive()
            level = got.get("params", {}).get("entry", {}).get("level")
            if got.get("method") == "Runtime.exceptionThrown" or level in ("error", "warning"):
                self.trouble.append(json.dumps(got["params"])[:400])
            if got.get("id") == self.number:
                if "error" in got:
                    raise RuntimeError(f"{method}: {got['error']}")
                return got["result"]

    def run(self, script):
        """The value of a JavaScript expression, awaited."""
        result = self.call("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in result:
            raise RuntimeError(f"{script}: {result['exceptionDetails']}")
        return result["result"].get("value")

    def wait_for(self, condition, seconds=20):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self.run(f"Boolean({condition})"):
                return True
            time.sleep(0.05)
        return False

    def close(self):
        """Ends the browser with its children, which write to its directory as long as they live."""
        try:
            self.call("Browser.close")
            self.process.wait(timeout=20)
        except (OSError, RuntimeError, subprocess.TimeoutExpired):
            pass
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        os.close(self.to)
        os.close(self.back)
