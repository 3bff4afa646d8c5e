//===- Model.h - the compiled program and its mapped weights --------------===//
// SPDX-License-Identifier: Apache-2.0
//
// What lap_model is inside: the descriptor the compiler emitted, the mapping of the weights and the opened tables.
// Read-only after opening, so sessions and threads share it freely.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_RUNTIME_MODEL_H
#define LAPIDARY_RUNTIME_MODEL_H

#include "runtime/src/Caches.h"
#include "runtime/src/Device.h"
#include "runtime/src/WeightMap.h"
#include "runtime/src/chat/TemplateProgram.h"
#include "runtime/src/tokenizer/TokenizerTables.h"

struct lap_model {
  const lap_program *program = nullptr;
  lap::WeightMap map;
  lap::CacheLayout caches;
  lap::Device *device = nullptr;            // see Device.h
  const lap_tokenizer *tokenizer = nullptr; // null: compiled without
  const lap_template *chat = nullptr;       // null: compiled without
};

namespace lap {

/// The blob's bytes inside the descriptor; null for an empty one.
const char *blobData(const lap_program &program, const lap_blob &blob);

/// The blob as a NUL-terminated string; "" for an empty one.
const char *blobString(const lap_program &program, const lap_blob &blob);

} // namespace lap

#endif // LAPIDARY_RUNTIME_MODEL_H
