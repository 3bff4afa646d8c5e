//===- ExplainVerb.cpp - lapidary explain ---------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Prints the long text of ErrorCodes.def.
//===----------------------------------------------------------------------===//
#include "support/Explain.h"
#include "support/Quote.h"
#include "support/Suggest.h"
#include "tools/lapidary/Verbs.h"

#include "llvm/Support/raw_ostream.h"

namespace lapidary {

int runExplain(const VerbContext &context) {
  if (!expectWords(context.arguments, 1, "the error code", "lapidary explain E0214", context.diagnostics)) {
    return exitCode(context.diagnostics);
  }
  const std::string &name = context.arguments.positional().front();
  if (std::optional<std::string> text = explain(name)) {
    llvm::outs() << *text;
    return 0;
  }
  std::vector<std::string> codes;
  for (const ErrorInfo &info : allErrors()) {
    codes.push_back(codeName(info.code));
  }
  context.diagnostics.error(ErrorCode::BadOptionValue, "there is no error code " + quoted(name), "",
                            didYouMean(name, codes));
  return exitCode(context.diagnostics);
}

} // namespace lapidary
