//===- Info.cpp - what this program holds and needs -----------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Reads the descriptor only: works on a machine whose CPU or memory could not run the model.
//===----------------------------------------------------------------------===//
#include "runtime/src/CpuFeatures.h"
#include "runtime/src/Device.h"
#include "runtime/src/Lockstep.h"
#include "runtime/src/MemoryPlan.h"
#include "runtime/src/Model.h"
#include "runtime/src/cli/Commands.h"

namespace lap {

namespace {

double mebibytes(uint64_t bytes) { return static_cast<double>(bytes) / 1048576; }

void printSampling(const lap_program &program, Output &out) {
  if (!program.do_sample) {
    out.put("sampling       greedy\n");
    return;
  }
  out.format("sampling       temperature %g, top_k %u, top_p %g\n", double(program.temperature), program.top_k,
             double(program.top_p));
}

} // namespace

ExitCode runInfo(const Options &options, Output &out) {
  const lap_program &program = lap_program_data;
  if (options.json) {
    const char *json = blobString(program, program.info_json);
    out.put(*json ? json : "{}");
    out.put("\n");
    return ExitOk;
  }
  MemoryPlan plan{};
  SessionSize size;
  size.lanes = lanesOf(usableCpus());
  sizeDeviceRows(program, 1, /*lent=*/false, size);
  planSession(program, size, &plan);
  lap_error error;
  const char *target = blobString(program, program.target);
  const char *features = blobString(program, program.cpu_features);
  bool runs = checkCpuFeatures(features, target, cpuHasFeature, &error) == LAP_OK;
  out.format("model          %s\n", blobString(program, program.model_name));
  out.format("target         %s\n", target);
  out.format("cpu features   %s (%s)\n", *features ? features : "none", runs ? "this CPU has them" : "missing here");
  out.format("weights        %.1f MiB, of which %.1f MiB stay in memory, %.1f MiB read per token\n",
             mebibytes(program.weight_bytes), mebibytes(program.resident_weight_bytes),
             mebibytes(program.weight_bytes_per_token));
  out.format("memory         %.1f MiB caches, %.1f MiB scratch\n", mebibytes(program.cache_bytes),
             mebibytes(plan.total - program.cache_bytes));
  out.format("context        %u tokens, %u per step\n", program.context, program.chunk);
  out.format("layers         %u, of which %u run whole for every token of a prompt\n", program.layers,
             program.prompt_layers);
  const lap_template *chat = lap_template_open(blobData(program, program.chat_format), program.chat_format.bytes);
  const char *chatText = !chat ? "none" : chat->flags & LAP_TEMPLATE_ASSUMED ? "assumed" : "inside";
  out.format("vocabulary     %u, tokenizer %s, chat format %s\n", program.vocab,
             program.tokenizer.bytes ? "inside" : "none", chatText);
  printSampling(program, out);
  return ExitOk;
}

} // namespace lap
