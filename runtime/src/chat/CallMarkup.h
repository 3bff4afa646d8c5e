//===- CallMarkup.h - a tool call as the model writes it -----------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Gemma 4 writes  call:NAME{key:value,..}  between <|tool_call> and <tool_call|>: strings stand between two <|"|>
// without escapes, numbers, true and false are bare, lists and maps as in JSON with bare keys. <|"|> is a token of its
// own; here it is the byte 0xFF, which no UTF-8 holds, so that quotes in a string cannot be mistaken for its end.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_RUNTIME_CHAT_CALLMARKUP_H
#define LAPIDARY_RUNTIME_CHAT_CALLMARKUP_H

#include "runtime/src/chat/Buffer.h"

namespace lap {

constexpr char CallQuote = '\xFF';

/// Writes the arguments as a JSON object to `json` and the tool's name to *name (part of `markup`). What a model may do
/// instead is understood too: strings in JSON's quotes, bare words (they become strings). False when it is no call;
/// `json` holds nothing of use then.
bool readCall(Text markup, Text *name, Buffer &json);

} // namespace lap

#endif // LAPIDARY_RUNTIME_CHAT_CALLMARKUP_H
