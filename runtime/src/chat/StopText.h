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

constexpr unsigned MaxStops = 8;

class StopText {
public:
  StopText() : held(1 << 20) {}
  /// At most MaxStops, none empty.
  void set(const char *const *texts, unsigned count) {
    stops = texts;
    stopCount = count;
  }
  /// Forgets what was held back.
  void reset() { held.clear(); }
  /// Adds text; what is certain goes to `out`. True when a stop text was found: the answer ends before it.
  bool feed(Text text, Buffer &out);
  /// The answer has ended: what was held back goes to `out`.
  void finish(Buffer &out);

private:
  const char *const *stops = nullptr;
  unsigned stopCount = 0;
  Buffer held;
};

} // namespace lap

#endif // LAPIDARY_RUNTIME_CHAT_STOPTEXT_H
