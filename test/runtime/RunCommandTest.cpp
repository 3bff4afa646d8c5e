//===- RunCommandTest.cpp - answers to prompts and conversations ----------===//
// SPDX-License-Identifier: Apache-2.0
//
// The command without a name, end to end.
//===----------------------------------------------------------------------===//
#include "test/runtime/CommandLineFixture.h"

TEST(RunCommand, AnswersAPromptFromEverySource) {
  Shell shell;
  Result a = shell.run({"-p", "hello", "-n", "3", "--greedy"});
  EXPECT_EQ(a.code, 0) << a.err;
  EXPECT_EQ(shell.run({"-n", "3", "--greedy"}, "hello").out, a.out);
  TemporaryFile file("prompt");
  file.write("hello");
  EXPECT_EQ(shell.run({"-f", file.path, "-n", "3", "--greedy"}).out, a.out);
  EXPECT_NE(shell.run({"-p", "hello", "-n", "3", "--greedy", "--raw"}).out, a.out); // without U: and M:
}

TEST(RunCommand, RefusesASystemTextWithoutAPlaceForIt) {
  Shell shell;
  EXPECT_EQ(shell.run({"-p", "x", "--system", "be brief"}).code, 2);
  EXPECT_EQ(shell.run({"-p", "x", "--system", "be brief", "--raw"}).code, 2);
}

TEST(RunCommand, AnswersAConversation) {
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

TEST(RunCommand, EndsBeforeAStopText) {
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

TEST(RunCommand, RefusesWhatTheChatFormatHasNoPlaceFor) {
  Shell shell;
  TemporaryFile file("tools");
  file.write("[]");
  expectContains(shell.run({"-p", "x", "--tools", file.path}).err, "no place for tools");
  expectContains(shell.run({"-p", "x", "--think"}).err, "has no thinking");
  expectContains(shell.run({"-p", "x", "--think=x"}).err, "option --think: 'x' is not a whole number");
  expectContains(shell.run({"-p", "x", "--think=5", "--raw"}).err, "which --raw switches off");
}
