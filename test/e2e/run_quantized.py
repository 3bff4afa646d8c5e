"""Quantized checkpoints through compiler and program, against what the reference implementation made of them.
SPDX-License-Identifier: Apache-2.0

For each checkpoint in test/data/fixtures-quantized. Programs that are compared have f32 K/V caches, so that only the format
counts; with others the divergence is printed and the bits must still not depend on chunks or threads.

mobile_*: a static range rounds a value near a tie one way or the other with the last bit of a sum, and a random net
amplifies that. So logits are compared by KL against twice that of the reference with itself (f32 against f64,
`noise_mean_kl` of manifest.json), and exactly where nothing had time to grow: the states after the first layers, of
which only elements whose own rounding flipped may differ. With q8 caches, which the reference implementation does not have,
these states are compared with the numpy model, K and V rounded to the checkpoint's ranges; a key that flipped touches the
rows that see it, so most rows must be the same.

ct_w4a16: the stored reference ran a BF16 model, which rounds integer * scale and the rotary frequencies to BF16. That is
not what the integers say. The program is compared with the exact numpy model; the same model, rounded as the BF16 one,
must give the stored logits, so that nothing else can hide in the difference.
"""
import json
import pathlib
import re
import tempfile

import ml_dtypes  # noqa: F401  (lets safetensors return BF16)
import numpy
from safetensors.numpy import load_file, save_file

from driver import EXAMPLE, QUANTIZED_FIXTURES, Problems, arguments, check_same_bits, ids_file, logits, mean_divergence, run
from reference_model import ReferenceModel, rms_norm

TOLERANCE = 1e-3            # of logits, and of states relative to the largest
MOST_FLIPPED = 0.005        # of the elements of a state
MOST_ROWS_FLIPPED = 0.25    # of the rows, with q8 caches
LAYERS_COMPARED = (1, 2)    # states after so many layers
EPSILON = 1e-6              # of the final norm


def compile_to(lapidary, model, program, problems, *options, cache="f32"):
    done = run(lapidary, "compile", model, "-o", program, f"--kv={cache}", "--context=128", "--progress=none", *options)
    return problems.expect(done.returncode == 0, f"{model.name}: compile exit {done.returncode}: {done.stderr}")


def rows_of_logits(program, ids, directory, problems):
    """[tokens, vocabulary], or None after a reported failure."""
    found = logits(program, ids_file(directory, ids), directory / "logits.f32", problems)
    return None if found is None else found.reshape(len(ids), -1)


def cut_off(model, layers, out):
    """Writes the checkpoint so that its logits are the normed state after `layers` layers: those above add nothing (their
    last norms are zero, their scalars one), the final norm has weight one and lm_head is the identity."""
    config = json.loads((model / "config.json").read_text())
    text, quantization = config["text_config"], config["quantization_config"]
    text["final_logit_softcapping"] = None
    quantization["modules_to_not_convert"].append("lm_head")
    quantization["module_quant_configs"].pop("^lm_head$")
    kept = {}
    for name, values in load_file(model / "model.safetensors").items():
        above = (layer := re.search(r"layers\.(\d+)\.", name)) and int(layer[1]) >= layers
        if above and re.search(r"post_\w*norm\.weight$", name):
            values = numpy.zeros_like(values)
        elif name.endswith("language_model.norm.weight") or above and name.endswith("layer_scalar"):
            values = numpy.ones_like(values)
        if not name.startswith("lm_head."):
            kept[name] = values
    hidden, vocabulary = text["hidden_size"], text["vocab_size"]
    kept["lm_head.weight"] = numpy.eye(vocabulary, hidden, dtype=numpy.float32)
    out.mkdir()
    save_file(kept, out / "model.safetensors")
    (out / "config.json").write_text(json.dumps(config))


def check_states(lapidary, fixture, ids, states, cache, directory, problems):
    """`states`: [layers.., tokens, hidden], before the final norm, the embedded tokens first."""
    for layers in LAYERS_COMPARED:
        model = directory / f"{fixture.name}-{cache}-{layers}"
        cut_off(fixture, layers, model)
        if not compile_to(lapidary, model, directory / "cut", problems, "--quant=f32", cache=cache):
            continue
        found = rows_of_logits(directory / "cut", ids, directory, problems)
        if found is None:
            continue
        expected = rms_norm(states[layers].astype(numpy.float64), EPSILON)
        off = numpy.abs(found[:, :expected.shape[1]] - expected) / numpy.abs(expected).max()
        flipped = off > TOLERANCE
        elements, rows = float(flipped.mean()), float(flipped.any(1).mean())
        what = f"{fixture.name}, {cache} caches, after layer {layers}: {elements:.2%} of the elements, {rows:.1%} of the rows"
        print(f"  {what} flipped, at most {off.max():.1e} of the largest off")
        problems.expect(elements < MOST_FLIPPED if cache == "f32" else rows <= MOST_ROWS_FLIPPED, f"{what} differ")


def check_mobile(lapidary, fixture, reference, found, directory, problems):
    bound = 2 * json.loads((fixture / "manifest.json").read_text())["noise_mean_kl"]
    expected = reference["logits"][0]
    divergence = mean_divergence(expected, found)
    agreement = float((expected.argmax(-1) == found.argmax(-1)).mean())
    exact = ReferenceModel(fixture).forward(reference["input_ids"][0])[0]
    print(f"  {fixture.name}: KL to the reference {divergence:.6f} (allowed {bound:.6f}), to its f64 run "
          f"{mean_divergence(reference['logits.f64'][0], found):.6f}, to numpy {mean_divergence(exact, found):.6f}; "
          f"top-1 agreement {agreement:.4f}")
    problems.expect(divergence <= bound, f"{fixture.name}: KL {divergence:.6f} is more than {bound:.6f}")
    ids = reference["input_ids"][0]
    check_states(lapidary, fixture, ids, reference["hidden_states"], "f32", directory, problems)
    check_states(lapidary, fixture, ids, ReferenceModel(fixture, round_cache=True).forward(ids)[1], "q8", directory, problems)


def check_packed(fixture, reference, found, program, directory, problems):
    ids, stored = reference["input_ids"][0], reference["logits"][0]
    exact, rounded = ReferenceModel(fixture), ReferenceModel(fixture, in_bf16=True)
    off, apart = numpy.abs(found - exact.forward(ids)[0]).max(), numpy.abs(found - stored).max()
    explained = numpy.abs(rounded.forward(ids)[0] - stored).max()
    print(f"  {fixture.name}: max |logits - exact model| = {off:.1e}; the stored logits are {apart:.2f} away, the model rounded "
          f"to BF16 is within {explained:.1e} of them")
    problems.expect(off <= TOLERANCE, f"{fixture.name}: logits differ from the exact model by {off}")
    problems.expect(explained <= TOLERANCE, f"{fixture.name}: BF16 rounding does not explain the stored logits: {explained}")
    wanted = reference["greedy_ids"].tolist()
    problems.expect(rounded.greedy(ids, len(wanted)) == wanted, f"{fixture.name}: nor the stored greedy ids")
    done = run(program, "generate", "--ids", ids_file(directory, ids), "-n", len(wanted), "--greedy", "--print-ids")
    expected = exact.greedy(ids, len(wanted))
    print(f"  {fixture.name}: greedy {done.stdout.strip()}")
    problems.expect(done.stdout.split() == [str(i) for i in expected],
                    f"{fixture.name}: greedy ids {done.stdout.split()}, expected {expected} {done.stderr}")


def check_cache(lapidary, fixture, cache, reference, directory, problems):
    program, ids = directory / cache, reference["input_ids"][0]
    if not compile_to(lapidary, fixture, program, problems, cache=cache):
        return
    found = rows_of_logits(program, ids, directory, problems)
    if found is not None:
        print(f"  {fixture.name}: KL to the reference with {cache} caches {mean_divergence(reference['logits'][0], found):.6f}")
        name = f"{fixture.name} with {cache} caches"
        check_same_bits(name, program, ids_file(directory, ids), found, directory / "other", problems)


def check_default_cache(lapidary, fixture, directory, problems):
    """int8 where the checkpoint has ranges, and nothing was asked for."""
    program = directory / "default"
    done = run(lapidary, "compile", fixture, "-o", program, "--context=128", "--progress=none")
    if problems.expect(done.returncode == 0, f"{fixture.name}: compile exit {done.returncode}: {done.stderr}"):
        found = json.loads(run(lapidary, "inspect", "--json", program).stdout)["kv"]
        wanted = "q8" if fixture.name.startswith("mobile") else "bf16"
        problems.expect(found == wanted, f"{fixture.name}: {found} caches by default, expected {wanted}")


def widen_heads(model, width, out):
    """Writes the plain checkpoint with zeros in full attention, whose heads have `width` dimensions."""
    config = json.loads((model / "config.json").read_text())
    text = config.get("text_config", config)
    tensors = load_file(model / "model.safetensors")
    text["global_head_dim"], before = width, text["global_head_dim"]
    for layer in (i for i, kind in enumerate(text["layer_types"]) if kind == "full_attention"):
        for name in [name for name in tensors if f".layers.{layer}.self_attn." in name]:
            axis = 1 if "o_proj" in name else 0
            shape = list(tensors[name].shape)
            shape[axis] = shape[axis] // before * width
            tensors[name] = numpy.zeros(shape, tensors[name].dtype)
    out.mkdir()
    save_file(tensors, out / "model.safetensors")
    (out / "config.json").write_text(json.dumps(config))


def check_wide_heads(lapidary, directory, problems):
    """Sums over int8 caches have 32 bits, so heads of 1,024 dimensions are refused with them, and only with them."""
    widen_heads(EXAMPLE, 1024, directory / "wide")
    for cache, wanted in (("bf16", 0), ("q8", 2)):
        done = run(lapidary, "compile", directory / "wide", "--dry-run", "--context=128", f"--kv={cache}")
        problems.expect(done.returncode == wanted, f"heads of 1024, {cache}: exit {done.returncode}: {done.stderr}")
    problems.expect("E0102" in done.stderr and "at most 512" in done.stderr, f"heads of 1024: {done.stderr}")


def check_fixture(lapidary, fixture, directory, problems):
    program, reference = directory / "program", load_file(fixture / "reference.safetensors")
    ids = reference["input_ids"][0]
    if not compile_to(lapidary, fixture, program, problems):
        return
    found = rows_of_logits(program, ids, directory, problems)
    if found is None:
        return
    if fixture.name.startswith("mobile"):
        check_mobile(lapidary, fixture, reference, found, directory, problems)
    else:
        check_packed(fixture, reference, found, program, directory, problems)
    check_same_bits(fixture.name, program, ids_file(directory, ids), found, directory / "other", problems)
    check_default_cache(lapidary, fixture, directory, problems)
    for cache in ("bf16", "q8") if fixture.name.startswith("mobile") else ("bf16",):
        check_cache(lapidary, fixture, cache, reference, directory, problems)


def main():
    options, problems = arguments(), Problems()
    fixtures = sorted(path.parent for path in QUANTIZED_FIXTURES.glob("*/reference.safetensors"))
    for fixture in fixtures:
        if options.only in fixture.name:
            with tempfile.TemporaryDirectory() as directory:
                check_fixture(options.lapidary, fixture, pathlib.Path(directory), problems)
    with tempfile.TemporaryDirectory() as directory:
        check_wide_heads(options.lapidary, pathlib.Path(directory), problems)
    problems.expect(len(fixtures) == 3, f"{len(fixtures)} fixtures, expected 3")
    problems.finish(least=5)


if __name__ == "__main__":
    main()
