//===- ImportTest.h - imports a directory and looks at the text ------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Shared by the importer tests: one context, one import, and counting and ordered matching on the printed module.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_TEST_FRONTENDS_HUGGINGFACE_IMPORT_IMPORTTEST_H
#define LAPIDARY_TEST_FRONTENDS_HUGGINGFACE_IMPORT_IMPORTTEST_H

#include "dialects/gemma/Gemma.h"
#include "frontends/huggingface/import/ImportGemma.h"

#include <gtest/gtest.h>
#include <string>
#include <vector>

namespace lapidary::test {

/// One imported directory. `module` is null when anything was reported.
struct Imported {
  explicit Imported(const std::string &directory);

  /// How many ops of type `Op` the module holds.
  template <typename Op> size_t count() {
    size_t found = 0;
    module->walk([&](Op) { ++found; });
    return found;
  }
  /// The printed module.
  std::string text();

  mlir::MLIRContext context;
  Diagnostics diagnostics;
  mlir::OwningOpRef<mlir::ModuleOp> module;
};

/// Directory of a fixture in the source tree.
std::string fixture(const std::string &name);

/// Every line of `lines` occurs in `text`, each after the one before.
testing::AssertionResult inOrder(const std::string &text, const std::vector<std::string> &lines);

} // namespace lapidary::test

#endif // LAPIDARY_TEST_FRONTENDS_HUGGINGFACE_IMPORT_IMPORTTEST_H
