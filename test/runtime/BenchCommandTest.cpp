//===- BenchCommandTest.cpp - what `bench` prints and refuses -------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The fake program computes nothing, so no figure is looked at but those that were asked for.
//===----------------------------------------------------------------------===//
#include "test/runtime/CommandLineFixture.h"

TEST(BenchCommand, PrintsTheAgreedKeys) {
  Shell shell;
  Result r = shell.run({"bench", "-p", "16", "-n", "8", "-d", "20", "-t", "2", "--json"});
  EXPECT_EQ(r.code, 0) << r.err;
  for (const char *key : {"prefill_tok_s", "decode_tok_s", "ttft_ms", "load_ms", "peak_rss_bytes",
                          "\"weight_bytes_per_token\":65000", "\"threads\":2", "\"depth\":20"}) {
    expectContains(r.out, key);
  }
  EXPECT_EQ(shell.run({"bench", "-p", "60", "-d", "20"}).code, 2);
}

TEST(BenchCommand, MeasuresOnlyWhatIsAskedForAsOftenAsAsked) {
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

TEST(BenchCommand, ReadsTheDepthAgainWhenTheCachesHaveLostIt) {
  Shell shell; // a chunk is 8 tokens: going back 30 is too far, going back 4 is not
  for (const char *tokens : {"4", "30"}) {
    Result r = shell.run({"bench", "-p", "12", "-n", tokens, "-d", "20", "-r", "3"});
    EXPECT_EQ(r.code, 0) << r.err;
    expectContains(r.out, "depth          20");
  }
}

TEST(BenchCommand, SaysWhereTheTimeGoesOnlyWhenAsked) {
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
