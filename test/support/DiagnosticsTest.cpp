//===- DiagnosticsTest.cpp - diagnostics and the table of error codes ---------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The look of a diagnostic is a promise (scripts and documentation show it), so it is tested to the letter.
//===----------------------------------------------------------------------===//
#include "support/Diagnostics.h"
#include "support/Explain.h"

#include <gtest/gtest.h>

using namespace lapidary;

TEST(Diagnostics, FormatsCodeMessagePlaceAndHelp) {
  Diagnostic diagnostic{Severity::Error, ErrorCode::OffsetOverlap, "tensor 'b' overlaps tensor 'a'",
                        "model.safetensors: bytes 96..160", "download it again"};
  EXPECT_EQ(formatDiagnostic(diagnostic, false), "error[E0214]: tensor 'b' overlaps tensor 'a'\n"
                                                 "  --> model.safetensors: bytes 96..160\n"
                                                 "  help: download it again\n");
  EXPECT_NE(formatDiagnostic(diagnostic, true).find("\033[1;31merror[E0214]\033[0m"), std::string::npos);
}

TEST(Diagnostics, LeavesOutEmptyPlaceAndHelp) {
  Diagnostic diagnostic{Severity::Warning, ErrorCode::UnknownTensors, "3 tensors unknown", "", ""};
  EXPECT_EQ(formatDiagnostic(diagnostic, false), "warning[W0303]: 3 tensors unknown\n");
}

TEST(Diagnostics, CountsErrorsAndGivesTheFirstExitCode) {
  unsigned handled = 0;
  Diagnostics diagnostics([&](const Diagnostic &) { ++handled; });
  EXPECT_EQ(diagnostics.exitCode(), 0);
  diagnostics.warning(ErrorCode::TwoCheckpoints, "w");
  EXPECT_FALSE(diagnostics.hadError());
  EXPECT_FALSE(diagnostics.error(ErrorCode::DiskFull, "a"));
  diagnostics.error(ErrorCode::OutOfMemory, "b");
  EXPECT_EQ(diagnostics.exitCode(), 5);
  EXPECT_EQ(diagnostics.errorCount(), 2u);
  EXPECT_EQ(handled, 3u);
  EXPECT_EQ(diagnostics.all().size(), 3u);
}

TEST(ErrorCodes, AreUniqueSortedAndFullyDocumented) {
  ASSERT_GT(allErrors().size(), 60u);
  unsigned previous = 0;
  for (const ErrorInfo &info : allErrors()) {
    unsigned code = static_cast<unsigned>(info.code);
    EXPECT_GT(code, previous) << info.name;
    previous = code;
    bool warning = code / 100 == 3;
    EXPECT_EQ(info.exitCode == 0, warning) << info.name;
    EXPECT_TRUE(info.exitCode == 0 || info.exitCode == 1 || info.exitCode == 2 || info.exitCode == 4 ||
                info.exitCode == 5)
        << info.name;
    EXPECT_GT(std::string(info.explanation).size(), 80u) << info.name;
    EXPECT_NE(std::string(info.explanation).find("xample"), std::string::npos) << info.name << " has no example";
    EXPECT_NE(std::string(info.summary).back(), '.') << info.name;
  }
}

TEST(Explain, FindsACodeInEverySpelling) {
  for (const char *spelling : {"E0214", "e0214", "0214", "214", "OffsetOverlap"}) {
    std::optional<std::string> text = explain(spelling);
    ASSERT_TRUE(text) << spelling;
    EXPECT_EQ(text->rfind("E0214: two tensors share bytes\n\n", 0), 0u) << *text;
  }
  EXPECT_TRUE(explain("W0302"));
  EXPECT_FALSE(explain("E9999"));
  EXPECT_FALSE(explain(""));
}
