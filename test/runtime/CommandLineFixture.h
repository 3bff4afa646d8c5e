//===- CommandLineFixture.h - the fake program in a shell -----------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Each run is the whole command line in a child process with its own standard streams, as a shell would start it.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_TEST_RUNTIME_COMMANDLINEFIXTURE_H
#define LAPIDARY_TEST_RUNTIME_COMMANDLINEFIXTURE_H

#include "runtime/src/cli/Commands.h"
#include "test/runtime/TestFiles.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <vector>

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
      _exit(lap::runCommandLine(int(arguments.size()), argv.data()));
    }
    int status = 0;
    waitpid(child, &status, 0);
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status), outPath ? "" : out.read(), err.read()};
  }
};

inline void expectContains(const std::string &text, const std::string &part) {
  EXPECT_NE(text.find(part), std::string::npos) << "'" << part << "' not in: " << text;
}

#endif // LAPIDARY_TEST_RUNTIME_COMMANDLINEFIXTURE_H
