//===- Page.cpp - the page at / -------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// See Page.h.
//===----------------------------------------------------------------------===//
#include "runtime/src/server/Page.h"

namespace lap::server {

namespace {

#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wc23-extensions"
constexpr unsigned char Bytes[] = {
#embed "page.html"
};
#pragma clang diagnostic pop

} // namespace

std::string pageHtml() { return std::string(reinterpret_cast<const char *>(Bytes), sizeof(Bytes)); }

} // namespace lap::server
