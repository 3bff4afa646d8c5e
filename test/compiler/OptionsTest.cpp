//===- OptionsTest.cpp - what `lapidary compile` accepts --------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Defaults, values that are planned but not offered, and the size of the first screen of help.
//===----------------------------------------------------------------------===//
#include "compiler/Options.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <set>

using namespace lapidary;

namespace {

struct Parsed {
  Diagnostics diagnostics;
  std::optional<CompileOptions> options;
  explicit Parsed(std::vector<std::string> words) {
    auto arguments = parseArguments(compileOptionTable(), words, diagnostics);
    if (arguments) {
      options = compileOptions(*arguments, false, diagnostics);
    }
  }
};

} // namespace

TEST(Options, DefaultsFollowTheFormat) {
  Parsed w4({"dir", "-o", "out"});
  ASSERT_TRUE(w4.options);
  EXPECT_EQ(withFormats(*w4.options, false, false).quant, "w4");
  EXPECT_EQ(withFormats(*w4.options, false, false).kv, "bf16");
  EXPECT_EQ(withFormats(*w4.options, true, false).quant, "bf16") << "what a quantized checkpoint left plain stays so";
  EXPECT_EQ(withFormats(*w4.options, true, false).kv, "bf16");
  EXPECT_EQ(withFormats(*w4.options, true, true).kv, "q8") << "the checkpoint was trained with these ranges";
  EXPECT_EQ(w4.options->chunk, 512u);
  EXPECT_EQ(w4.options->context, 0u);
  EXPECT_EQ(w4.options->target, "native");
  for (const char *format : {"f32", "bf16"}) {
    Parsed plain({"dir", "-o", "out", std::string("--quant=") + format});
    ASSERT_TRUE(plain.options);
    EXPECT_EQ(withFormats(*plain.options, false, false).kv, "f32");
  }
}

TEST(Options, MobileIsAFormOfTheProgramAndNotOfAWeight) {
  Parsed mobile({"dir", "-o", "out", "--quant=mobile", "--quant-override=*.mlp.*=w2row"});
  ASSERT_TRUE(mobile.options);
  EXPECT_TRUE(mobile.options->isMobile());
  EXPECT_EQ(withFormats(*mobile.options, false, false).kv, "q8");
  EXPECT_FALSE(Parsed({"dir", "-o", "out", "--quant-override=*.mlp.*=mobile"}).options);
  Parsed rows({"dir", "-o", "out", "--quant=w4row"});
  ASSERT_TRUE(rows.options);
  EXPECT_EQ(withFormats(*rows.options, false, false).kv, "bf16");
}

TEST(Options, RefusesWhatIsNotOfferedYetAndListsWhatIs) {
  for (const char *word : {"--quant=qat"}) {
    Parsed parsed({"dir", "-o", "out", word});
    ASSERT_FALSE(parsed.options) << word;
    const Diagnostic &error = parsed.diagnostics.all().front();
    EXPECT_EQ(error.code, ErrorCode::BadOptionValue);
    EXPECT_NE(error.message.find("not offered yet"), std::string::npos) << error.message;
    EXPECT_NE(error.message.find("f32, bf16"), std::string::npos) << error.message;
  }
  EXPECT_FALSE(Parsed({"dir", "-o", "out", "--drafter=x"}).options);
}

TEST(Options, SuggestsNearFormats) {
  Parsed parsed({"dir", "-o", "out", "--quant=bf61"});
  ASSERT_FALSE(parsed.options);
  EXPECT_EQ(parsed.diagnostics.all().front().help, "did you mean 'bf16'?");
}

TEST(Options, NeedsAnOutputUnlessNothingIsWritten) {
  EXPECT_FALSE(Parsed({"dir"}).options);
  EXPECT_TRUE(Parsed({"dir", "--dry-run"}).options);
  EXPECT_TRUE(Parsed({"dir", "--stop-after=fuse"}).options);
}

TEST(Options, ChecksOverrides) {
  Parsed good({"dir", "-o", "out", "--quant-override=*.mlp.*=w8", "--quant-override=*=bf16"});
  ASSERT_TRUE(good.options);
  EXPECT_EQ(good.options->overrides, (std::vector<std::string>{"*.mlp.*=w8", "*=bf16"}));
  EXPECT_FALSE(Parsed({"dir", "-o", "out", "--quant-override=w8"}).options);
  EXPECT_FALSE(Parsed({"dir", "-o", "out", "--quant-override=*=w5"}).options);
}

TEST(Options, FirstScreenOfHelpFitsFortyLinesAndHasFourExamples) {
  std::string help = compileHelp(false);
  EXPECT_LE(std::count(help.begin(), help.end(), '\n'), 40);
  size_t examples = 0;
  for (size_t at = help.find("\n  lapidary "); at != std::string::npos; at = help.find("\n  lapidary ", at + 1)) {
    ++examples;
  }
  EXPECT_EQ(examples, 4u);
}

TEST(Options, TableHasNoSpellingTwice) {
  std::set<std::string> names;
  std::set<char> letters;
  for (const OptionSpec &option : compileOptionTable()) {
    EXPECT_TRUE(names.insert(option.name).second) << option.name;
    EXPECT_TRUE(option.letter == 0 || letters.insert(option.letter).second) << option.letter;
    EXPECT_GT(std::string(option.help).size(), 0u) << option.name;
  }
}

TEST(Pipeline, PhasesAreNamedInOrderAndParsed) {
  ASSERT_EQ(allPhases().size(), 8u);
  for (const PhaseInfo &info : allPhases()) {
    EXPECT_EQ(parsePhase(info.name), info.phase);
    EXPECT_GT(std::string(info.description).size(), 10u);
  }
  EXPECT_FALSE(parsePhase("fusion"));
}
