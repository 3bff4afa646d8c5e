//===- Installation.cpp - where the compiler's own files are --------------------===//
// SPDX-License-Identifier: Apache-2.0
#include "compiler/Installation.h"

#include "support/FileIO.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

#include <cstdlib>

namespace lapidary {

/// Of the user, as the XDG base directory specification says, unless told otherwise.
static std::string cacheDirectory() {
  if (const char *own = std::getenv("LAPIDARY_CACHE_DIR")) {
    return own;
  }
  if (const char *cache = std::getenv("XDG_CACHE_HOME")) {
    return joinPath(cache, "lapidary");
  }
  const char *home = std::getenv("HOME");
  return home ? joinPath(home, ".cache/lapidary") : "/tmp/lapidary-cache";
}

Installation findInstallation(const char *argv0) {
  static int anchor;
  std::string program = llvm::sys::fs::getMainExecutable(argv0, &anchor);
  std::string bin = llvm::sys::path::parent_path(program).str();
  std::string root = llvm::sys::path::parent_path(bin).str();
  return {joinPath(root, "lib/lapidary"), bin, cacheDirectory()};
}

} // namespace lapidary
