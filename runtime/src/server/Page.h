//===- Page.h - the page at / ---------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// page.html, as data inside the program.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_RUNTIME_SERVER_PAGE_H
#define LAPIDARY_RUNTIME_SERVER_PAGE_H

#include <string>

namespace lap::server {

/// The page may run its own script and talk to this server, nothing else.
constexpr const char *PagePolicy = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; "
                                   "connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; "
                                   "frame-ancestors 'none'";

std::string pageHtml();

} // namespace lap::server

#endif // LAPIDARY_RUNTIME_SERVER_PAGE_H
