//===- Cleanup.cpp - nothing left behind by an interrupt -------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The handler only writes one byte to a pipe; the thread at its other end may then do what a handler may not. Handlers
// (unlike a blocked mask) are not inherited by the tools we start, so Ctrl-C stops those as well.
//===----------------------------------------------------------------------===//
#include "compiler/Cleanup.h"

#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"

#include <csignal>
#include <fcntl.h>
#include <mutex>
#include <set>
#include <thread>
#include <unistd.h>

namespace lapidary {

namespace {

std::mutex pathsMutex;
std::multiset<std::string> &paths() {
  static auto *set = new std::multiset<std::string>(); // never destroyed: the thread may outlive static objects
  return *set;
}

int signalPipe[2] = {-1, -1};

void onSignal(int number) {
  unsigned char byte = static_cast<unsigned char>(number);
  if (::write(signalPipe[1], &byte, 1) != 1) {
    ::_exit(128 + number);
  }
}

void removePath(const std::string &path) {
  if (llvm::sys::fs::is_directory(path)) {
    (void)llvm::sys::fs::remove_directories(path); // what stays is only litter
  } else {
    ::unlink(path.c_str());
  }
}

void waitForSignal() {
  unsigned char number = 0;
  while (::read(signalPipe[0], &number, 1) != 1) {
  }
  std::lock_guard<std::mutex> lock(pathsMutex);
  for (const std::string &path : paths()) {
    removePath(path);
  }
  ::_exit(128 + number);
}

} // namespace

void installSignalCleanup() {
  if (::pipe2(signalPipe, O_CLOEXEC) != 0) {
    return;
  }
  std::thread(waitForSignal).detach();
  struct sigaction action = {};
  action.sa_handler = onSignal;
  for (int number : {SIGINT, SIGTERM, SIGHUP}) {
    ::sigaction(number, &action, nullptr);
  }
}

RemoveOnSignal::RemoveOnSignal(std::string name) : path(std::move(name)) {
  std::lock_guard<std::mutex> lock(pathsMutex);
  paths().insert(path);
}

RemoveOnSignal::~RemoveOnSignal() {
  std::lock_guard<std::mutex> lock(pathsMutex);
  paths().erase(paths().find(path));
}

WorkDirectory::WorkDirectory() {
  llvm::SmallString<128> name;
  if (llvm::sys::fs::createUniqueDirectory("lapidary", name)) {
    return;
  }
  directory = name.str().str();
  std::lock_guard<std::mutex> lock(pathsMutex);
  paths().insert(directory);
}

WorkDirectory::~WorkDirectory() {
  if (directory.empty()) {
    return;
  }
  (void)llvm::sys::fs::remove_directories(directory);
  std::lock_guard<std::mutex> lock(pathsMutex);
  paths().erase(paths().find(directory));
}

} // namespace lapidary
