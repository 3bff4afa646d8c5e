//===- main.cpp - entry of an emitted program -----------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Apart from the archive, so that a library or a test brings its own main. LAPIDARY_WITHOUT_SERVER: for machines that
// the server cannot be built for (cmake/ZigRuntime.cmake); `serve` then says so.
//===----------------------------------------------------------------------===//
#include "runtime/src/server/Serve.h"

#ifdef LAPIDARY_WITHOUT_SERVER
int main(int argc, char **argv) { return lap::runCommandLine(argc, argv, nullptr); }
#else
int main(int argc, char **argv) { return lap::runCommandLine(argc, argv, lap::server::runServe); }
#endif
