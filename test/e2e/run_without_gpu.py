"""A GPU program on a machine that shows it no GPU: what works, and what it says where it cannot.
SPDX-License-Identifier: Apache-2.0

CUDA_VISIBLE_DEVICES is empty, so a machine that has a GPU gives the same results.
"""
import pathlib
import re
import subprocess
import tempfile

from driver import LIBRARY_USER, ROOT, Problems, arguments, run

HIDDEN = {"CUDA_VISIBLE_DEVICES": ""}
MODEL = ROOT / "examples" / "tiny-gemma4"
REFUSED = re.compile(r"^error: this program runs on an NVIDIA GPU, and the driver.*--target=native\)\n$")


def compile_it(options, *words, problems):
    done = run(options.lapidary, "compile", MODEL, "--target=cuda-sm_80", "--context=128", "--progress=none",
               *words)
    return problems.expect(done.returncode == 0, f"compile {words}: exit {done.returncode}: {done.stderr}")


def check_program(program, problems):
    for words, output in ((["info"], "cuda-sm_80"), (["verify"], ""), (["--help"], "generate")):
        done = run(program, *words, env=HIDDEN)
        problems.expect(done.returncode == 0 and output in done.stdout, f"{words}: {done.returncode}: {done.stderr}")
    for words in (["generate", "--ids", "-", "-n", "1"], ["bench", "-p", "4", "-n", "1"], ["-p", "a"],
                  ["perplexity", "--ids", "-"], ["serve", "--port", "0"]):
        done = run(program, *words, stdin="5 6 7", env=HIDDEN, timeout=60)
        problems.expect(done.returncode == 4, f"{words}: exit {done.returncode}, expected 4")
        problems.expect(REFUSED.match(done.stderr), f"{words}: says {done.stderr!r}")


def needed(file):
    text = subprocess.run(["readelf", "-d", file], check=True, capture_output=True, text=True).stdout
    return set(re.findall(r"NEEDED.*\[(.*)\]", text))


def main():
    options, problems = arguments(), Problems()
    with tempfile.TemporaryDirectory() as directory:
        directory = pathlib.Path(directory)
        program = directory / "program"
        if compile_it(options, "-o", program, problems=problems):
            check_program(program, problems)
            extra = needed(program) - {"libc.so.6", "libm.so.6", "libdl.so.2", "libpthread.so.0"}
            problems.expect(not extra, f"needs {extra}")
        library = directory / "gemma"
        if compile_it(options, "--emit=library", "-o", library, problems=problems):
            check_refusing_library(library, problems)
    problems.finish(15)


def check_refusing_library(library, problems):
    """People's programs start with the library, and get the message as an error."""
    source, out = library.parent / "use.c", library.parent / "use"
    source.write_text(LIBRARY_USER)
    for name in ("libgemma.so", "libgemma.a"):
        done = run("cc", source, f"-I{library}", library / name, f"-Wl,-rpath,{library}", "-ldl", "-lpthread", "-lm", "-o", out)
        if problems.expect(done.returncode == 0, f"linking with {name}: {done.stderr}"):
            done = run(out, library / "gemma.weights", env=HIDDEN)
            problems.expect(done.returncode == 1 and "NVIDIA GPU" in done.stdout, f"{name}: {done.stdout}{done.stderr}")


if __name__ == "__main__":
    main()
