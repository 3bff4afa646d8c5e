//===- StopText.cpp - texts at which an answer ends -----------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// See StopText.h.
//===----------------------------------------------------------------------===//
#include "runtime/src/server/StopText.h"

#include <algorithm>

namespace lap::server {

std::string StopText::push(const std::string &text) {
  if (hit || stops.empty()) {
    return hit ? std::string() : text;
  }
  held += text;
  size_t first = std::string::npos;
  for (const std::string &stop : stops) {
    first = std::min(first, held.find(stop));
  }
  size_t certain = held.size();
  if (first != std::string::npos) {
    hit = true;
    certain = first;
  }
  for (size_t i = 0; i < stops.size() && !hit; ++i) { // the longest end of `held` that begins a stop text
    const std::string &stop = stops[i];
    for (size_t length = std::min(stop.size() - 1, held.size()); length != 0; --length) {
      if (held.compare(held.size() - length, length, stop, 0, length) == 0) {
        certain = std::min(certain, held.size() - length);
        break;
      }
    }
  }
  std::string out = held.substr(0, certain);
  held = hit ? std::string() : held.substr(certain);
  return out;
}

std::string StopText::finish() {
  std::string out;
  out.swap(held);
  return out;
}

} // namespace lap::server
