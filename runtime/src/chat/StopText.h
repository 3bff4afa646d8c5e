//===- StopText.h - texts that end an answer ------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// A stop text may be spread over several tokens, so text that could be the beginning of one is held back until it is
// known. The stop text itself is not given out.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_RUNTIME_CHAT_STOPTEXT_H
#define LAPIDARY_RUNTIME_CHAT_STOPTEXT_H

#include "runtime/src/chat/Buffer.h"

namespace lap {

constexpr unsigned MaxStops = 8; // of the C API and the command line

class StopText {
public:
  static constexpr unsigned Capacity = 16; // what the server allows

  StopText() : held(1 << 20) {}
  /// At most Capacity, none empty; they must outlive this.
  void set(const char *const *texts, unsigned count) {
    stopCount = 0;
    for (unsigned i = 0; i < count; ++i) {
      add(textOf(texts[i]));
    }
  }
  /// One more, which may hold NULs.
  void add(Text text) { stops[stopCount++] = text; }
  /// Forgets what was held back.
  void reset() { held.clear(); }
  /// Adds text; what is certain goes to `out`. True when a stop text was found: the answer ends before it.
  bool feed(Text text, Buffer &out);
  /// The answer has ended: what was held back goes to `out`.
  void finish(Buffer &out);

private:
  Text stops[Capacity];
  unsigned stopCount = 0;
  Buffer held;
};

} // namespace lap

#endif // LAPIDARY_RUNTIME_CHAT_STOPTEXT_H
