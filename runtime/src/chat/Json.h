//===- Json.h - JSON to values -------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Conversations, tools and variables come as JSON, which is read by runtime/src/JsonReader.h.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_RUNTIME_CHAT_JSON_H
#define LAPIDARY_RUNTIME_CHAT_JSON_H

#include "runtime/src/Error.h"
#include "runtime/src/chat/Value.h"

namespace lap {

/// The value of a JSON text; its texts lie in the arena. `what` names it in messages ("the messages"). Errors:
/// LAP_INVALID_ARGUMENT with the byte, LAP_OUT_OF_MEMORY.
lap_status readJson(Text json, const char *what, Arena &arena, Value *out, lap_error *error);

} // namespace lap

#endif // LAPIDARY_RUNTIME_CHAT_JSON_H
