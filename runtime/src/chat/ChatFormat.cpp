//===- ChatFormat.cpp - turns to prompt text -----------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Text goes through one sink that measures and writes, so measuring and writing cannot disagree. Cutting thoughts out
// and trimming what is left are combined without a copy, by walking the parts that stay twice.
//===----------------------------------------------------------------------===//
#include "runtime/src/chat/ChatFormat.h"

#include <string.h>

namespace {

struct Sink {
  char *out;
  uint64_t capacity, bytes;
};

void write(Sink &sink, const char *text, size_t bytes) {
  if (sink.bytes < sink.capacity) {
    uint64_t room = sink.capacity - sink.bytes;
    memcpy(sink.out + sink.bytes, text, bytes < room ? bytes : room);
  }
  sink.bytes += bytes;
}

void writeString(Sink &sink, const lap_chat_format *format, lap_chat_string which) {
  uint32_t bytes;
  const char *text = lap_chat_format_string(format, which, &bytes);
  write(sink, text, bytes);
}

/// Bytes of the white space character at text[0], 0 when there is none. Python's str.isspace(), as UTF-8.
size_t spaceBytes(const char *text, size_t bytes) {
  const uint8_t *p = reinterpret_cast<const uint8_t *>(text);
  if (p[0] == ' ' || (p[0] >= 9 && p[0] <= 13) || (p[0] >= 0x1C && p[0] <= 0x1F)) {
    return 1;
  }
  if (bytes >= 2 && p[0] == 0xC2 && (p[1] == 0x85 || p[1] == 0xA0)) {
    return 2;
  }
  if (bytes < 3 || p[0] < 0xE1 || p[0] > 0xE3) {
    return 0;
  }
  uint32_t c = (p[0] & 15u) << 12 | (p[1] & 63u) << 6 | (p[2] & 63u);
  bool space = c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F ||
               c == 0x205F || c == 0x3000;
  return space ? 3 : 0;
}

const char *find(const char *text, size_t bytes, const char *what, size_t whatBytes) {
  for (size_t i = 0; whatBytes > 0 && i + whatBytes <= bytes; ++i) {
    if (memcmp(text + i, what, whatBytes) == 0) {
      return text + i;
    }
  }
  return nullptr;
}

/// A model text without its thoughts, seen as the parts that stay. Parts end at `close`; of each part only what
/// precedes its `open` stays. With closeBytes == 0 the whole text is one part.
struct Parts {
  const char *text;
  size_t bytes;
  const char *open, *close;
  uint32_t openBytes, closeBytes;
  size_t position;
  bool done;
};

bool nextPart(Parts &parts, const char **outText, size_t *outBytes) {
  if (parts.done) {
    return false;
  }
  const char *start = parts.text + parts.position;
  size_t left = parts.bytes - parts.position;
  const char *end = find(start, left, parts.close, parts.closeBytes);
  size_t part = end ? size_t(end - start) : left;
  const char *thought = find(start, part, parts.open, parts.openBytes);
  parts.done = !end;
  parts.position += part + (end ? parts.closeBytes : 0);
  *outText = start;
  *outBytes = thought ? size_t(thought - start) : part;
  return true;
}

Parts partsOf(const lap_chat_format *format, const lap_chat_turn &turn) {
  Parts parts = {turn.text, turn.bytes, "", "", 0, 0, 0, false};
  if (turn.role == LAP_CHAT_ROLE_MODEL && (format->flags & LAP_CHAT_STRIP_THOUGHTS)) {
    parts.open = lap_chat_format_string(format, LAP_CHAT_THOUGHT_OPEN, &parts.openBytes);
    parts.close = lap_chat_format_string(format, LAP_CHAT_THOUGHT_CLOSE, &parts.closeBytes);
  }
  return parts;
}

/// Writes the text of a turn as the template shows it: first finds the extent [begin, end) that trimming leaves of the
/// joined parts, then writes what lies inside.
void writeText(Sink &sink, const lap_chat_format *format, const lap_chat_turn &turn) {
  const char *text;
  size_t bytes, begin = 0, end = 0, joined = 0;
  bool visible = false;
  for (Parts parts = partsOf(format, turn); nextPart(parts, &text, &bytes); joined += bytes) {
    size_t first = 0, last = bytes;
    if (format->flags & LAP_CHAT_TRIM) {
      lap_chat_trim(text, bytes, &first, &last);
    }
    if (last > first) {
      begin = visible ? begin : joined + first;
      end = joined + last;
      visible = true;
    }
  }
  joined = 0;
  for (Parts parts = partsOf(format, turn); nextPart(parts, &text, &bytes); joined += bytes) {
    size_t from = begin > joined ? begin - joined : 0;
    size_t to = end > joined ? end - joined : 0;
    to = to < bytes ? to : bytes;
    if (from < to) {
      write(sink, text + from, to - from);
    }
  }
}

/// Everything before the first turn; returns the number of turns it used up (1 for a system turn).
size_t writeStart(Sink &sink, const lap_chat_format *format, const lap_chat_turn *turns, size_t count, bool think) {
  writeString(sink, format, LAP_CHAT_BOS);
  if (count == 0 || turns[0].role != LAP_CHAT_ROLE_SYSTEM) {
    if (think) {
      writeString(sink, format, LAP_CHAT_THINKING_PRELUDE);
    }
    return 0;
  }
  writeString(sink, format, think ? LAP_CHAT_SYSTEM_PREFIX_THINKING : LAP_CHAT_SYSTEM_PREFIX);
  writeText(sink, format, turns[0]);
  writeString(sink, format, LAP_CHAT_SYSTEM_SUFFIX);
  return 1;
}

/// A system turn comes first and before a user turn; then user and model speak in turn.
lap_chat_status checkOrder(const lap_chat_format *format, const lap_chat_turn *turns, size_t count, uint32_t options) {
  size_t i = 0;
  if (count > 0 && turns[0].role == LAP_CHAT_ROLE_SYSTEM) {
    if (!(format->flags & LAP_CHAT_SYSTEM)) {
      return LAP_CHAT_NO_SYSTEM;
    }
    if (options & LAP_CHAT_CONTINUE) {
      return LAP_CHAT_BAD_ORDER;
    }
    i = 1;
  }
  lap_chat_role expected = LAP_CHAT_ROLE_USER;
  for (; i < count; ++i) {
    if (turns[i].role != expected) {
      return LAP_CHAT_BAD_ORDER;
    }
    expected = expected == LAP_CHAT_ROLE_USER ? LAP_CHAT_ROLE_MODEL : LAP_CHAT_ROLE_USER;
  }
  bool endsWithUser = count > 0 && turns[count - 1].role == LAP_CHAT_ROLE_USER;
  return (options & LAP_CHAT_ADD_GENERATION) && !endsWithUser ? LAP_CHAT_BAD_ORDER : LAP_CHAT_OK;
}

} // namespace

void lap_chat_trim(const char *text, size_t bytes, size_t *out_begin, size_t *out_end) {
  size_t begin = 0, end = bytes;
  for (size_t space; begin < end && (space = spaceBytes(text + begin, end - begin)) > 0;) {
    begin += space;
  }
  while (end > begin) {
    size_t start = end - 1; // of the last character
    while (start > begin && (uint8_t(text[start]) & 0xC0) == 0x80 && end - start < 4) {
      --start;
    }
    if (spaceBytes(text + start, end - start) != end - start) {
      break;
    }
    end = start;
  }
  *out_begin = begin;
  *out_end = end;
}

const lap_chat_format *lap_chat_format_open(const void *block, uint64_t bytes) {
  if (!block || bytes < sizeof(lap_chat_format) || reinterpret_cast<uintptr_t>(block) % LAP_CHAT_ALIGN != 0) {
    return nullptr;
  }
  const lap_chat_format *format = static_cast<const lap_chat_format *>(block);
  if (memcmp(format->magic, LAP_CHAT_MAGIC, 8) != 0 || format->version != LAP_CHAT_VERSION ||
      format->total_bytes > bytes || format->offset[0] < sizeof(lap_chat_format)) {
    return nullptr;
  }
  for (int i = 0; i < LAP_CHAT_STRINGS; ++i) {
    if (format->offset[i] > format->offset[i + 1]) {
      return nullptr;
    }
  }
  return format->offset[LAP_CHAT_STRINGS] <= format->total_bytes ? format : nullptr;
}

const char *lap_chat_format_string(const lap_chat_format *format, lap_chat_string which, uint32_t *out_bytes) {
  *out_bytes = format->offset[which + 1] - format->offset[which];
  return reinterpret_cast<const char *>(format) + format->offset[which];
}

lap_chat_status lap_chat_prompt(const lap_chat_format *format, const lap_chat_turn *turns, size_t count,
                                uint32_t options, char *out, uint64_t capacity, uint64_t *out_bytes) {
  *out_bytes = 0;
  lap_chat_status status = checkOrder(format, turns, count, options);
  if (status != LAP_CHAT_OK) {
    return status;
  }
  Sink sink = {out, capacity, 0};
  bool think = (options & LAP_CHAT_THINK) && (format->flags & LAP_CHAT_THINKING);
  size_t first = 0;
  if (options & LAP_CHAT_CONTINUE) {
    writeString(sink, format, LAP_CHAT_MODEL_SUFFIX);
  } else {
    first = writeStart(sink, format, turns, count, think);
  }
  for (size_t i = first; i < count; ++i) {
    bool user = turns[i].role == LAP_CHAT_ROLE_USER;
    bool afterSystem = i == 1 && first == 1;
    writeString(sink, format,
                !user         ? LAP_CHAT_MODEL_PREFIX
                : afterSystem ? LAP_CHAT_USER_AFTER_SYSTEM
                              : LAP_CHAT_USER_PREFIX);
    writeText(sink, format, turns[i]);
    writeString(sink, format, user ? LAP_CHAT_USER_SUFFIX : LAP_CHAT_MODEL_SUFFIX);
  }
  if (options & LAP_CHAT_ADD_GENERATION) {
    writeString(sink, format, think ? LAP_CHAT_GENERATION_THINKING : LAP_CHAT_GENERATION);
  }
  *out_bytes = sink.bytes;
  return LAP_CHAT_OK;
}
