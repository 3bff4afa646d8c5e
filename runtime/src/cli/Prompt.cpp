//===- Prompt.cpp - from what the user typed to token ids -----------------===//
// SPDX-License-Identifier: Apache-2.0
//
// See Prompt.h.
//===----------------------------------------------------------------------===//
#include "runtime/src/cli/Prompt.h"
#include "runtime/src/Model.h"
#include "runtime/src/tokenizer/Encoder.h"

#include <stdlib.h>
#include <string.h>

namespace lap {

ExitCode tokenize(const lap_model &model, const TextInput &text, uint32_t flags, IdList *out) {
  size_t capacity = lap_encode_max_ids(text.bytes);
  out->ids = static_cast<int32_t *>(malloc(capacity * sizeof(int32_t)));
  if (!out->ids) {
    return complain(ExitMemory, "not enough memory to tokenize %zu bytes of text", text.bytes);
  }
  lap_error error;
  if (lap_model_tokenize(&model, text.text, text.bytes, flags, out->ids, capacity, &out->count, &error) != LAP_OK) {
    return report(error);
  }
  return ExitOk;
}

ExitCode chatTurn(const lap_model &model, const char *system, const TextInput &user, bool first, IdList *out) {
  lap_chat_turn turns[2];
  size_t count = 0;
  if (system && first) {
    turns[count++] = {LAP_CHAT_ROLE_SYSTEM, system, strlen(system)};
  }
  turns[count++] = {LAP_CHAT_ROLE_USER, user.text, user.bytes};
  uint32_t options = LAP_CHAT_ADD_GENERATION | (first ? 0 : LAP_CHAT_CONTINUE);
  uint64_t bytes = 0;
  lap_chat_status status = lap_chat_prompt(model.chat, turns, count, options, nullptr, 0, &bytes);
  if (status != LAP_CHAT_OK) {
    return complain(ExitInput, "%s",
                    status == LAP_CHAT_NO_SYSTEM ? "this model's chat format has no system instruction"
                                                 : "the turns of the chat are out of order");
  }
  TextInput prompt;
  prompt.text = static_cast<char *>(malloc(bytes + 1));
  if (!prompt.text) {
    return complain(ExitMemory, "not enough memory for a prompt of %llu bytes", static_cast<unsigned long long>(bytes));
  }
  lap_chat_prompt(model.chat, turns, count, options, prompt.text, bytes, &bytes);
  prompt.bytes = bytes;
  ExitCode code = tokenize(model, prompt, 0, out); // the format writes its own <bos>
  free(prompt.text);
  return code;
}

} // namespace lap
