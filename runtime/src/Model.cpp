//===- Model.cpp - open, describe, tokenize -------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Opening goes from cheap to dear: descriptor version, CPU features (before any kernel could run), file, mapping,
// tables.
//===----------------------------------------------------------------------===//
#include "runtime/src/Model.h"
#include "runtime/src/CpuFeatures.h"
#include "runtime/src/Device.h"
#include "runtime/src/Error.h"
#include "runtime/src/Lockstep.h"
#include "runtime/src/MemoryPlan.h"
#include "runtime/src/tokenizer/Encoder.h"

#include <new>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

namespace lap {

const char *blobData(const lap_program &program, const lap_blob &blob) {
  if (blob.bytes == 0 || blob.offset > program.descriptor_bytes ||
      blob.bytes > program.descriptor_bytes - blob.offset) {
    return nullptr;
  }
  return reinterpret_cast<const char *>(&program) + blob.offset;
}

const char *blobString(const lap_program &program, const lap_blob &blob) {
  const char *text = blobData(program, blob);
  return text && memchr(text, 0, blob.bytes) ? text : "";
}

namespace {

lap_status checkDescriptor(const lap_program &program, lap_error *error) {
  if (program.abi_version != LAP_ABI_VERSION) {
    return fail(error, LAP_BAD_FILE,
                "compiled for program version %u, this runtime is version %u; compile the model again",
                program.abi_version, unsigned(LAP_ABI_VERSION));
  }
  if (program.vocab == 0 || program.vocab > INT32_MAX || program.vocab_padded < program.vocab || program.chunk == 0 ||
      program.context == 0 || program.eos_count > 16 || program.suppress_count > 64) {
    return fail(error, LAP_BAD_FILE,
                "damaged program descriptor (vocab %u, padded %u, chunk %u, context %u); compile the model again",
                program.vocab, program.vocab_padded, program.chunk, program.context);
  }
  return LAP_OK;
}

lap_status openTables(lap_model &model, lap_error *error) {
  const lap_program &program = *model.program;
  if (!model.caches.open(program)) {
    return fail(error, LAP_BAD_FILE, "damaged list of caches; compile the model again");
  }
  if (program.tokenizer.bytes != 0) {
    model.tokenizer = lap_tokenizer_open(blobData(program, program.tokenizer), program.tokenizer.bytes);
    if (!model.tokenizer) {
      return fail(error, LAP_BAD_FILE, "damaged tokenizer tables; compile the model again");
    }
  }
  if (program.chat_format.bytes != 0) {
    model.chat = lap_template_open(blobData(program, program.chat_format), program.chat_format.bytes);
    if (!model.chat) {
      return fail(error, LAP_BAD_FILE, "damaged chat template, or one of another version; compile the model again");
    }
  }
  return LAP_OK;
}

} // namespace
} // namespace lap

using lap::fail;

lap_status lap_model_open(const lap_model_options *options, lap_model **out_model, lap_error *error) {
  if (!out_model) {
    return fail(error, LAP_INVALID_ARGUMENT, "out_model is NULL");
  }
  const char *path = options && options->struct_size >= sizeof(lap_model_options) ? options->weights_path : nullptr;
  const lap_program &program = lap_program_data;
  lap_status status = lap::checkDescriptor(program, error);
  if (status == LAP_OK) {
    status = lap::checkCpuFeatures(lap::blobString(program, program.cpu_features),
                                   lap::blobString(program, program.target), lap::cpuHasFeature, error);
  }
  if (status != LAP_OK) {
    return status;
  }
  void *memory = malloc(sizeof(lap_model));
  if (!memory) {
    return fail(error, LAP_OUT_OF_MEMORY,
                "not enough memory for a model: %zu bytes needed, %llu of address space available", sizeof(lap_model),
                static_cast<unsigned long long>(lap::availableAddressSpace()));
  }
  lap_model *model = new (memory) lap_model;
  model->program = &program;
  status = model->map.open(path, program, error);
  if (status == LAP_OK) {
    status = lap::openTables(*model, error);
  }
  if (status != LAP_OK) {
    lap_model_close(model);
    return status;
  }
  *out_model = model;
  return LAP_OK;
}

void lap_model_close(lap_model *model) {
  if (model) {
    lap::closeDevice(*model);
    model->~lap_model();
    free(model);
  }
}

lap_status lap_model_get_info(const lap_model *model, lap_model_info *info, lap_error *error) {
  if (!model || !info || info->struct_size < sizeof(size_t)) {
    return fail(error, LAP_INVALID_ARGUMENT, "model or info is NULL, or info->struct_size is not set");
  }
  const lap_program &program = *model->program;
  lap::MemoryPlan plan{};
  lap::SessionSize size;
  size.lanes = lap::lanesOf(lap::usableCpus());
  lap::sizeDeviceRows(program, 1, /*lent=*/false, size);
  lap::planSession(program, size, &plan);
  lap_model_info full{};
  full.struct_size = info->struct_size;
  full.name = lap::blobString(program, program.model_name);
  full.target = lap::blobString(program, program.target);
  full.vocab = program.vocab;
  full.context = program.context;
  full.chunk = program.chunk;
  full.has_tokenizer = model->tokenizer != nullptr;
  full.has_chat_format = model->chat && !(model->chat->flags & LAP_TEMPLATE_ASSUMED);
  full.weight_bytes = program.weight_bytes;
  full.weight_bytes_per_token = program.weight_bytes_per_token;
  full.session_bytes = plan.total;
  memcpy(info, &full, full.struct_size < sizeof(full) ? full.struct_size : sizeof(full));
  return LAP_OK;
}

int lap_model_is_eos(const lap_model *model, int32_t id) {
  for (uint32_t i = 0; i < model->program->eos_count; ++i) {
    if (model->program->eos[i] == id) {
      return 1;
    }
  }
  return 0;
}

lap_status lap_model_get_sampling(const lap_model *model, lap_sampling *out_sampling, lap_error *error) {
  if (!model || !out_sampling || out_sampling->struct_size < sizeof(lap_sampling)) {
    return fail(error, LAP_INVALID_ARGUMENT, "model or sampling is NULL, or sampling->struct_size is not set");
  }
  const lap_program &program = *model->program;
  // A generation config may leave out temperature and top_p: transformers then uses 1 for both.
  float temperature = program.temperature > 0 ? program.temperature : 1;
  out_sampling->temperature = program.do_sample ? temperature : 0;
  out_sampling->top_p = program.top_p > 0 && program.top_p <= 1 ? program.top_p : 1;
  out_sampling->top_k = program.top_k;
  return LAP_OK;
}

lap_status lap_model_tokenize(const lap_model *model, const char *text, size_t bytes, uint32_t flags, int32_t *ids,
                              size_t capacity, size_t *out_count, lap_error *error) {
  if (!model || (!text && bytes) || (!ids && capacity) || !out_count) {
    return fail(error, LAP_INVALID_ARGUMENT, "model, text, ids or out_count is NULL");
  }
  if (!model->tokenizer) {
    return fail(error, LAP_UNAVAILABLE, "this program was compiled without a tokenizer; give it token ids");
  }
  uint64_t scratchBytes = lap_encode_scratch_bytes(bytes);
  const int flagsOfMap = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
  void *scratch = scratchBytes <= SIZE_MAX // on a machine of 32 bits the size would lose bits
                      ? mmap(nullptr, scratchBytes, PROT_READ | PROT_WRITE, flagsOfMap, -1, 0)
                      : MAP_FAILED;
  if (scratch == MAP_FAILED) {
    return fail(error, LAP_OUT_OF_MEMORY, "not enough memory to tokenize %zu bytes of text: %llu bytes needed", bytes,
                static_cast<unsigned long long>(scratchBytes));
  }
  uint32_t options = LAP_ENCODE_PARSE_SPECIAL;
  options |= flags & LAP_TOKENIZE_BOS ? LAP_ENCODE_ADD_SPECIAL | LAP_ENCODE_ENSURE_BOS : 0;
  uint64_t count = 0;
  lap_encode_status status =
      lap_encode(model->tokenizer, text, bytes, options, scratch, scratchBytes, ids, capacity, &count);
  munmap(scratch, scratchBytes);
  *out_count = count;
  if (status == LAP_ENCODE_TEXT_TOO_LONG) {
    return fail(error, LAP_INVALID_ARGUMENT, "the text has %zu bytes, more than the %u a tokenizer call takes", bytes,
                LAP_ENCODE_MAX_BYTES);
  }
  if (status != LAP_ENCODE_OK) {
    return fail(error, LAP_BUFFER_TOO_SMALL, "the text has %zu tokens, the buffer holds %zu",
                static_cast<size_t>(count), capacity);
  }
  return LAP_OK;
}
