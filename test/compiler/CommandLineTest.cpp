//===- CommandLineTest.cpp - option tables ----------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Spellings that must work, and what a mistake is answered with.
//===----------------------------------------------------------------------===//
#include "compiler/CommandLine.h"

#include <gtest/gtest.h>

using namespace lapidary;

namespace {

const OptionSpec table[] = {
    {"output", 'o', "FILE", nullptr, "Files", true, "where to write"},
    {"quant", 0, "FORMAT", "f32|w8", "Model", true, "format"},
    {"jobs", 'j', "N", nullptr, "Limits", false, "threads"},
    {"force", 0, nullptr, nullptr, "Files", false, "overwrite"},
};

struct Parsed {
  Diagnostics diagnostics;
  std::optional<Arguments> arguments;
  explicit Parsed(const std::vector<std::string> &words) : arguments(parseArguments(table, words, diagnostics)) {}
  const Diagnostic &first() const { return diagnostics.all().front(); }
};

} // namespace

TEST(CommandLine, AcceptsBothFormsOfLongOptionsAndLetters) {
  for (const std::vector<std::string> &words : std::vector<std::vector<std::string>>{
           {"dir", "--output=x"}, {"--output", "x", "dir"}, {"-o", "x", "dir"}, {"-ox", "dir"}, {"dir", "-o=x"}}) {
    Parsed parsed(words);
    ASSERT_TRUE(parsed.arguments);
    EXPECT_EQ(parsed.arguments->get("output"), "x");
    EXPECT_EQ(parsed.arguments->positional(), std::vector<std::string>{"dir"});
  }
}

TEST(CommandLine, EndsOptionsAtTwoDashesAndKeepsASingleDash) {
  Parsed parsed({"-", "--", "--force"});
  ASSERT_TRUE(parsed.arguments);
  EXPECT_EQ(parsed.arguments->positional(), (std::vector<std::string>{"-", "--force"}));
}

TEST(CommandLine, SuggestsTheNearestOption) {
  Parsed parsed({"--quants=w8"});
  ASSERT_FALSE(parsed.arguments);
  EXPECT_EQ(parsed.first().code, ErrorCode::UnknownOption);
  EXPECT_EQ(parsed.first().help, "did you mean '--quant'?");
}

TEST(CommandLine, SuggestsTheNearestValueAndListsAll) {
  Parsed parsed({"--quant=f3"});
  ASSERT_FALSE(parsed.arguments);
  EXPECT_EQ(parsed.first().code, ErrorCode::BadOptionValue);
  EXPECT_NE(parsed.first().message.find("f32, w8"), std::string::npos);
  EXPECT_EQ(parsed.first().help, "did you mean 'f32'?");
}

TEST(CommandLine, RefusesMissingAndUnwantedValues) {
  EXPECT_EQ(Parsed({"--output"}).first().code, ErrorCode::MissingArgument);
  EXPECT_EQ(Parsed({"--force=yes"}).first().code, ErrorCode::BadOptionValue);
}

TEST(CommandLine, ReportsEveryProblem) { EXPECT_EQ(Parsed({"--a", "--b", "--quant=x"}).diagnostics.errorCount(), 3u); }

TEST(CommandLine, ChecksNumbersAndSizes) {
  Parsed good({"--jobs=4", "--output=3MiB"});
  ASSERT_TRUE(good.arguments);
  EXPECT_EQ(good.arguments->number("jobs", 1, 1, 8, good.diagnostics), 4u);
  EXPECT_EQ(good.arguments->number("absent", 7, 1, 8, good.diagnostics), 7u);
  EXPECT_EQ(good.arguments->bytes("output", good.diagnostics), 3u << 20);
  for (const char *bad : {"0", "9", "-1", "4x", "", "99999999999999999999"}) {
    Parsed parsed({std::string("--jobs=") + bad});
    EXPECT_FALSE(parsed.arguments->number("jobs", 1, 1, 8, parsed.diagnostics)) << bad;
  }
  for (const char *bad : {"3MB", "GiB", "-1", "0", "18446744073709551615TiB"}) {
    Parsed parsed({std::string("--output=") + bad});
    EXPECT_FALSE(parsed.arguments->bytes("output", parsed.diagnostics)) << bad;
  }
}

TEST(CommandLine, HelpShowsOnlyCommonOptionsAtFirst) {
  EXPECT_EQ(optionHelp(table, false).find("--jobs"), std::string::npos);
  EXPECT_NE(optionHelp(table, true).find("--jobs"), std::string::npos);
}
