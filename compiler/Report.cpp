//===- Report.cpp - what a compilation says at its start and end -------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// All of it goes to stderr through the console, so scripts that read stdout see nothing of it.
//===----------------------------------------------------------------------===//
#include "compiler/Report.h"
#include "frontends/tokenizer/ChatTemplate.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"

namespace lapidary {

namespace {

std::string nextCommand(const CompileOptions &options, const ProgramFacts &facts) {
  if (options.emit == EmitKind::Library) {
    return "include " + options.output +
           "/lapidary.h and link lib*.a or lib*.so; pass the .weights file to lap_model_open";
  }
  std::string program = llvm::StringRef(options.output).contains('/') ? options.output : "./" + options.output;
  if (!options.splitWeights.empty()) {
    program += " --weights=" + options.splitWeights;
  }
  if (facts.tokenizer.empty()) {
    return program + " info";
  }
  return program + (isChatModel(facts.chatFormat) ? " -p \"Why is the sky blue?\"" : " -p \"Once upon a time\"");
}

} // namespace

void reportPlan(const CompileOptions &options, const ProgramFacts &facts, llvm::ArrayRef<std::string> notes,
                Console &console) {
  console.line("target", facts.target + ", weights " + facts.quant + ", KV " + facts.program.cacheElement);
  console.line("plan", planText(facts.plan, facts.program.context));
  for (const std::string &note : notes) {
    console.line("plan", note);
  }
}

void reportDone(const CompileOptions &options, uint64_t bytes, const Sha256 &weightHash, double seconds,
                const ProgramFacts &facts, Console &console) {
  std::string time;
  llvm::raw_string_ostream(time) << llvm::format("%.1f s", seconds);
  console.line("done", options.output + ": " + sizeText(bytes) + " in " + time);
  console.line("weights", "sha256 " + llvm::toHex(weightHash, /*LowerCase=*/true));
  console.line("next", nextCommand(options, facts));
}

} // namespace lapidary
