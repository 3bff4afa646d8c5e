//===- Render.h - a conversation in JSON to a prompt ---------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// What lap_model_render_chat does, without a model: the compiler tries templates with it, tests compare it with
// transformers.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_RUNTIME_CHAT_RENDER_H
#define LAPIDARY_RUNTIME_CHAT_RENDER_H

#include "runtime/src/Error.h"
#include "runtime/src/chat/Buffer.h"

namespace lap {

/// Most bytes of a prompt, and of everything made while rendering it.
constexpr size_t MaxPromptBytes = 64u << 20, MaxRenderBytes = 512u << 20;

struct RenderInput {
  Text messages;      // JSON array
  Text tools;         // JSON array; empty: none
  Text variables;     // JSON object; empty: none
  uint32_t flags = 0; // LAP_CHAT_*
  int64_t now = 0;    // seconds since 1970, for strftime_now
};

/// Writes the prompt. Errors as lap_model_render_chat has them.
lap_status renderChat(const lap_template &program, const RenderInput &input, Buffer &out, lap_error *error);

} // namespace lap

#endif // LAPIDARY_RUNTIME_CHAT_RENDER_H
