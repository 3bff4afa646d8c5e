//===- Quote.h - names from files, made safe to print -------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// A tensor name can hold terminal escapes, line breaks or a megabyte of text. Whatever a message quotes from a file
// goes through here first.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_SUPPORT_QUOTE_H
#define LAPIDARY_SUPPORT_QUOTE_H

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace lapidary {

/// `text` in single quotes; control characters and bytes that are not ASCII as \xNN, cut after 160 bytes with "...".
std::string quoted(std::string_view text);
// Exact matches: else an unqualified call with a std::string would find std::quoted, where <iomanip> is included.
inline std::string quoted(const std::string &text) { return quoted(std::string_view(text)); }
inline std::string quoted(std::string &text) { return quoted(std::string_view(text)); }
inline std::string quoted(const char *text) { return quoted(std::string_view(text)); }

/// "[2048, 1536]"; at most 16 dimensions are printed.
std::string shapeText(const std::vector<uint64_t> &shape);

/// "1,234,567 bytes" or "1 byte".
std::string bytesText(uint64_t bytes);

/// "1,234,567".
std::string countText(uint64_t count);

} // namespace lapidary

#endif // LAPIDARY_SUPPORT_QUOTE_H
