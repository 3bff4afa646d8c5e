//===- Prompt.cpp - from what the user typed to token ids -----------------===//
// SPDX-License-Identifier: Apache-2.0
//
// See Prompt.h.
//===----------------------------------------------------------------------===//
#include "runtime/src/cli/Prompt.h"
#include "runtime/src/MemoryPlan.h"
#include "runtime/src/Model.h"
#include "runtime/src/tokenizer/Encoder.h"

#include <stdlib.h>

namespace lap {

ExitCode tokenize(const lap_model &model, const TextInput &text, uint32_t flags, IdList *out) {
  size_t capacity = lap_encode_max_ids(text.bytes);
  out->ids = static_cast<int32_t *>(malloc(capacity * sizeof(int32_t)));
  if (!out->ids) {
    return complain(ExitMemory, "not enough memory to tokenize %zu bytes: %zu needed, %llu of address space available",
                    text.bytes, capacity * sizeof(int32_t), static_cast<unsigned long long>(availableAddressSpace()));
  }
  lap_error error;
  if (lap_model_tokenize(&model, text.text, text.bytes, flags, out->ids, capacity, &out->count, &error) != LAP_OK) {
    return report(error);
  }
  return ExitOk;
}

} // namespace lap
