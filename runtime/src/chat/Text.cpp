//===- Text.cpp - Python's text operations on UTF-8 ----------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// See Text.h. Case is Python's but for the one rule that looks at neighbours: a final sigma is lowered like any other.
//===----------------------------------------------------------------------===//
#include "runtime/src/chat/Text.h"

namespace lap {

namespace {

struct CharacterRange {
  uint32_t first, last;
};
struct CaseRun {
  uint32_t first, last, step;
  int32_t difference;
};
struct CaseSeveral {
  uint32_t from, to[3];
};
#include "runtime/src/chat/UnicodeTables.inc"

/// The last row whose first character is at most c, or null. Rows are sorted.
template <typename Row, size_t Count> const Row *rowOf(const Row (&rows)[Count], uint32_t c, uint32_t Row::*key) {
  size_t low = 0, high = Count;
  while (low < high) {
    size_t middle = (low + high) / 2;
    (rows[middle].*key <= c ? low : high) = rows[middle].*key <= c ? middle + 1 : middle;
  }
  return low ? &rows[low - 1] : nullptr;
}

/// Writes c in another case (at most 3 characters) and returns how many there are. title: as the first of a word.
size_t changeCodePoint(uint32_t c, bool upper, bool title, uint32_t out[3]) {
  const CaseSeveral *several = title ? rowOf(Titles, c, &CaseSeveral::from) : nullptr;
  if (!several || several->from != c) {
    several = upper ? rowOf(UpperSeveral, c, &CaseSeveral::from) : rowOf(LowerSeveral, c, &CaseSeveral::from);
  }
  if (several && several->from == c) {
    size_t count = 0;
    while (count < 3 && several->to[count] != 0) {
      out[count] = several->to[count];
      ++count;
    }
    return count;
  }
  const CaseRun *run = upper ? rowOf(UpperRuns, c, &CaseRun::first) : rowOf(LowerRuns, c, &CaseRun::first);
  bool changes = run && c <= run->last && (c - run->first) % run->step == 0;
  out[0] = changes ? c + static_cast<uint32_t>(run->difference) : c;
  return 1;
}

bool isCased(uint32_t c) {
  uint32_t upper[3], lower[3];
  return changeCodePoint(c, true, false, upper) != 1 || upper[0] != c || changeCodePoint(c, false, false, lower) != 1 ||
         lower[0] != c;
}

bool isContinuation(char byte) { return (static_cast<uint8_t>(byte) & 0xC0) == 0x80; }

/// Start of the character that ends at `end` > 0.
size_t startBefore(Text text, size_t end) {
  size_t start = end - 1;
  while (start > 0 && isContinuation(text.data[start]) && end - start < 4) {
    --start;
  }
  return start;
}

/// Bytes of the character at `at` if strip removes it, else 0.
size_t strippedAt(Text text, size_t at, const Text *chars) {
  if (!chars) {
    return spaceAt(text, at);
  }
  size_t end = at;
  uint32_t c = nextCodePoint(text, &end);
  for (size_t i = 0; i < chars->bytes;) {
    if (nextCodePoint(*chars, &i) == c) {
      return end - at;
    }
  }
  return 0;
}

} // namespace

uint32_t nextCodePoint(Text text, size_t *at) {
  const uint8_t *p = reinterpret_cast<const uint8_t *>(text.data) + *at;
  size_t left = text.bytes - *at, length = p[0] < 0xC0 ? 1 : p[0] < 0xE0 ? 2 : p[0] < 0xF0 ? 3 : 4;
  if (length == 1 || length > left) {
    ++*at;
    return p[0];
  }
  uint32_t c = p[0] & (0xFFu >> (length + 1));
  for (size_t i = 1; i < length; ++i) {
    c = c << 6 | (p[i] & 63u);
  }
  *at += length;
  return c;
}

size_t codePoints(Text text) {
  size_t count = 0;
  for (size_t i = 0; i < text.bytes; ++i) {
    count += !isContinuation(text.data[i]);
  }
  return count;
}

size_t offsetOfCodePoint(Text text, size_t index) {
  size_t at = 0;
  for (; at < text.bytes; ++at) {
    if (!isContinuation(text.data[at]) && index-- == 0) {
      break;
    }
  }
  return at;
}

size_t writeCodePoint(uint32_t c, char *out) {
  if (c < 0x80) {
    out[0] = static_cast<char>(c);
    return 1;
  }
  size_t length = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
  for (size_t i = length - 1; i > 0; --i, c >>= 6) {
    out[i] = static_cast<char>(0x80 | (c & 63));
  }
  out[0] = static_cast<char>((0xF00u >> length & 0xFF) | c);
  return length;
}

bool isPrintable(uint32_t c) {
  const CharacterRange *range = rowOf(Unprintable, c, &CharacterRange::first);
  return !range || c > range->last;
}

size_t findText(Text text, Text part, size_t from) {
  if (from > text.bytes) {
    return NotFound;
  }
  const void *found =
      memmem(text.data + from, text.bytes - from, part.data, part.bytes); // linear, unlike strstr by hand
  return found ? static_cast<size_t>(static_cast<const char *>(found) - text.data) : NotFound;
}

size_t findLast(Text text, Text part, size_t end) {
  for (size_t start = end < part.bytes ? NotFound : end - part.bytes; start != NotFound; --start) {
    if (memcmp(text.data + start, part.data, part.bytes) == 0) {
      return start;
    }
  }
  return NotFound;
}

bool startsWith(Text text, Text part) {
  return text.bytes >= part.bytes && memcmp(text.data, part.data, part.bytes) == 0;
}

bool endsWith(Text text, Text part) {
  return text.bytes >= part.bytes && memcmp(text.data + text.bytes - part.bytes, part.data, part.bytes) == 0;
}

size_t spaceAt(Text text, size_t at) {
  const uint8_t *p = reinterpret_cast<const uint8_t *>(text.data) + at;
  size_t left = text.bytes - at;
  if (p[0] == ' ' || (p[0] >= 9 && p[0] <= 13) || (p[0] >= 0x1C && p[0] <= 0x1F)) {
    return 1;
  }
  if (left >= 2 && p[0] == 0xC2 && (p[1] == 0x85 || p[1] == 0xA0)) {
    return 2;
  }
  if (left < 3 || p[0] < 0xE1 || p[0] > 0xE3) {
    return 0;
  }
  uint32_t c = (p[0] & 15u) << 12 | (p[1] & 63u) << 6 | (p[2] & 63u);
  bool space = c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F ||
               c == 0x205F || c == 0x3000;
  return space ? 3 : 0;
}

Text strip(Text text, const Text *chars, bool left, bool right) {
  size_t begin = 0, end = text.bytes;
  for (size_t bytes; left && begin < end && (bytes = strippedAt(text, begin, chars)) > 0;) {
    begin += bytes;
  }
  while (right && end > begin) {
    size_t start = startBefore(text, end);
    if (strippedAt(text.part(0, end), start, chars) != end - start) {
      break;
    }
    end = start;
  }
  return text.part(begin, end);
}

Text changeCase(Text text, Case how, Arena &arena) {
  char *out = arena.allocate<char>(text.bytes * 3 + 12); // the longest change, U+0390, is from 2 to 6 bytes
  if (!out) {
    return {nullptr, 0};
  }
  size_t bytes = 0;
  bool inWord = false;
  for (size_t at = 0; at < text.bytes;) {
    bool first = at == 0, titles = how == Case::Title || how == Case::Words;
    bool startsWord = how == Case::Words && (spaceAt(text, at) > 0 || strchr("-({[<", text.data[at])) && text.data[at];
    uint32_t c = nextCodePoint(text, &at), changed[3];
    bool upper = how == Case::Upper || (how == Case::Capitalize && first) || (titles && !inWord);
    bool title =
        how == Case::Title || how == Case::Capitalize; // Jinja's words start with upper() of their first letter
    size_t count = changeCodePoint(c, upper, title && upper, changed);
    for (size_t i = 0; i < count; ++i) {
      bytes += writeCodePoint(changed[i], out + bytes);
    }
    inWord = how == Case::Words ? !startsWord : titles && isCased(c);
  }
  return {out, bytes};
}

Text replace(Text text, Text from, Text to, int64_t limit, Arena &arena) {
  size_t matches = 0, room = text.bytes;
  bool between = from.bytes == 0; // an empty text is found before every character and at the end
  if (between) {
    matches = codePoints(text) + 1;
  } else {
    for (size_t at = 0; (at = findText(text, from, at)) != NotFound; at += from.bytes) {
      ++matches;
    }
  }
  matches = limit >= 0 && static_cast<uint64_t>(limit) < matches ? static_cast<size_t>(limit) : matches;
  if (matches != 0 && to.bytes > (UINT32_MAX - room) / matches) {
    return {nullptr, 0};
  }
  char *out = arena.allocate<char>(room + matches * to.bytes + 1);
  if (!out) {
    return {nullptr, 0};
  }
  size_t bytes = 0, at = 0;
  for (; matches > 0; --matches) {
    size_t found = between ? at : findText(text, from, at);
    memcpy(out + bytes, text.data + at, found - at);
    bytes += found - at;
    memcpy(out + bytes, to.data, to.bytes);
    bytes += to.bytes;
    at = found + from.bytes;
    if (between && at < text.bytes) {
      size_t next = at;
      nextCodePoint(text, &next);
      memcpy(out + bytes, text.data + at, next - at);
      bytes += next - at;
      at = next;
    }
  }
  memcpy(out + bytes, text.data + at, text.bytes - at);
  return {out, bytes + text.bytes - at};
}

Text concatenate(Text a, Text b, Arena &arena) {
  if (a.bytes == 0 || b.bytes == 0) {
    return a.bytes ? a : b;
  }
  if (a.bytes + b.bytes > UINT32_MAX) {
    return {nullptr, 0};
  }
  if (arena.extend(a.data + a.bytes, b.bytes)) {
    memcpy(const_cast<char *>(a.data) + a.bytes, b.data, b.bytes); // free memory behind a: nobody else sees it
    return {a.data, a.bytes + b.bytes};
  }
  char *out = arena.allocate<char>(a.bytes + b.bytes);
  if (!out) {
    return {nullptr, 0};
  }
  memcpy(out, a.data, a.bytes);
  memcpy(out + a.bytes, b.data, b.bytes);
  return {out, a.bytes + b.bytes};
}

} // namespace lap
