//===- main.cpp - entry of an emitted program -----------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Apart from the archive, so that a library or a test brings its own main.
//===----------------------------------------------------------------------===//
#include "runtime/src/server/Serve.h"

int main(int argc, char **argv) { return lap::runCommandLine(argc, argv, lap::server::runServe); }
