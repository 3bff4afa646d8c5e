//===- ImportTest.cpp - imports a directory and looks at the text ----------===//
// SPDX-License-Identifier: Apache-2.0
//
// See ImportTest.h.
//===----------------------------------------------------------------------===//
#include "ImportTest.h"

#include "llvm/Support/raw_ostream.h"

namespace lapidary::test {

Imported::Imported(const std::string &directory) : context(mlir::MLIRContext::Threading::DISABLED) {
  auto config = readModelConfig(directory, diagnostics);
  auto checkpoint = Checkpoint::open(directory, diagnostics);
  if (config && checkpoint) {
    ImportReport report;
    auto tensors = resolveTextTensors(*config, *checkpoint, diagnostics, report);
    if (tensors) {
      module = importGemma(context, *config, *checkpoint, *tensors, diagnostics);
    }
  }
}

std::string Imported::text() {
  std::string result;
  llvm::raw_string_ostream stream(result);
  module->print(stream);
  return result;
}

std::string fixture(const std::string &name) { return LAPIDARY_SOURCE_DIR "/test/data/fixtures/" + name; }

testing::AssertionResult inOrder(const std::string &text, const std::vector<std::string> &lines) {
  size_t position = 0;
  for (const std::string &line : lines) {
    size_t found = text.find(line, position);
    if (found == std::string::npos) {
      return testing::AssertionFailure() << "not found: " << line << "\nafter:\n" << text.substr(position, 600);
    }
    position = found + line.size();
  }
  return testing::AssertionSuccess();
}

} // namespace lapidary::test
