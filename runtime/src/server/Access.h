//===- Access.h - who may ask ---------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Two dangers: strangers who reach the port (API keys), and web pages that make a visitor's browser talk to a server on
// the visitor's own machine (requests whose Origin is another site; names that an attacker's DNS points at 127.0.0.1).
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_RUNTIME_SERVER_ACCESS_H
#define LAPIDARY_RUNTIME_SERVER_ACCESS_H

#include "runtime/src/server/Http.h"

namespace lap::server {

/// False, and the answer in *out_refusal: 403 for a foreign page or host name, 401 for a missing or wrong key. `/` and
/// `/health` need no key. `loopback`: the server is reachable from this machine only.
bool mayAsk(const Settings &settings, bool loopback, const HttpRequest &request, HttpResponse *out_refusal);

/// The keys of a file, one a line; empty lines and those that start with # are none. False and a message otherwise.
bool readKeys(const char *path, std::vector<std::string> *out, std::string *out_error);

} // namespace lap::server

#endif // LAPIDARY_RUNTIME_SERVER_ACCESS_H
