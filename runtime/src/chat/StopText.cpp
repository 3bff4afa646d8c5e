//===- StopText.cpp - texts that end an answer ----------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// See StopText.h.
//===----------------------------------------------------------------------===//
#include "runtime/src/chat/StopText.h"

namespace lap {

namespace {

/// Bytes at the end of `text` that are the beginning of `stop`.
size_t openBytes(Text text, Text stop) {
  size_t most = text.bytes < stop.bytes ? text.bytes : stop.bytes - 1;
  while (most > 0 && !startsWith(stop, text.part(text.bytes - most, text.bytes))) {
    --most;
  }
  return most;
}

} // namespace

bool StopText::feed(Text text, Buffer &out) {
  if (stopCount == 0) {
    out.put(text);
    return false;
  }
  held.put(text);
  Text all = held.text();
  size_t first = NotFound, open = 0;
  for (unsigned i = 0; i < stopCount; ++i) {
    size_t found = findText(all, stops[i]);
    first = found < first ? found : first;
    size_t bytes = openBytes(all, stops[i]);
    open = bytes > open ? bytes : open;
  }
  bool ends = first != NotFound;
  size_t certain = ends ? first : all.bytes - open;
  out.put(all.part(0, certain));
  held.remove(ends ? all.bytes : certain);
  return ends;
}

void StopText::finish(Buffer &out) {
  out.put(held.text());
  held.clear();
}

} // namespace lap
