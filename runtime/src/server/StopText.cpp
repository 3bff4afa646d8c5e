//===- StopText.cpp - texts at which an answer ends, as strings -----------===//
// SPDX-License-Identifier: Apache-2.0
//
// See StopText.h.
//===----------------------------------------------------------------------===//
#include "runtime/src/server/StopText.h"

#include <new>

namespace lap::server {

static std::string taken(const Buffer &buffer) {
  if (buffer.failed()) {
    throw std::bad_alloc();
  }
  return std::string(buffer.data(), buffer.size());
}

StopText::StopText(std::vector<std::string> given) : stops(std::move(given)) {
  for (const std::string &stop : stops) {
    matcher.add({stop.data(), stop.size()});
  }
}

std::string StopText::push(const std::string &text) {
  Buffer out(SIZE_MAX);
  if (!hit) {
    hit = matcher.feed({text.data(), text.size()}, out);
  }
  return taken(out);
}

std::string StopText::finish() {
  Buffer out(SIZE_MAX);
  if (!hit) {
    matcher.finish(out);
  }
  return taken(out);
}

} // namespace lap::server
