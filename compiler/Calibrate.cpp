//===- Calibrate.cpp - run a model on a text and keep what its products see -------===//
// SPDX-License-Identifier: Apache-2.0
//
// The temporary program is made by the same steps as any other. Its weights are known to it by their offsets only;
// compiling reports which tensor lies where (CompileOptions::placed).
//===----------------------------------------------------------------------===//
#include "compiler/Calibrate.h"

#include "compiler/ChildProgram.h"
#include "compiler/Plan.h"
#include "compiler/Statistics.h"
#include "compiler/StatisticsWriter.h"
#include "support/AtomicOutput.h"
#include "support/FileIO.h"
#include "support/Quote.h"

namespace lapidary {

namespace {

constexpr size_t fewestTokens = 256;       ///< fewer say nothing about 512 columns
constexpr uint32_t window = 512;           ///< tokens of one sequence
constexpr uint64_t largestText = 1u << 30; ///< bytes

/// The options of the program that is only run to calibrate.
CompileOptions programOptions(const CompileOptions &options, const Inputs &inputs, const std::string &output) {
  CompileOptions result;
  result.model = options.model;
  result.output = output;
  // By what the machine has, not by what is free: two calibrations must see the same numbers.
  result.quant = inputs.checkpoint->totalBytes() > totalMemory() / 2 ? "w8" : "bf16";
  result.kv = "f32";
  result.context = std::min(window, inputs.config.maxPositions);
  result.chunk = result.context;
  result.maxMemory = options.maxMemory;
  result.jobs = options.jobs;
  return result;
}

/// The last tenth of `tokens` and at least a window, if that leaves enough to observe; otherwise none.
size_t heldOutTokens(size_t tokens) {
  size_t wanted = std::max<size_t>(window, tokens / 10);
  return tokens >= wanted + fewestTokens ? wanted : 0;
}

/// Writes the ids behind the first `observed` to a file of `run` and leaves the others in `ids`.
bool holdOut(CalibrationRun &run, std::string &ids, Diagnostics &diagnostics) {
  llvm::SmallVector<llvm::StringRef> tokens;
  llvm::StringRef(ids).split(tokens, ' ', -1, false);
  run.heldOut = heldOutTokens(tokens.size());
  if (run.heldOut == 0) {
    return true;
  }
  size_t observed = tokens.size() - run.heldOut;
  size_t begin = static_cast<size_t>(tokens[observed].data() - ids.data());
  std::unique_ptr<AtomicOutput> file = AtomicOutput::create(run.heldOutIds(), 0644, diagnostics);
  if (!file || !file->append(ids.data() + begin, ids.size() - begin, diagnostics) || !file->commit(diagnostics)) {
    return false;
  }
  ids.resize(begin);
  return true;
}

/// The token ids of the text, as the program writes them.
std::optional<std::string> tokenize(const std::string &program, const std::string &text, Diagnostics &diagnostics) {
  std::optional<std::string> content = readWholeFile(text, largestText, diagnostics);
  std::string ids;
  ChildProgram tokenizer(ErrorCode::CalibrationFailed);
  if (!content || !tokenizer.start({program, "tokenize"}, *content, diagnostics) ||
      !tokenizer.readAll(ids, diagnostics)) {
    return std::nullopt;
  }
  llvm::SmallVector<llvm::StringRef> tokens;
  llvm::StringRef(ids).split(tokens, ' ', -1, false);
  if (tokens.size() < fewestTokens) {
    diagnostics.error(ErrorCode::CalibrationTextTooShort,
                      "the text has " + std::to_string(tokens.size()) + " tokens, at least " +
                          std::to_string(fewestTokens) + " are needed",
                      text, "give some pages of text like the text the program will read and write");
    return std::nullopt;
  }
  return ids;
}

/// Lets the program write what its products see to the file `output`.
bool observe(const std::string &program, const std::string &ids, uint64_t window, const std::string &output,
             Diagnostics &diagnostics) {
  ChildProgram observer(ErrorCode::CalibrationFailed);
  return observer.start(
             {program, "observe", "--ids", "-", "--out", output, "--window", std::to_string(window), "--quiet"}, ids,
             diagnostics) &&
         observer.finish(diagnostics);
}

} // namespace

bool calibrate(const Inputs &inputs, const std::string &text, const std::string &output, const CompileOptions &options,
               const Installation &installation, CalibrationRun &run, Console &console, Diagnostics &diagnostics) {
  if (inputs.tokenizer.empty()) {
    return diagnostics.error(ErrorCode::CalibrationNeedsTokenizer,
                             "the checkpoint has no tokenizer to read a text with", options.model,
                             "add tokenizer.json or tokenizer.model of the model");
  }
  if (!openForReading(text, diagnostics)) {
    return false;
  }
  std::string raw = joinPath(run.work.path(), "observed");
  Placement placed;
  CompileOptions temporary = programOptions(options, inputs, run.program());
  temporary.placed = &placed;
  run.quant = temporary.quant;
  run.window = temporary.context;
  console.line("calibrate", "compiling a " + temporary.quant + " program for this machine");
  ConsoleOptions silent;
  silent.quiet = true;
  silent.progress = ConsoleOptions::None;
  Console quiet(silent);
  if (compile(temporary, installation, quiet, diagnostics) != 0) {
    return false;
  }
  std::optional<std::string> ids = tokenize(run.program(), text, diagnostics);
  if (!ids || (run.holdsOut && !holdOut(run, *ids, diagnostics))) {
    return false;
  }
  console.line("calibrate", "running it on " + text);
  if (!observe(run.program(), *ids, run.window, raw, diagnostics)) {
    return false;
  }
  std::unique_ptr<Checkpoint> observed = Checkpoint::openFile(raw, diagnostics);
  std::optional<Sha256> mark = fingerprint(*inputs.checkpoint, diagnostics);
  return observed && mark && writeStatistics(*observed, placed, *mark, output, diagnostics);
}

int calibrateModel(const CompileOptions &options, const Installation &installation, Console &console,
                   Diagnostics &diagnostics) {
  std::optional<Inputs> inputs = readInputs(options.model, diagnostics);
  CalibrationRun run;
  bool ok =
      inputs && calibrate(*inputs, options.calibrate, options.output, options, installation, run, console, diagnostics);
  if (ok) {
    console.line("wrote", options.output);
  }
  return ok && !diagnostics.hadError() ? 0 : std::max(1, diagnostics.exitCode());
}

} // namespace lapidary
