//===- CommandLineTest.cpp - the program's commands, end to end -----------===//
// SPDX-License-Identifier: Apache-2.0
//
// RunCommandTest.cpp has answers to prompts, BenchCommandTest.cpp measurements.
//===----------------------------------------------------------------------===//
#include "test/runtime/CommandLineFixture.h"

#include <sstream>

namespace {

std::string expectedIds(std::vector<int32_t> ids, int n) {
  std::ostringstream text;
  for (int i = 0; i < n; ++i) {
    ids.push_back(fakeNext(ids.data(), uint32_t(ids.size())));
    text << (i ? " " : "") << ids.back();
  }
  return text.str() + "\n";
}

} // namespace

TEST(CommandLine, GeneratesIds) {
  Shell shell;
  std::string expected = expectedIds({5, 6, 7, 8, 9, 10, 11, 12, 13, 14}, 12);
  for (const char *threads : {"1", "2", "4"}) {
    for (const char *chunk : {"1", "3", "8"}) {
      Result r = shell.run({"generate", "--ids", "-", "-n", "12", "--greedy", "--print-ids", "-t", threads,
                            std::string("--chunk=") + chunk},
                           "5, 6 7\n8,9\t10 11 12,13,14");
      EXPECT_EQ(r.code, 0) << r.err;
      EXPECT_EQ(r.out, expected);
    }
  }
}

TEST(CommandLine, StopsAfterPrintingTheEndOfSequenceId) {
  Shell shell;
  int32_t eos = fakeDescriptor().eos[0];
  std::vector<int32_t> ids = {5, 6};
  ids.push_back(fakeNext(ids.data(), 2));
  fakeDescriptor().eos[0] = fakeNext(ids.data(), 3);
  Result r = shell.run({"generate", "--ids", "-", "-n", "12", "--greedy", "--print-ids"}, "5 6");
  fakeDescriptor().eos[0] = eos;
  EXPECT_EQ(r.out, expectedIds({5, 6}, 2));
}

TEST(CommandLine, StopsWhenTheContextIsFull) {
  Shell shell;
  std::string ids;
  for (int i = 0; i < 60; ++i) {
    ids += "7 ";
  }
  Result r = shell.run({"generate", "--ids", "-", "-n", "100", "--greedy", "--print-ids"}, ids);
  EXPECT_EQ(r.code, 0);
  EXPECT_EQ(r.out, expectedIds(std::vector<int32_t>(60, 7), 5)); // four read, the fifth only predicted
  expectContains(r.err, "context of 64 tokens is full");
}

TEST(CommandLine, NamesBothNumbersWhenThePromptIsTooLong) {
  Shell shell;
  std::string ids;
  for (int i = 0; i < 65; ++i) {
    ids += "7 ";
  }
  Result r = shell.run({"generate", "--ids", "-", "--print-ids"}, ids);
  EXPECT_EQ(r.code, 2);
  expectContains(r.err, "the prompt has 65 tokens, but only 64 of the context's 64 are free");
}

TEST(CommandLine, SameSeedSameTokens) {
  Shell shell;
  std::vector<std::string> arguments = {"generate", "--ids", "-", "-n", "30", "--print-ids", "--temp", "5", "--seed=7"};
  Result a = shell.run(arguments, "5"), b = shell.run(arguments, "5");
  arguments.back() = "--seed=8";
  Result c = shell.run(arguments, "5");
  EXPECT_EQ(a.code, 0);
  EXPECT_EQ(a.out, b.out);
  EXPECT_NE(a.out, c.out);
}

TEST(CommandLine, WritesLogits) {
  Shell shell;
  std::vector<int32_t> ids = {5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  const char *text = "5 6 7 8 9 10 11 12 13 14 15";
  TemporaryFile file("logits");
  for (const char *chunk : {"1", "4", "8"}) {
    Result r = shell.run({"logits", "--ids", "-", "--out", file.path, "--chunk", chunk}, text);
    EXPECT_EQ(r.code, 0) << r.err;
    std::string bytes = file.read();
    ASSERT_EQ(bytes.size(), ids.size() * FakeVocab * 4);
    for (uint32_t row = 0; row < ids.size(); ++row) {
      const float *logits = reinterpret_cast<const float *>(bytes.data()) + row * FakeVocab;
      EXPECT_EQ(logits[fakeNext(ids.data(), row + 1)], 8) << row;
      EXPECT_EQ(logits[0], 3 / 256.0f);
    }
  }
  std::string all = file.read();
  EXPECT_EQ(shell.run({"logits", "--ids", "-", "--out", file.path, "--last"}, text).code, 0);
  EXPECT_EQ(file.read(), all.substr(10 * FakeVocab * 4));
}

TEST(CommandLine, LeavesNothingBehindWhenLogitsFail) {
  Shell shell;
  Result r = shell.run({"logits", "--ids", "-", "--out", "/nonexistent/x"}, "5");
  EXPECT_EQ(r.code, 5);
  expectContains(r.err, "/nonexistent/x");
  EXPECT_EQ(shell.run({"logits", "--ids", "-", "--out", "/dev/full"}, "5").code, 5);
  EXPECT_EQ(access("/dev/full", F_OK), 0);
  EXPECT_EQ(shell.run({"logits", "--ids", "-"}, "5").code, 2);
}

TEST(CommandLine, TokenizesAndBack) {
  Shell shell;
  EXPECT_EQ(shell.run({"tokenize"}, "hi x").out, "2 107 108 259 123\n");
  EXPECT_EQ(shell.run({"tokenize", "--no-bos"}, "hi").out, "107 108\n");
  EXPECT_EQ(shell.run({"detokenize"}, "2 107 108 259 123").out, "hi x");
}

TEST(CommandLine, MeasuresPerplexity) {
  Shell shell;
  std::string ids;
  for (int i = 0; i < 50; ++i) {
    ids += std::to_string(i * 3) + ",";
  }
  Result whole = shell.run({"perplexity", "--ids", "-", "--window", "20"}, ids);
  EXPECT_EQ(whole.code, 0) << whole.err;
  expectContains(whole.out, "tokens         47\n"); // 19 + 19 + 9
  Result chunked = shell.run({"perplexity", "--ids", "-", "--window", "20", "--chunk", "3"}, ids);
  EXPECT_EQ(chunked.out, whole.out);
  EXPECT_EQ(shell.run({"perplexity", "--ids", "-"}, "5").code, 2);
}

TEST(CommandLine, InfoVersionLicencesHelp) {
  Shell shell;
  EXPECT_EQ(shell.run({"info", "--json"}).out, "{\"model\":\"fake\"}\n");
  expectContains(shell.run({"info"}).out, "context        64 tokens, 8 per step");
  expectContains(shell.run({"--version"}).out, "fake, compiled by Lapidary");
  EXPECT_EQ(shell.run({"--licenses"}).out, "fake licence\n");
  expectContains(shell.run({"--help"}).out, "--top-k");
  expectContains(shell.run({"bench", "--help"}).out, "--depth");
}

TEST(CommandLine, SuggestsTheNearestSpelling) {
  Shell shell;
  Result r = shell.run({"generat"});
  EXPECT_EQ(r.code, 2);
  expectContains(r.err, "did you mean 'generate'?");
  expectContains(shell.run({"--promt", "x"}).err, "did you mean '--prompt'?");
  expectContains(shell.run({"generate", "--grdy"}).err, "did you mean '--greedy'?");
  expectContains(shell.run({"-n", "many"}).err, "'many' is not a whole number from 0");
  expectContains(shell.run({"--top-p=0"}).err, "option --top-p");
  EXPECT_EQ(shell.run({"--temp=nan"}).code, 2);
  EXPECT_EQ(shell.run({"--greedy=1"}).code, 2);
  EXPECT_EQ(shell.run({"--threads=0", "-p", "x"}).code, 2);
}

TEST(CommandLine, ReportsAFullDiskAndIsQuietOnAClosedPipe) {
  Shell shell;
  Result r = shell.run({"info"}, "", "/dev/full");
  EXPECT_EQ(r.code, 5);
  expectContains(r.err, "cannot write to standard output");
}

TEST(CommandLine, VerifyFindsEveryFlippedByte) {
  Shell shell;
  EXPECT_EQ(shell.run({"verify"}).code, 0);
  std::string good = goodFile();
  size_t tested = 0;
  for (size_t at = 0; at < good.size(); at += at < good.size() - sizeof(lap_trailer) ? 9973 : 1) {
    std::string bad = good;
    bad[at] = char(bad[at] ^ 4);
    shell.weights.write(bad);
    EXPECT_EQ(shell.run({"verify"}).code, 2) << "byte " << at;
    ++tested;
  }
  EXPECT_GT(tested, 12u);
}
