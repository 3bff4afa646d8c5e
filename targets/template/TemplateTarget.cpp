//===- TemplateTarget.cpp - a target to copy -----------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Everything the compiler asks of a target, with the plainest answer that works: the common CPU layouts, a cache of as
// many slots as positions, no kernels. Plans and IR dumps work from the first minute; emitting says what is left to
// write. README.md has the steps.
//===----------------------------------------------------------------------===//
#include "passes/TargetBackend.h"
#include "support/Quote.h"
#include "targets/common/packing/PackedShape.h"

#include "llvm/Support/MathExtras.h"

namespace lapidary::template_target {

namespace {

class TemplateTarget : public TargetBackend {
public:
  llvm::StringRef name() const override { return "template_target"; }
  llvm::StringRef summary() const override { return "a target to copy; plans and lowers, emits nothing"; }
  std::vector<std::string> cpus() const override { return {"generic"}; }
  bool runsHere() const override { return false; }

  bool selectCpu(llvm::StringRef cpu, Diagnostics &diagnostics) override {
    return cpu.empty() || cpu == "generic" ||
           diagnostics.error(ErrorCode::UnknownTarget,
                             "unknown CPU " + quoted(cpu.str()) + " of target " + name().str(), "", "known: generic");
  }
  std::string targetString() const override { return name().str() + "+generic"; }
  std::string requiredFeatures() const override { return ""; }

  uint32_t headMultiple() const override { return 1; }

  // Layout: see targets/common/packing for layouts that CPU kernels can use.
  kernel::PackedType packedType(llvm::ArrayRef<int64_t> shape, gemma::FormatAttr format, WeightUse use) const override {
    return packedTypeFor(shape, format, use);
  }
  uint64_t packedBytes(kernel::PackedType type) const override { return packedShape(type).totalBytes(); }
  std::unique_ptr<WeightPacker> packer(kernel::PackedType type, llvm::ArrayRef<float> moments) const override {
    return createPacker(type, moments);
  }
  lap_weight describeWeight(kernel::PackedType type) const override { return describePacked(type); }

  kernel::CacheAttr cacheGeometry(mlir::MLIRContext *context, int64_t heads, int64_t dim, int64_t window,
                                  const ProgramOptions &options) const override {
    auto slots = static_cast<uint32_t>(llvm::alignTo(uint64_t(options.context), 16));
    return kernel::CacheAttr::get(context, slots, options.cacheElement, 0, 0);
  }
  uint64_t cacheBytes(kernel::CacheAttr geometry, int64_t heads, int64_t dim, uint64_t &keyBytes) const override {
    uint64_t element = geometry.getElement() == "i8" ? 1 : geometry.getElement() == "bf16" ? 2 : 4;
    keyBytes =
        llvm::alignTo(uint64_t(heads) * geometry.getSlots() * uint64_t(dim) * element, uint64_t(LAP_WEIGHT_ALIGN));
    return 2 * keyBytes;
  }

  // Lower: names of the kernels that run an op, in the order of its driver's parameters.
  std::vector<std::string> selectKernels(kernel::ComputeOpInterface op) const override { return {}; }
  uint64_t laneScratchBytes(mlir::ModuleOp module) const override { return 0; }

  // Emit and link: targets/x86 shows both for a CPU.
  bool emitObjects(mlir::ModuleOp module, llvm::ArrayRef<char> descriptor, EmitContext &context,
                   EmittedObjects &out) const override {
    return emitsNothing(context);
  }
  bool linkProgram(const EmittedObjects &objects, llvm::StringRef image, EmitContext &context) const override {
    return emitsNothing(context);
  }
  bool linkLibrary(const EmittedObjects &objects, llvm::StringRef directory, llvm::StringRef name,
                   EmitContext &context) const override {
    return emitsNothing(context);
  }

private:
  bool emitsNothing(EmitContext &context) const {
    return context.diagnostics.error(ErrorCode::UnknownTarget, "target " + name().str() + " cannot emit programs", "",
                                     "use --dry-run or --stop-after, or another target");
  }
};

} // namespace

std::unique_ptr<TargetBackend> createTarget() { return std::make_unique<TemplateTarget>(); }

} // namespace lapidary::template_target
