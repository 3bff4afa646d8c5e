//===- Text.h - Python's text operations on UTF-8 ------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Texts are valid UTF-8 (the JSON reader and the compiler see to that) and counted in code points where Python does.
// Functions that make a new text take the arena and return one whose data is null when it is full.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_RUNTIME_CHAT_TEXT_H
#define LAPIDARY_RUNTIME_CHAT_TEXT_H

#include "runtime/src/chat/Value.h"

namespace lap {

constexpr size_t NotFound = SIZE_MAX;

/// The code point at text.data[*at] (at < bytes); moves *at behind it. Damaged UTF-8 counts byte by byte.
uint32_t nextCodePoint(Text text, size_t *at);

/// Code points of a text.
size_t codePoints(Text text);

/// Byte offset of code point `index`, text.bytes when there are fewer.
size_t offsetOfCodePoint(Text text, size_t index);

/// Writes 1..4 bytes, returns how many.
size_t writeCodePoint(uint32_t c, char *out);

/// str.isprintable() of one character.
bool isPrintable(uint32_t c);

/// Where `part` starts at or after `from`, or NotFound. An empty part is found at once.
size_t findText(Text text, Text part, size_t from = 0);
/// Where the last `part` starts that ends at or before `end`, or NotFound.
size_t findLast(Text text, Text part, size_t end);

bool startsWith(Text text, Text part);
bool endsWith(Text text, Text part);

/// str.strip: white space, or the characters in *chars; left, right or both sides.
Text strip(Text text, const Text *chars, bool left, bool right);

/// Bytes of white space (str.isspace) at data[at], 0 for none.
size_t spaceAt(Text text, size_t at);

/// Title is str.title(), Words is Jinja's filter: words start behind white space and - ( { [ <.
enum class Case { Upper, Lower, Capitalize, Title, Words };
Text changeCase(Text text, Case how, Arena &arena);

/// str.replace; at most `limit` times (negative: all).
Text replace(Text text, Text from, Text to, int64_t limit, Arena &arena);

/// A copy of a and b, one after the other; makes `a` longer in place where it can.
Text concatenate(Text a, Text b, Arena &arena);

} // namespace lap

#endif // LAPIDARY_RUNTIME_CHAT_TEXT_H
