//===- Plan.cpp - memory and disk, known before the work -------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Sizes come from the attributes that pack-weights, plan-kv-cache and plan-memory leave on the module.
//===----------------------------------------------------------------------===//
#include "compiler/Plan.h"

#include "compiler/Console.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

#include <fstream>
#include <unistd.h>

namespace lapidary {

namespace {

/// The compiler itself: LLVM, MLIR, the module, the tokenizer tables (measured on E2B shapes, rounded up).
constexpr uint64_t compilerBytes = 400u << 20;

uint64_t moduleBytes(mlir::ModuleOp module, llvm::StringRef name) {
  auto attribute = module->getAttrOfType<mlir::IntegerAttr>(name);
  return attribute ? static_cast<uint64_t>(attribute.getInt()) : 0;
}

/// Part of every expert matrix that one token reads: top_k of experts.
double expertShare(mlir::func::FuncOp function) {
  double share = 1.0;
  function.walk([&](kernel::RouteOp op) {
    auto experts = llvm::cast<kernel::PackedType>(op.getExpertScale().getType()).getShape().back();
    share = static_cast<double>(op.getTopK()) / static_cast<double>(experts);
  });
  return share;
}

/// Bytes of weights that one run of @step with one token reads; tables gathered by row count as nothing.
uint64_t bytesPerToken(mlir::ModuleOp module, const WeightSegment &segment) {
  auto step = module.lookupSymbol<mlir::func::FuncOp>("step");
  if (!step) {
    return 0;
  }
  llvm::StringMap<const SegmentWeight *> byName;
  for (const SegmentWeight &weight : segment.weights) {
    byName[weight.name] = &weight;
  }
  double share = expertShare(step), total = 0;
  llvm::StringMap<bool> seen;
  step.walk([&](kernel::WeightOp use) {
    const SegmentWeight *weight = byName.lookup(use.getWeight());
    if (!weight || weight->gathered || !seen.try_emplace(use.getWeight(), true).second) {
      return;
    }
    bool experts = llvm::cast<kernel::PackedType>(use.getType()).getShape().size() == 3;
    total += static_cast<double>(weight->bytes) * (experts ? share : 1.0);
  });
  return static_cast<uint64_t>(total);
}

/// Layers, counted by their attention, that `name` runs for every token it is given.
uint32_t layersForEveryToken(mlir::ModuleOp module, llvm::StringRef name) {
  uint32_t layers = 0;
  if (auto function = module.lookupSymbol<mlir::func::FuncOp>(name)) {
    function.walk([&](kernel::AttentionOp op) {
      layers += llvm::cast<kernel::BufferType>(op.getQuery().getType()).getPerToken();
    });
  }
  return layers;
}

} // namespace

Plan makePlan(mlir::ModuleOp module, const WeightSegment &segment, const TargetBackend &target, uint64_t imageBytes,
              unsigned jobs) {
  Plan plan;
  plan.weightBytes = segment.bytes;
  plan.residentWeightBytes = segment.residentBytes;
  plan.weightBytesPerToken = bytesPerToken(module, segment);
  plan.promptLayers = std::max(layersForEveryToken(module, "step"), layersForEveryToken(module, "extend"));
  plan.cacheBytes = moduleBytes(module, "kernel.cache_bytes");
  plan.arenaBytes = moduleBytes(module, "kernel.arena_bytes");
  plan.laneScratchBytes = target.laneScratchBytes(module);
  plan.addressSpaceBytes = target.addressSpaceBytes();
  plan.outputBytes = imageBytes + segment.bytes;
  plan.compilePeakBytes = compilerBytes + 4 * imageBytes + packingMemory(segment, jobs);
  return plan;
}

/// The line `wanted` of /proc/meminfo in bytes; UINT64_MAX without one.
static uint64_t memoryInfo(llvm::StringRef wanted) {
  std::ifstream file("/proc/meminfo");
  std::string key, unit;
  uint64_t kibibytes = 0;
  while (file >> key >> kibibytes >> unit) {
    if (key == wanted) {
      return kibibytes * 1024;
    }
  }
  return UINT64_MAX;
}

uint64_t availableMemory() { return memoryInfo("MemAvailable:"); }

uint64_t totalMemory() { return memoryInfo("MemTotal:"); }

uint64_t availableDisk(const std::string &path) {
  llvm::StringRef directory = llvm::sys::path::parent_path(path);
  auto space = llvm::sys::fs::disk_space(directory.empty() ? "." : directory);
  return space ? space->available : UINT64_MAX;
}

/// Programs map all their weights, tables included.
static bool checkAddressSpace(const Plan &plan, Diagnostics &diagnostics) {
  if (plan.mappedBytes() <= plan.addressSpaceBytes) {
    return true;
  }
  const bool hopeless = plan.weightBytes + plan.laneScratchBytes > plan.addressSpaceBytes;
  return diagnostics.error(
      ErrorCode::AddressSpaceTooSmall,
      "the program needs addresses for " + sizeText(plan.mappedBytes()) + ": weights " + sizeText(plan.weightBytes) +
          ", KV " + sizeText(plan.cacheBytes) + ", scratch " + sizeText(plan.arenaBytes + plan.laneScratchBytes) +
          "; the target has " + sizeText(plan.addressSpaceBytes),
      "",
      hopeless ? "the weights alone are too large: choose a smaller --quant or a smaller model"
               : "choose a smaller --context, so that KV and scratch fit into " +
                     sizeText(plan.addressSpaceBytes - plan.weightBytes) + ", or a smaller --quant");
}

bool checkPlan(const Plan &plan, uint64_t maxMemory, const std::string &output, Diagnostics &diagnostics) {
  if (!checkAddressSpace(plan, diagnostics)) {
    return false;
  }
  uint64_t memory = maxMemory ? std::min(maxMemory, availableMemory()) : availableMemory();
  if (plan.compilePeakBytes > memory) {
    return diagnostics.error(ErrorCode::OutOfMemory,
                             "compiling needs up to " + sizeText(plan.compilePeakBytes) + " of memory, " +
                                 sizeText(memory) + (maxMemory ? " may be used" : " are free"),
                             "", "use fewer threads (-j 1) or a machine with more memory");
  }
  uint64_t disk = output.empty() ? UINT64_MAX : availableDisk(output);
  if (plan.outputBytes > disk) {
    return diagnostics.error(ErrorCode::OutputTooLarge,
                             "the output needs " + sizeText(plan.outputBytes) + ", " + sizeText(disk) +
                                 " are free where it goes",
                             output, "free some space, choose another disk with -o, or a smaller --quant");
  }
  return true;
}

/// What memory allows at most: every token reads all its weights once. K and V come on top in long contexts.
static std::string limitText(const Plan &plan) {
  if (plan.weightBytesPerToken == 0) {
    return "";
  }
  std::string text;
  llvm::raw_string_ostream(text) << llvm::format(": at most %.1f tokens/s for every 10 GB/s of memory bandwidth",
                                                 1e10 / static_cast<double>(plan.weightBytesPerToken));
  return text;
}

std::string planText(const Plan &plan, uint64_t context) {
  return "output at most " + sizeText(plan.outputBytes) + " · compile peak " + sizeText(plan.compilePeakBytes) + " (" +
         sizeText(availableMemory()) + " free) · run: weights " + sizeText(plan.residentWeightBytes) + " + KV " +
         sizeText(plan.cacheBytes) + " (" + std::to_string(context) + " tokens) + scratch " +
         sizeText(plan.arenaBytes + plan.laneScratchBytes) + " · " + sizeText(plan.weightBytesPerToken) +
         " read per token" + limitText(plan);
}

} // namespace lapidary
