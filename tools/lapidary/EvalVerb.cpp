//===- EvalVerb.cpp - lapidary eval -----------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Options and printing; compiler/eval does the work.
//===----------------------------------------------------------------------===//
#include "compiler/eval/Evaluate.h"
#include "support/Limits.h"
#include "tools/lapidary/Verbs.h"

#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/Threading.h"
#include "llvm/Support/raw_ostream.h"

namespace lapidary {

namespace {

constexpr const char *Usage = "lapidary eval PROGRAM --against=PROGRAM (--ids=FILE | --text=FILE)";

std::optional<EvaluateOptions> readOptions(const VerbContext &context) {
  const Arguments &arguments = context.arguments;
  Diagnostics &diagnostics = context.diagnostics;
  if (!expectWords(arguments, 1, "the program", Usage, diagnostics)) {
    return std::nullopt;
  }
  EvaluateOptions options;
  options.program = arguments.positional().front();
  options.reference = arguments.get("against");
  options.ids = arguments.get("ids");
  options.text = arguments.get("text");
  if (options.reference.empty()) {
    diagnostics.error(ErrorCode::MissingArgument, "no reference program was named", "", std::string("usage: ") + Usage);
  }
  if (options.ids.empty() == options.text.empty()) {
    diagnostics.error(ErrorCode::MissingArgument,
                      options.ids.empty() ? "no tokens were given" : "both --ids and --text were given", "",
                      "give one of --ids=FILE and --text=FILE");
  }
  unsigned half = std::max(1u, llvm::hardware_concurrency().compute_thread_count() / 2); // both run at once
  options.window = arguments.number("window", 512, 2, limits::positions, diagnostics).value_or(512);
  options.windows = arguments.number("windows", 0, 1, UINT32_MAX, diagnostics).value_or(0);
  options.threads = static_cast<unsigned>(arguments.number("threads", half, 1, 64, diagnostics).value_or(1));
  if (diagnostics.hadError()) {
    return std::nullopt;
  }
  return options;
}

llvm::json::Object programJson(const EvaluatedProgram &program, double perplexity) {
  llvm::json::Object object{{"path", llvm::json::fixUTF8(program.path)},
                            {"quant", program.quant},
                            {"perplexity", perplexity},
                            {"weight_bytes", program.facts.weight_bytes}};
  if (program.bitsPerWeight > 0) {
    object["bits_per_weight"] = program.bitsPerWeight;
  }
  return object;
}

void printJson(const Evaluation &result) {
  const EvalSummary &s = result.summary;
  llvm::json::Object object{
      {"tokens", s.rows},
      {"scored_tokens", s.scored},
      {"kl", llvm::json::Object{{"mean", s.mean}, {"median", s.median}, {"p99", s.p99}, {"max", s.max}}},
      {"top1_agreement", s.agreement},
      {"perplexity_ratio", s.ratio()},
      {"program", programJson(result.program, s.perplexity)},
      {"reference", programJson(result.reference, s.referencePerplexity)}};
  llvm::outs() << llvm::formatv("{0:2}\n", llvm::json::Value(std::move(object)));
}

void printProgram(const char *label, const EvaluatedProgram &program, double perplexity) {
  llvm::outs() << llvm::formatv("{0,-15}{1}, {2}, perplexity {3:f4}", label, program.quant,
                                sizeText(program.facts.weight_bytes), perplexity);
  if (program.bitsPerWeight > 0) {
    llvm::outs() << llvm::formatv(", {0:f2} bits per weight", program.bitsPerWeight);
  }
  llvm::outs() << "\n";
}

void printText(const Evaluation &result) {
  const EvalSummary &s = result.summary;
  printProgram("program", result.program, s.perplexity);
  printProgram("reference", result.reference, s.referencePerplexity);
  llvm::outs() << llvm::formatv("KL             mean {0:f6}, median {1:f6}, p99 {2:f6}, max {3:f6} nats\n", s.mean,
                                s.median, s.p99, s.max)
               << llvm::formatv("top-1          {0:f2} % agree\n", 100 * s.agreement)
               << llvm::formatv("perplexity     {0:f5} times the reference's\n", s.ratio())
               << llvm::formatv("tokens         {0}, {1} of them with a next token\n", s.rows, s.scored);
}

} // namespace

std::vector<OptionSpec> evalOptions() {
  std::vector<OptionSpec> options = {
      {"against", 0, "PROGRAM", nullptr, "Input", true, "the reference: the same model, compiled with --quant=f32 say"},
      {"ids", 0, "FILE", nullptr, "Input", true, "token ids: white space, commas or a JSON array"},
      {"text", 0, "FILE", nullptr, "Input", true, "a text, for the reference's tokenizer"},
      {"window", 0, "N", nullptr, "Input", true, "tokens of each sequence (default 512)"},
      {"windows", 0, "N", nullptr, "Input", true, "stop after N sequences (default: the whole input)"},
      {"threads", 0, "N", nullptr, "Input", true,
       "threads of each program; both run at once (default: half the cores)"},
      {"json", 0, nullptr, nullptr, "Output", true, "print JSON"},
  };
  std::vector<OptionSpec> talking = talkingOptions();
  options.insert(options.end(), talking.begin(), talking.end());
  return options;
}

int runEval(const VerbContext &context) {
  std::optional<EvaluateOptions> options = readOptions(context);
  if (!options) {
    return exitCode(context.diagnostics);
  }
  std::optional<Evaluation> result = evaluate(*options, context.console, context.diagnostics);
  if (!result) {
    return exitCode(context.diagnostics);
  }
  context.arguments.has("json") ? printJson(*result) : printText(*result);
  return 0;
}

} // namespace lapidary
