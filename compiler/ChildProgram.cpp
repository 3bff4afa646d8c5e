//===- ChildProgram.cpp - a compiled program, run and read through pipes ------===//
// SPDX-License-Identifier: Apache-2.0
//
// posix_spawn: the compiler is a large process with threads, which must not be forked. Its input is a socket, because
// only a socket can be written to without a signal when the other end is gone.
//===----------------------------------------------------------------------===//
#include "compiler/ChildProgram.h"

#include "support/Quote.h"

#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

namespace lapidary {

namespace {

constexpr size_t MessageBytes = 2000; // of its standard error that are repeated

void sendAll(int descriptor, llvm::StringRef text) {
  while (!text.empty()) {
    ssize_t written = send(descriptor, text.data(), text.size(), MSG_NOSIGNAL);
    if (written < 0 && errno != EINTR) {
      return; // it has ended; its exit code says why
    }
    text = text.drop_front(written < 0 ? 0 : static_cast<size_t>(written));
  }
}

} // namespace

ChildProgram::~ChildProgram() {
  if (process > 0) {
    kill(process, SIGKILL);
    wait();
  }
}

bool ChildProgram::spawn(const std::vector<std::string> &words, int input, int out, Diagnostics &diagnostics) {
  std::vector<char *> arguments;
  arguments.reserve(words.size() + 1);
  for (const std::string &word : words) {
    arguments.push_back(const_cast<char *>(word.c_str()));
  }
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, fileno(messages.get()), STDERR_FILENO);
  int error = posix_spawn(&process, arguments[0], &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) {
    process = -1;
    return diagnostics.error(failure, "cannot run the program: " + errnoText(error), name,
                             "is it compiled for this machine, and on a file system that allows to run programs?");
  }
  return true;
}

bool ChildProgram::start(const std::vector<std::string> &words, llvm::StringRef input, Diagnostics &diagnostics) {
  name = words.front();
  messages.reset(std::tmpfile());
  int in[2], out[2];
  if (!messages || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, in) != 0) {
    return diagnostics.error(failure, "cannot make pipes for the program: " + errnoText(errno), name);
  }
  FileDescriptor inRead(in[0]), inWrite(in[1]);
  if (pipe2(out, O_CLOEXEC) != 0) {
    return diagnostics.error(failure, "cannot make pipes for the program: " + errnoText(errno), name);
  }
  output = FileDescriptor(out[0]);
  FileDescriptor outWrite(out[1]);
  if (!spawn(words, inRead.get(), outWrite.get(), diagnostics)) {
    return false;
  }
  inRead.reset();
  outWrite.reset();
  sendAll(inWrite.get(), input);
  return true;
}

/// Fewer than `bytes` only at the end.
size_t ChildProgram::readSome(void *out, size_t bytes) {
  size_t done = 0;
  while (done < bytes) {
    ssize_t got = ::read(output.get(), static_cast<char *>(out) + done, bytes - done);
    if (got == 0 || (got < 0 && errno != EINTR)) {
      break;
    }
    done += got < 0 ? 0 : static_cast<size_t>(got);
  }
  return done;
}

bool ChildProgram::read(void *out, size_t bytes, Diagnostics &diagnostics) {
  return readSome(out, bytes) == bytes || (finish(diagnostics) && failed("ended early", diagnostics));
}

bool ChildProgram::readAll(std::string &out, Diagnostics &diagnostics) {
  char part[16384];
  while (size_t got = readSome(part, sizeof(part))) {
    out.append(part, got);
  }
  return finish(diagnostics);
}

int ChildProgram::wait() {
  int status = 0;
  while (waitpid(process, &status, 0) < 0 && errno == EINTR) {
  }
  process = -1;
  return status;
}

bool ChildProgram::finish(Diagnostics &diagnostics) {
  output.reset();
  int status = wait();
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
    return true;
  }
  return failed(WIFEXITED(status) ? "ended with exit code " + std::to_string(WEXITSTATUS(status))
                                  : "was ended by signal " + std::to_string(WTERMSIG(status)),
                diagnostics);
}

bool ChildProgram::failed(const std::string &how, Diagnostics &diagnostics) {
  std::string text(MessageBytes, 0);
  ssize_t got = pread(fileno(messages.get()), text.data(), text.size(), 0);
  text.resize(got < 0 ? 0 : static_cast<size_t>(got));
  llvm::StringRef said = llvm::StringRef(text).rtrim();
  return diagnostics.error(failure, "the program " + how + (said.empty() ? "" : " and said: " + quoted(said.str())),
                           name);
}

} // namespace lapidary
