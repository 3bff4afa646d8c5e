//===- Calibrate.cpp - run a model on a text and keep what its products see -------===//
// SPDX-License-Identifier: Apache-2.0
//
// The temporary program is made by the same steps as any other. Its weights are known to it by their offsets only;
// compiling reports which tensor lies where (CompileOptions::placed), and the file is renamed while it is copied.
//===----------------------------------------------------------------------===//
#include "compiler/Calibrate.h"

#include "compiler/ChildProgram.h"
#include "compiler/Cleanup.h"
#include "compiler/Plan.h"
#include "compiler/Statistics.h"
#include "support/FileIO.h"
#include "support/Quote.h"

#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

namespace lapidary {

namespace {

constexpr size_t fewestTokens = 256;       ///< fewer say nothing about 512 columns
constexpr uint32_t window = 512;           ///< tokens of one sequence
constexpr uint64_t largestText = 1u << 30; ///< bytes
constexpr uint64_t copyBytes = 8u << 20;

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
  std::string program = joinPath(work.path(), "calibrate"), raw = joinPath(work.path(), "moments");
  PlacedWeights placed;
  CompileOptions temporary = programOptions(options, inputs, program);
  temporary.placed = &placed;
  console.line("calibrate", "compiling a " + temporary.quant + " program for this machine");
  ConsoleOptions silent;
  silent.quiet = true;
  silent.progress = ConsoleOptions::None;
  Console quiet(silent);
  if (compile(temporary, installation, quiet, diagnostics) != 0) {
    return false;
  }
  std::optional<std::string> ids = tokenize(program, text, diagnostics);
  if (!ids) {
    return false;
  }
  console.line("calibrate", "running it on " + text);
  if (!observe(program, *ids, temporary.context, raw, diagnostics)) {
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
