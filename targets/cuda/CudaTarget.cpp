//===- CudaTarget.cpp - programs for NVIDIA GPUs -------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Compute capabilities and scratch memory. Kernels by name are in KernelSelection.cpp, images in KernelImages.cpp, the
// program in EmitProgram.cpp and Link.cpp.
//===----------------------------------------------------------------------===//
#include "targets/cuda/CudaTarget.h"

#include "runtime/src/cuda/Scratch.h"
#include "support/Quote.h"
#include "support/Suggest.h"
#include "targets/cuda/Link.h"
#include "targets/cuda/kernels/KernelList.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/TargetSelect.h"

#include <set>

namespace lapidary::cuda {

namespace {

constexpr CpuLevel levels[] = {
    {"sm_80", "cuda", "", ""}, {"sm_89", "cuda", "", ""}, {"sm_90", "cuda", "", ""}, {"sm_120", "cuda", "", ""}};

void initializeBackend() {
  LLVMInitializeX86TargetInfo();
  LLVMInitializeX86Target();
  LLVMInitializeX86TargetMC();
  LLVMInitializeX86AsmPrinter();
}

bool runsHere(const CpuLevel &) { return false; } // a GPU is looked for when a program starts, not when it is compiled

constexpr CpuFamily family = {"cuda",
                              "NVIDIA GPUs: an x86-64 Linux program with kernels inside, sm_80 and newer",
                              "x86_64-unknown-linux-gnu",
                              "x86-64",
                              true,
                              UINT64_MAX,
                              IntegerCode::Signed,
                              initializeBackend,
                              runsHere,
                              levels};

unsigned capabilityOf(llvm::StringRef name) {
  unsigned number = 0;
  (void)name.drop_front(3).getAsInteger(10, number); // of a level's name: always a number
  return number;
}

} // namespace

const CpuFamily &hostFamily() { return family; }

CudaTarget::CudaTarget() : CpuTarget(hostFamily()), capabilities{capabilityOf(level->name)} {}

std::optional<llvm::StringRef> CudaTarget::cpuIn(llvm::StringRef target) const {
  if (!target.consume_front(name())) {
    return std::nullopt;
  }
  return target.empty() || target.consume_front("-") || target.consume_front("+") ? std::optional(target)
                                                                                  : std::nullopt;
}

bool CudaTarget::selectCpu(llvm::StringRef cpu, Diagnostics &diagnostics) {
  llvm::SmallVector<llvm::StringRef> parts;
  cpu.split(parts, '+', -1, /*KeepEmpty=*/false);
  std::set<unsigned> chosen;
  for (llvm::StringRef part : parts) {
    if (!findLevel(family, part)) {
      std::string near = didYouMean(part.str(), cpus());
      return diagnostics.error(
          ErrorCode::UnknownTarget, "unknown compute capability " + quoted(part.str()) + " of target cuda", "",
          (near.empty() ? "" : near + " ") + "known: " + llvm::join(cpus(), ", ") + "; several are joined by '+'");
    }
    chosen.insert(capabilityOf(part));
  }
  if (!chosen.empty()) {
    capabilities.assign(chosen.begin(), chosen.end());
  }
  return true;
}

std::string CudaTarget::targetString() const {
  std::string text = name().str();
  for (unsigned capability : capabilities) {
    text += (capability == capabilities.front() ? "-sm_" : "+sm_") + std::to_string(capability);
  }
  return text;
}

uint64_t CudaTarget::laneScratchBytes(mlir::ModuleOp module) const {
  uint64_t bytes = 0;
  module.walk([&](kernel::AttentionOp op) {
    auto cache = mlir::SymbolTable::lookupNearestSymbolFrom<kernel::KvCacheOp>(op, op.getCacheAttr());
    const Kernel *slice = findKernel(selectKernels(op).front());
    if (!cache || !slice) {
      return; // reported by the verifier and by emitObjects
    }
    // A global cache has a slot for every position; a ring's layer sees no more than its window.
    const uint64_t reach = cache.getWindow() == 0 ? cache.getGeometry().getSlots() : UINT32_MAX;
    bytes = std::max(bytes, lap::cuda::attentionScratchBytes(static_cast<uint64_t>(op.getHeads()),
                                                             static_cast<uint64_t>(cache.getDim()), reach,
                                                             static_cast<uint64_t>(cache.getWindow()), slice->tile[0]));
  });
  return llvm::alignTo(bytes, uint64_t(LAP_WEIGHT_ALIGN));
}

bool CudaTarget::linkProgram(const EmittedObjects &objects, llvm::StringRef image, EmitContext &context) const {
  return linkCudaProgram(objects, image, context);
}

bool CudaTarget::linkLibrary(const EmittedObjects &objects, llvm::StringRef directory, llvm::StringRef name,
                             EmitContext &context) const {
  return linkCudaLibrary(objects, directory, name, context);
}

std::unique_ptr<TargetBackend> createTarget() { return std::make_unique<CudaTarget>(); }

} // namespace lapidary::cuda
