//===- Installation.h - where the compiler's own files are ----------------------===//
// SPDX-License-Identifier: Apache-2.0
#ifndef LAPIDARY_COMPILER_INSTALLATION_H
#define LAPIDARY_COMPILER_INSTALLATION_H

#include <string>

namespace lapidary {

/// Where the compiler finds what it was installed with.
struct Installation {
  std::string resourceDirectory; ///< lib/lapidary
  std::string toolDirectory;     ///< bin
  std::string cacheDirectory;    ///< kernel objects by content, in the user's cache
};

/// From the path of the running `lapidary` (argv[0] is only a hint).
Installation findInstallation(const char *argv0);

} // namespace lapidary

#endif // LAPIDARY_COMPILER_INSTALLATION_H
