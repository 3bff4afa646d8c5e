//===- EmitProgram.cpp - the objects of a GPU program ---------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Two objects: the program functions with the descriptor, as for a CPU, and the kernels.
//===----------------------------------------------------------------------===//
#include "passes/lowering/LoweringPipeline.h"
#include "support/FileIO.h"
#include "support/Quote.h"
#include "targets/common/cpu/Emit.h"
#include "targets/cuda/CudaTarget.h"
#include "targets/cuda/KernelImages.h"

#include "mlir/Pass/PassManager.h"

namespace lapidary::cuda {

namespace {

/// The kernels of `names`; reports those that nobody wrote.
bool findKernels(llvm::ArrayRef<std::string> names, std::vector<const Kernel *> &out, Diagnostics &diagnostics) {
  for (const std::string &name : names) {
    out.push_back(findKernel(name));
    if (!out.back()) {
      return diagnostics.error(ErrorCode::KernelBuildFailed, "there is no GPU kernel " + quoted(name), "",
                               "choose another --quant or --kv; `lapidary-cudagen --list` prints all kernels");
    }
  }
  return true;
}

/// Adds the forms that some of the kernels have for exactly one of the capabilities.
void addExactForms(llvm::ArrayRef<unsigned> capabilities, std::vector<const Kernel *> &kernels) {
  const std::vector<const Kernel *> common = kernels;
  for (const Kernel &form : allKernels()) {
    if (llvm::is_contained(capabilities, form.exactly) &&
        llvm::any_of(common, [&](const Kernel *kernel) { return isExactFormOf(form, *kernel); })) {
      kernels.push_back(&form);
    }
  }
}

} // namespace

bool CudaTarget::emitObjects(mlir::ModuleOp module, llvm::ArrayRef<char> descriptor, EmitContext &context,
                             EmittedObjects &out) const {
  std::vector<const Kernel *> kernels;
  if (!findKernels(kernelsOf(module), kernels, context.diagnostics) ||
      !findKernels(samplingKernels(), kernels, context.diagnostics)) {
    return false;
  }
  addExactForms(capabilities, kernels);
  std::vector<KernelImage> images = compileKernels(kernels, capabilities, context);
  if (images.empty()) {
    return false;
  }
  mlir::OwningOpRef<mlir::ModuleOp> lowered = module.clone();
  mlir::PassManager manager(module.getContext());
  manager.addPass(createLowerKernelToLlvmPass(*this, descriptor));
  if (mlir::failed(manager.run(*lowered))) {
    return context.diagnostics.error(ErrorCode::InternalError, "the module cannot be lowered to calls of op drivers");
  }
  out.objects = {joinPath(context.workDirectory, "program.o"), joinPath(context.workDirectory, "kernels.o")};
  return writeProgramObject(*lowered, family, out.objects[0], context.diagnostics) &&
         writeImageObject(kernels, images, out.objects[1], context.diagnostics);
}

} // namespace lapidary::cuda
