//===- Calibrate.cpp - run a model on a text and keep what its products see -------===//
// SPDX-License-Identifier: Apache-2.0
//
// The temporary program is made by the same steps as any other. Its weights are known to it by their offsets only;
// compiling reports which tensor lies where (CompileOptions::placed), and the file is renamed while it is copied.
//===----------------------------------------------------------------------===//
#include "compiler/Calibrate.h"

#include "compiler/Cleanup.h"
#include "compiler/Plan.h"
#include "compiler/Statistics.h"
#include "support/FileIO.h"
#include "support/Quote.h"

#include "llvm/Support/JSON.h"
#include "llvm/Support/Program.h"
#include "llvm/Support/raw_ostream.h"

namespace lapidary {

namespace {

constexpr size_t fewestTokens = 256;      ///< fewer say nothing about 512 columns
constexpr uint32_t window = 512;          ///< tokens of one sequence
constexpr uint64_t largestIds = 1u << 30; ///< bytes of the file of token ids
constexpr uint64_t copyBytes = 8u << 20;

/// Runs the temporary program; its standard error becomes the message when it fails.
bool runProgram(const std::string &program, llvm::ArrayRef<std::string> words, const std::string &input,
                const std::string &output, const std::string &directory, Diagnostics &diagnostics) {
  std::string errors = joinPath(directory, "errors"), message;
  std::vector<llvm::StringRef> arguments = {program};
  arguments.insert(arguments.end(), words.begin(), words.end());
  const llvm::StringRef nothing = "/dev/null";
  std::optional<llvm::StringRef> streams[] = {input.empty() ? nothing : llvm::StringRef(input),
                                              output.empty() ? nothing : llvm::StringRef(output),
                                              llvm::StringRef(errors)};
  int code = llvm::sys::ExecuteAndWait(program, arguments, std::nullopt, streams, 0, 0, &message);
  if (code == 0) {
    return true;
  }
  Diagnostics ignored;
  std::string said = readWholeFile(errors, 65536, ignored).value_or("");
  std::string what = llvm::StringRef(said.empty() ? message : said).trim().str();
  return diagnostics.error(ErrorCode::CalibrationFailed, "`" + words.front() +
                                                             "` of the calibration program ended with code " +
                                                             std::to_string(code) + (what.empty() ? "" : ": " + what));
}

/// The options of the program that is only run to calibrate.
CompileOptions programOptions(const CompileOptions &options, const Inputs &inputs, const std::string &output) {
  CompileOptions result;
  result.model = options.model;
  result.output = output;
  result.quant = inputs.checkpoint->totalBytes() > availableMemory() / 2 ? "w8" : "bf16";
  result.kv = "f32";
  result.context = std::min(window, inputs.config.maxPositions);
  result.chunk = result.context;
  result.maxMemory = options.maxMemory;
  result.jobs = options.jobs;
  return result;
}

bool checkTokens(const std::string &ids, const std::string &text, Diagnostics &diagnostics) {
  std::optional<std::string> words = readWholeFile(ids, largestIds, diagnostics);
  if (!words) {
    return false;
  }
  llvm::SmallVector<llvm::StringRef> tokens;
  llvm::StringRef(*words).split(tokens, ' ', -1, false);
  return tokens.size() >= fewestTokens ||
         diagnostics.error(ErrorCode::CalibrationTextTooShort,
                           "the text has " + std::to_string(tokens.size()) + " tokens, at least " +
                               std::to_string(fewestTokens) + " are needed",
                           text, "give some pages of text like the text the program will read and write");
}

/// Copies the tensors of the program's file under their names, with the fingerprint behind them.
class StatisticsWriter {
public:
  StatisticsWriter(const Checkpoint &from, const PlacedWeights &placed) {
    for (const auto &[offset, name] : placed) {
      if (const TensorInfo *tensor = from.find("w." + std::to_string(offset))) {
        entries.emplace_back(name, tensor);
      }
    }
  }

  bool write(const Checkpoint &from, const Sha256 &mark, const std::string &path, Diagnostics &diagnostics) const {
    std::unique_ptr<AtomicOutput> output = AtomicOutput::create(path, 0644, diagnostics);
    if (!output) {
      return false;
    }
    RemoveOnSignal guard(output->temporaryPath());
    std::string text = header();
    uint64_t length = text.size();
    bool ok =
        output->append(&length, sizeof(length), diagnostics) && output->append(text.data(), text.size(), diagnostics);
    for (size_t i = 0; i < entries.size() && ok; ++i) {
      ok = copy(from, *entries[i].second, *output, diagnostics);
    }
    return ok && output->append(mark.data(), mark.size(), diagnostics) && output->commit(diagnostics);
  }

private:
  static llvm::json::Object entry(llvm::StringRef type, llvm::ArrayRef<uint64_t> shape, uint64_t begin, uint64_t end) {
    return llvm::json::Object{
        {"dtype", type}, {"shape", llvm::json::Array(shape)}, {"data_offsets", llvm::json::Array({begin, end})}};
  }

  std::string header() const {
    llvm::json::Object tensors;
    uint64_t end = 0;
    for (const auto &[name, tensor] : entries) {
      uint64_t begin = end;
      end += tensor->end - tensor->begin;
      tensors[name] = entry("F32", tensor->shape, begin, end);
    }
    tensors[fingerprintName] = entry("U8", {sizeof(Sha256)}, end, end + sizeof(Sha256));
    std::string text;
    llvm::raw_string_ostream(text) << llvm::json::Value(std::move(tensors));
    text.resize(text.size() + (8 - text.size() % 8) % 8, ' '); // values start at a multiple of 8
    return text;
  }

  static bool copy(const Checkpoint &from, const TensorInfo &tensor, AtomicOutput &output, Diagnostics &diagnostics) {
    std::vector<char> piece;
    uint64_t bytes = tensor.end - tensor.begin;
    for (uint64_t done = 0; done < bytes; done += piece.size()) {
      piece.resize(std::min(copyBytes, bytes - done));
      if (!from.read(tensor, done, piece.data(), piece.size(), diagnostics) ||
          !output.append(piece.data(), piece.size(), diagnostics)) {
        return false;
      }
    }
    return true;
  }

  std::vector<std::pair<std::string, const TensorInfo *>> entries;
};

} // namespace

bool calibrate(const Inputs &inputs, const std::string &text, const std::string &output, const CompileOptions &options,
               const Installation &installation, Console &console, Diagnostics &diagnostics) {
  if (inputs.tokenizer.empty()) {
    return diagnostics.error(ErrorCode::CalibrationNeedsTokenizer,
                             "the checkpoint has no tokenizer to read a text with", options.model,
                             "add tokenizer.json or tokenizer.model of the model");
  }
  if (!openForReading(text, diagnostics)) {
    return false;
  }
  WorkDirectory work;
  std::string program = joinPath(work.path(), "calibrate"), ids = joinPath(work.path(), "ids"),
              raw = joinPath(work.path(), "moments");
  PlacedWeights placed;
  CompileOptions temporary = programOptions(options, inputs, program);
  temporary.placed = &placed;
  console.line("calibrate", "compiling a " + temporary.quant + " program for this machine");
  ConsoleOptions silent;
  silent.quiet = true;
  silent.progress = ConsoleOptions::None;
  Console quiet(silent);
  if (compile(temporary, installation, quiet, diagnostics) != 0 ||
      !runProgram(program, {"tokenize"}, text, ids, work.path(), diagnostics) || !checkTokens(ids, text, diagnostics)) {
    return false;
  }
  console.line("calibrate", "running it on " + text);
  if (!runProgram(program,
                  {"observe", "--ids", ids, "--out", raw, "--window", std::to_string(temporary.context), "--quiet"}, "",
                  "", work.path(), diagnostics)) {
    return false;
  }
  std::unique_ptr<Checkpoint> moments = Checkpoint::openFile(raw, diagnostics);
  std::optional<Sha256> mark = fingerprint(*inputs.checkpoint, diagnostics);
  return moments && mark && StatisticsWriter(*moments, placed).write(*moments, *mark, output, diagnostics);
}

int calibrateModel(const CompileOptions &options, const Installation &installation, Console &console,
                   Diagnostics &diagnostics) {
  std::optional<Inputs> inputs = readInputs(options.model, diagnostics);
  bool ok =
      inputs && calibrate(*inputs, options.calibrate, options.output, options, installation, console, diagnostics);
  if (ok) {
    console.line("wrote", options.output);
  }
  return ok && !diagnostics.hadError() ? 0 : std::max(1, diagnostics.exitCode());
}

} // namespace lapidary
