//===- Quote.cpp - names from files, made safe to print -----------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Escaping is by byte: names of honest checkpoints are ASCII, so anything else is shown as what it is.
//===----------------------------------------------------------------------===//
#include "support/Quote.h"

#include <cstdio>

namespace lapidary {

std::string quoted(std::string_view text) {
  constexpr size_t longest = 160;
  std::string out = "'";
  for (unsigned char c : text.substr(0, longest)) {
    if (c >= 0x20 && c < 0x7f) {
      out += static_cast<char>(c);
      continue;
    }
    char escape[5];
    std::snprintf(escape, sizeof escape, "\\x%02x", c);
    out += escape;
  }
  out += text.size() > longest ? "...'" : "'";
  return out;
}

std::string shapeText(const std::vector<uint64_t> &shape) {
  constexpr size_t longest = 16;
  std::string out = "[";
  for (size_t i = 0; i < shape.size() && i < longest; ++i) {
    out += (i ? ", " : "") + std::to_string(shape[i]);
  }
  return out + (shape.size() > longest ? ", ...]" : "]");
}

std::string countText(uint64_t count) {
  std::string digits = std::to_string(count);
  for (int at = static_cast<int>(digits.size()) - 3; at > 0; at -= 3) {
    digits.insert(static_cast<size_t>(at), ",");
  }
  return digits;
}

std::string bytesText(uint64_t bytes) { return countText(bytes) + (bytes == 1 ? " byte" : " bytes"); }

} // namespace lapidary
