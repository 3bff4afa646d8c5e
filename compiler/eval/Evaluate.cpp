//===- Evaluate.cpp - one program against another -------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The two programs are `logits --out -` processes; their rows are read in turn, so one row of each is in memory here.
//===----------------------------------------------------------------------===//
#include "compiler/eval/Evaluate.h"

#include "compiler/ChildProgram.h"
#include "compiler/Manifest.pb.h"
#include "compiler/ProgramImage.h"
#include "support/Quote.h"

#include "llvm/Support/FormatVariadic.h"

#include <cstring>

namespace lapidary {

namespace {

constexpr uint64_t InputBytes = uint64_t(1) << 30; // of ids or text

std::optional<EvaluatedProgram> readProgram(const std::string &path, Diagnostics &diagnostics) {
  std::optional<std::vector<char>> descriptor = readDescriptor(path, diagnostics);
  if (!descriptor) {
    return std::nullopt;
  }
  EvaluatedProgram result;
  result.path = path;
  std::memcpy(&result.facts, descriptor->data(), sizeof(result.facts));
  manifest::Manifest manifest;
  const lap_blob &blob = result.facts.manifest;
  if (manifest.ParseFromArray(descriptor->data() + blob.offset, static_cast<int>(blob.bytes))) {
    result.quant = manifest.quant();
    if (uint64_t parameters = manifest.model().parameters()) {
      result.bitsPerWeight = 8.0 * static_cast<double>(result.facts.weight_bytes) / static_cast<double>(parameters);
    }
  }
  result.descriptor = std::move(*descriptor);
  return result;
}

llvm::StringRef tokenizerOf(const EvaluatedProgram &program) {
  return llvm::StringRef(program.descriptor.data(), program.descriptor.size())
      .substr(program.facts.tokenizer.offset, program.facts.tokenizer.bytes);
}

bool checkPair(const EvaluatedProgram &a, const EvaluatedProgram &b, Diagnostics &diagnostics) {
  const char *help = "compare two programs of one model; compile the reference from the same checkpoint, "
                     "for example with --quant=f32";
  if (a.facts.vocab != b.facts.vocab) {
    return diagnostics.error(ErrorCode::ProgramsDiffer,
                             "the program has a vocabulary of " + countText(a.facts.vocab) +
                                 " tokens, the reference one of " + countText(b.facts.vocab),
                             a.path, help);
  }
  llvm::StringRef mine = tokenizerOf(a), theirs = tokenizerOf(b);
  if (!mine.empty() && !theirs.empty() && mine != theirs) {
    return diagnostics.error(ErrorCode::ProgramsDiffer, "the program and the reference have different tokenizers",
                             a.path, help);
  }
  return true;
}

bool checkWindow(const EvaluatedProgram &program, uint64_t tokens, Diagnostics &diagnostics) {
  return tokens <= program.facts.context ||
         diagnostics.error(ErrorCode::BadOptionValue,
                           "a window of " + countText(tokens) + " tokens does not fit into the program's context of " +
                               countText(program.facts.context),
                           program.path,
                           "use --window=" + std::to_string(program.facts.context) +
                               " or compile with --context=" + std::to_string(tokens));
}

std::optional<std::vector<int32_t>> readTokens(const EvaluateOptions &options, const EvaluatedProgram &reference,
                                               Diagnostics &diagnostics) {
  const std::string &path = options.ids.empty() ? options.text : options.ids;
  std::optional<std::string> input = readWholeFile(path, InputBytes, diagnostics);
  if (!input) {
    return std::nullopt;
  }
  std::string ids;
  if (options.ids.empty()) {
    ChildProgram tokenizer(ErrorCode::ProgramFailed);
    if (!tokenizer.start({reference.path, "tokenize"}, *input, diagnostics) || !tokenizer.readAll(ids, diagnostics)) {
      return std::nullopt;
    }
  } else {
    ids = std::move(*input);
  }
  auto result = parseTokenIds(ids, reference.facts.vocab, path, diagnostics);
  if (result && result->size() < 2) {
    diagnostics.error(ErrorCode::BadOptionValue,
                      "found " + std::to_string(result->size()) + " tokens, expected 2 or more", path,
                      "give a longer text");
    return std::nullopt;
  }
  return result;
}

std::string idText(llvm::ArrayRef<int32_t> ids) {
  std::string text;
  for (int32_t id : ids) {
    text += std::to_string(id) + " ";
  }
  return text;
}

bool startLogits(ChildProgram &child, const std::string &path, unsigned threads, const std::string &ids,
                 Diagnostics &diagnostics) {
  return child.start({path, "logits", "--ids", "-", "--out", "-", "--threads", std::to_string(threads)}, ids,
                     diagnostics);
}

/// Adds the rows of one window, which begins at token `first` of the input.
bool compareWindow(const EvaluateOptions &options, uint32_t vocab, llvm::ArrayRef<int32_t> ids, uint64_t first,
                   EvalScores &scores, Diagnostics &diagnostics) {
  const std::string text = idText(ids);
  ChildProgram reference(ErrorCode::ProgramFailed), program(ErrorCode::ProgramFailed);
  if (!startLogits(reference, options.reference, options.threads, text, diagnostics) ||
      !startLogits(program, options.program, options.threads, text, diagnostics)) {
    return false;
  }
  std::vector<float> expected(vocab), found(vocab);
  for (size_t row = 0; row < ids.size(); ++row) {
    if (!reference.read(expected.data(), vocab * sizeof(float), diagnostics) ||
        !program.read(found.data(), vocab * sizeof(float), diagnostics)) {
      return false;
    }
    const bool hasNext = row + 1 < ids.size();
    std::optional<RowScore> score = compareRows(expected, found, hasNext ? std::optional(ids[row + 1]) : std::nullopt);
    if (!score) {
      return diagnostics.error(ErrorCode::ProgramFailed,
                               "a logit of token " + countText(first + row) + " is not a finite number",
                               options.program + " or " + options.reference, "check both with `verify`");
    }
    scores.add(*score, hasNext);
  }
  return reference.finish(diagnostics) && program.finish(diagnostics);
}

} // namespace

std::optional<std::vector<int32_t>> parseTokenIds(llvm::StringRef text, uint32_t vocab, const std::string &path,
                                                  Diagnostics &diagnostics) {
  constexpr llvm::StringLiteral separators = " \t\r\n,[]";
  std::vector<int32_t> ids;
  for (llvm::StringRef rest = text.ltrim(separators); !rest.empty(); rest = rest.ltrim(separators)) {
    llvm::StringRef word = rest.take_until([&](char c) { return separators.contains(c); });
    uint32_t id = 0;
    if (word.getAsInteger(10, id) || id >= vocab) {
      diagnostics.error(ErrorCode::BadOptionValue,
                        "token " + countText(ids.size()) + ", " + quoted(word.str()) +
                            ", is not a token id from 0 to " + countText(vocab - 1),
                        path, "ids must come from the tokenizer of this model; for text use --text");
      return std::nullopt;
    }
    ids.push_back(static_cast<int32_t>(id));
    rest = rest.drop_front(word.size());
  }
  return ids;
}

std::optional<Evaluation> evaluate(const EvaluateOptions &options, Console &console, Diagnostics &diagnostics) {
  std::optional<EvaluatedProgram> program = readProgram(options.program, diagnostics);
  std::optional<EvaluatedProgram> reference = readProgram(options.reference, diagnostics);
  if (!program || !reference || !checkPair(*program, *reference, diagnostics)) {
    return std::nullopt;
  }
  std::optional<std::vector<int32_t>> ids = readTokens(options, *reference, diagnostics);
  if (!ids) {
    return std::nullopt;
  }
  const uint64_t longest = std::min<uint64_t>(options.window, ids->size());
  if (!checkWindow(*program, longest, diagnostics) || !checkWindow(*reference, longest, diagnostics)) {
    return std::nullopt;
  }
  uint64_t count = (ids->size() + options.window - 1) / options.window;
  count = options.windows ? std::min(count, options.windows) : count;
  EvalScores scores;
  for (uint64_t i = 0; i < count; ++i) {
    const uint64_t first = i * options.window;
    llvm::ArrayRef<int32_t> window = llvm::ArrayRef(*ids).drop_front(first).take_front(options.window);
    if (!compareWindow(options, reference->facts.vocab, window, first, scores, diagnostics)) {
      return std::nullopt;
    }
    console.detail("eval", llvm::formatv("window {0} of {1}, mean KL {2:f6}", i + 1, count, scores.summary().mean));
  }
  return Evaluation{std::move(*program), std::move(*reference), scores.summary()};
}

} // namespace lapidary
