//===- ChildProgram.h - a compiled program, run and read through pipes --------===//
// SPDX-License-Identifier: Apache-2.0
//
// A row of logits has 1 MiB at Gemma's vocabulary, so they are read as the program writes them; the pipe holds the
// program back. Programs read their whole input before they write, so input first, then output, cannot lock up.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_COMPILER_CHILDPROGRAM_H
#define LAPIDARY_COMPILER_CHILDPROGRAM_H

#include "support/Diagnostics.h"
#include "support/FileIO.h"

#include "llvm/ADT/StringRef.h"

#include <cstdio>
#include <memory>
#include <string>
#include <vector>

namespace lapidary {

class ChildProgram {
public:
  /// `failure` is what every error is reported as.
  explicit ChildProgram(ErrorCode failure) : failure(failure) {}
  ChildProgram(const ChildProgram &) = delete;
  ChildProgram &operator=(const ChildProgram &) = delete;
  /// Ends the program if it still runs.
  ~ChildProgram();

  /// Starts the program `words[0]` (a path) and gives it `input`.
  bool start(const std::vector<std::string> &words, llvm::StringRef input, Diagnostics &diagnostics);
  /// Reads exactly `bytes`; on an early end waits for the program and reports what it said.
  bool read(void *out, size_t bytes, Diagnostics &diagnostics);
  /// Appends everything up to the end of the output, then as `finish`.
  bool readAll(std::string &out, Diagnostics &diagnostics);
  /// Waits; an exit code other than 0 is an error.
  bool finish(Diagnostics &diagnostics);

private:
  struct Close {
    void operator()(std::FILE *stream) const { std::fclose(stream); }
  };
  bool spawn(const std::vector<std::string> &words, int input, int output, Diagnostics &diagnostics);
  size_t readSome(void *out, size_t bytes);
  int wait();
  bool failed(const std::string &how, Diagnostics &diagnostics);

  const ErrorCode failure;
  std::string name;
  std::unique_ptr<std::FILE, Close> messages; // its standard error
  FileDescriptor output;
  int process = -1;
};

} // namespace lapidary

#endif // LAPIDARY_COMPILER_CHILDPROGRAM_H
