//===- Serve.h - the command `serve` --------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The one name that the rest of the program knows of this folder; main hands it to the command line.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_RUNTIME_SERVER_SERVE_H
#define LAPIDARY_RUNTIME_SERVER_SERVE_H

#include "runtime/src/cli/Commands.h"

namespace lap::server {

CommandFunction runServe;

} // namespace lap::server

#endif // LAPIDARY_RUNTIME_SERVER_SERVE_H
