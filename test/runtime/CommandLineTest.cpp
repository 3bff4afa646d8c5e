//===- CommandLineTest.cpp - the program's commands, end to end -----------===//
// SPDX-License-Identifier: Apache-2.0
//
// Each case runs the whole command line in a child process with its own standard streams, as a shell would.
//===----------------------------------------------------------------------===//
#include "runtime/src/CpuFeatures.h"
#include "runtime/src/cli/Commands.h"
#include "runtime/src/cli/Input.h"
#include "test/runtime/TestFiles.h"

#include <cmath>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sstream>
#include <sys/wait.h>
#include <vector>

using namespace lap;

namespace {

struct Result {
  int code;
  std::string out, err;
};

struct Shell {
  TemporaryFile weights{"cli-weights"}, in{"cli-in"}, out{"cli-out"}, err{"cli-err"};

  Shell() { weights.write(goodFile()); }

  Result run(std::vector<std::string> arguments, const std::string &input = "", const char *outPath = nullptr) {
    in.write(input);
    arguments.insert(arguments.begin(), "fake");
    arguments.push_back("--weights=" + weights.path);
    std::vector<const char *> argv;
    for (auto &a : arguments) {
      argv.push_back(a.c_str());
    }
    argv.push_back(nullptr);
    fflush(nullptr);
    pid_t child = fork();
    if (child == 0) {
      dup2(open(in.path.c_str(), O_RDONLY), 0);
      dup2(open(outPath ? outPath : out.path.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600), 1);
      dup2(open(err.path.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600), 2);
      _exit(runCommandLine(int(arguments.size()), argv.data()));
    }
    int status = 0;
    waitpid(child, &status, 0);
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status), outPath ? "" : out.read(), err.read()};
  }
};

std::string expectedIds(std::vector<int32_t> ids, int n) {
  std::ostringstream text;
  for (int i = 0; i < n; ++i) {
    ids.push_back(fakeNext(ids.data(), uint32_t(ids.size())));
    text << (i ? " " : "") << ids.back();
  }
  return text.str() + "\n";
}

void expectContains(const std::string &text, const std::string &part) {
  EXPECT_NE(text.find(part), std::string::npos) << "'" << part << "' not in: " << text;
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

TEST(CommandLine, AnswersAPromptFromEverySource) {
  Shell shell;
  Result a = shell.run({"-p", "hello", "-n", "3", "--greedy"});
  EXPECT_EQ(a.code, 0) << a.err;
  EXPECT_EQ(shell.run({"-n", "3", "--greedy"}, "hello").out, a.out);
  TemporaryFile file("prompt");
  file.write("hello");
  EXPECT_EQ(shell.run({"-f", file.path, "-n", "3", "--greedy"}).out, a.out);
  EXPECT_NE(shell.run({"-p", "hello", "-n", "3", "--greedy", "--raw"}).out, a.out); // without U: and M:
}

TEST(CommandLine, RefusesASystemTextWithoutAPlaceForIt) {
  Shell shell;
  EXPECT_EQ(shell.run({"-p", "x", "--system", "be brief"}).code, 2);
  EXPECT_EQ(shell.run({"-p", "x", "--system", "be brief", "--raw"}).code, 2);
}

TEST(CommandLine, AnswersAConversation) {
  Shell shell;
  TemporaryFile file("messages");
  file.write(" [{\"role\": \"user\", \"content\": \"hello\"}]\n");
  Result one = shell.run({"-p", "hello", "-n", "3", "--greedy"});
  EXPECT_EQ(shell.run({"--messages", file.path, "-n", "3", "--greedy"}).out, one.out);
  file.write("[{\"role\": \"user\", \"content\": \"hello\"}, {\"role\": \"assistant\", \"content\": \"a\"},"
             " {\"role\": \"user\", \"content\": \"b\"}]");
  Result two = shell.run({"--messages", file.path, "-n", "3", "--greedy"});
  EXPECT_EQ(two.code, 0) << two.err;
  EXPECT_NE(two.out, one.out);
  file.write("[{\"role\": \"user\" \"content\"}]");
  Result bad = shell.run({"--messages", file.path});
  EXPECT_EQ(bad.code, 2);
  expectContains(bad.err, "the messages: byte 17: ");
  file.write("hello");
  expectContains(shell.run({"--messages", file.path}).err, "not a message in JSON");
  EXPECT_EQ(shell.run({"--messages", "/nonexistent"}).code, 2);
}

TEST(CommandLine, EndsBeforeAStopText) {
  Shell shell;
  std::string whole = shell.run({"-p", "hello", "-n", "6", "--greedy"}).out;
  std::string raw = shell.run({"-p", "hello", "-n", "6", "--greedy", "--raw"}).out;
  for (const auto &[text, option] : {std::pair{whole, "--quiet"}, std::pair{raw, "--raw"}}) {
    ASSERT_GT(text.size(), 4u);
    std::string stop = text.substr(text.size() / 2, 3);
    Result r = shell.run({"-p", "hello", "-n", "6", "--greedy", option, "--stop", "not there", "--stop=" + stop});
    EXPECT_EQ(r.out, text.substr(0, text.find(stop)) + "\n");
  }
  EXPECT_EQ(shell.run({"-p", "x", "--stop", ""}).code, 2);
  std::vector<std::string> many = {"-p", "x"};
  many.insert(many.end(), 9, "--stop=a");
  expectContains(shell.run(many).err, "more than 8 times");
}

TEST(CommandLine, RefusesWhatTheChatFormatHasNoPlaceFor) {
  Shell shell;
  TemporaryFile file("tools");
  file.write("[]");
  expectContains(shell.run({"-p", "x", "--tools", file.path}).err, "no place for tools");
  expectContains(shell.run({"-p", "x", "--think"}).err, "has no thinking");
  expectContains(shell.run({"-p", "x", "--think=x"}).err, "option --think: 'x' is not a whole number");
  expectContains(shell.run({"-p", "x", "--think=5", "--raw"}).err, "which --raw switches off");
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

TEST(CommandLine, BenchPrintsTheAgreedKeys) {
  Shell shell;
  Result r = shell.run({"bench", "-p", "16", "-n", "8", "-d", "20", "-t", "2", "--json"});
  EXPECT_EQ(r.code, 0) << r.err;
  for (const char *key : {"prefill_tok_s", "decode_tok_s", "ttft_ms", "load_ms", "peak_rss_bytes",
                          "\"weight_bytes_per_token\":65000", "\"threads\":2", "\"depth\":20"}) {
    expectContains(r.out, key);
  }
  EXPECT_EQ(shell.run({"bench", "-p", "60", "-d", "20"}).code, 2);
}

TEST(CommandLine, BenchMeasuresOnlyWhatIsAskedForAsOftenAsAsked) {
  Shell shell;
  Result decode = shell.run({"bench", "-p", "0", "-n", "4", "-d", "20", "-r", "2", "--json"});
  EXPECT_EQ(decode.code, 0) << decode.err;
  expectContains(decode.out, "\"prefill_tok_s\":0");
  expectContains(decode.out, "\"repetitions\":2");
  Result prefill = shell.run({"bench", "-p", "4", "-n", "0", "-r", "1", "--json"});
  EXPECT_EQ(prefill.code, 0) << prefill.err;
  expectContains(prefill.out, "\"decode_tok_s\":0");
  Result nothing = shell.run({"bench", "-p", "0", "-n", "0"});
  EXPECT_EQ(nothing.code, 2);
  expectContains(nothing.err, "nothing to measure");
  EXPECT_EQ(shell.run({"bench", "-r", "0"}).code, 2);
  EXPECT_EQ(shell.run({"bench", "-r", "101"}).code, 2);
}

TEST(CommandLine, BenchReadsTheDepthAgainWhenTheCachesHaveLostIt) {
  Shell shell; // a chunk is 8 tokens: going back 30 is too far, going back 4 is not
  for (const char *tokens : {"4", "30"}) {
    Result r = shell.run({"bench", "-p", "12", "-n", tokens, "-d", "20", "-r", "3"});
    EXPECT_EQ(r.code, 0) << r.err;
    expectContains(r.out, "depth          20");
  }
}

TEST(CommandLine, BenchSaysWhereTheTimeGoesOnlyWhenAsked) {
  Shell shell;
  Result r = shell.run({"bench", "-p", "8", "-n", "4", "-r", "2", "-t", "2", "--profile"});
  EXPECT_EQ(r.code, 0) << r.err;
  expectContains(r.out, "\nprefill: ");
  expectContains(r.out, "\ndecode: ");
  expectContains(r.out, "\npredict                                1.0 "); // calls a token, of decode
  EXPECT_EQ(shell.run({"bench", "-p", "8", "-n", "4", "-t", "2"}).out.find("predict"), std::string::npos);
  Result both = shell.run({"bench", "--profile", "--json"});
  EXPECT_EQ(both.code, 2);
  expectContains(both.err, "--profile");
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

TEST(IdsParser, AcceptsWhiteSpaceAndCommas) {
  IdList list;
  std::string text = " 1,2\n3\t4 ,, 259\r\n";
  ASSERT_EQ(parseIds(text.data(), text.size(), 260, &list, nullptr), LAP_OK);
  EXPECT_EQ(std::vector<int32_t>(list.ids, list.ids + list.count), (std::vector<int32_t>{1, 2, 3, 4, 259}));
  free(list.ids);
}

TEST(IdsParser, NamesThePositionOfAMistake) {
  for (const char *wrong : {"260", "-1", "1.5", "abc", "99999999999999999999999", "0x3", "+1", "3;4"}) {
    IdList list;
    lap_error error{};
    std::string text = std::string("7 8,") + wrong;
    EXPECT_EQ(parseIds(text.data(), text.size(), 260, &list, &error), LAP_INVALID_ARGUMENT) << wrong;
    expectContains(error.message, "token 2, at byte 4");
    expectContains(error.message, "expected 0..259");
  }
}

TEST(CpuFeatures, NamesEveryMissingFeatureAndTheCommand) {
  lap_error error{};
  auto hasSse = [](const char *name, size_t bytes) { return std::string(name, bytes) == "sse2"; };
  EXPECT_EQ(checkCpuFeatures("sse2", "t", hasSse, &error), LAP_OK);
  EXPECT_EQ(checkCpuFeatures("", "t", hasSse, &error), LAP_OK);
  EXPECT_EQ(checkCpuFeatures("sse2 avx512f  avx512_vnni", "x86_64-linux+znver4", hasSse, &error), LAP_UNSUPPORTED_CPU);
  expectContains(error.message, "(x86_64-linux+znver4): avx512f avx512_vnni;");
  expectContains(error.message, "lapidary compile MODEL_DIR -o OUT --target=native");
}

TEST(CpuFeatures, AgreesWithTheKernel) {
  std::ifstream cpuinfo("/proc/cpuinfo");
  std::string line;
  while (std::getline(cpuinfo, line) && line.rfind("flags", 0) != 0) {
  }
  std::istringstream words(line);
  std::vector<std::string> flags{std::istream_iterator<std::string>(words), {}};
  int compared = 0;
  for (const char *name :
       {"sse2",       "ssse3",       "sse4_2",      "popcnt",   "avx",      "avx2",     "fma",
        "f16c",       "bmi1",        "bmi2",        "abm",      "avx512f",  "avx512bw", "avx512vl",
        "avx512vbmi", "avx512_vnni", "avx512_bf16", "avx_vnni", "amx_int8", "gfni",     "avx512_fp16"}) {
    bool kernel = std::find(flags.begin(), flags.end(), name) != flags.end();
    EXPECT_EQ(cpuHasFeature(name, strlen(name)), kernel) << name;
    ++compared;
  }
  EXPECT_GT(compared, 20);
  EXPECT_FALSE(cpuHasFeature("no_such_feature", 15));
}
