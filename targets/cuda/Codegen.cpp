//===- Codegen.cpp - kernels from MLIR to PTX --------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// See Codegen.h. PTX is made by LLVM's backend after its usual optimizations: loops of known length are unrolled there.
//===----------------------------------------------------------------------===//
#include "targets/cuda/Codegen.h"

#include "targets/common/KernelNames.h"
#include "targets/cuda/DependentLaunch.h"
#include "targets/cuda/LlvmPasses.h"

#include "mlir/Conversion/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlow.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/GPU/GPUToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/NVVM/NVVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "mlir/Transforms/Passes.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Target/TargetMachine.h"

namespace lapidary::cuda {

using namespace mlir;

namespace {

constexpr llvm::StringLiteral triple = "nvptx64-nvidia-cuda";

/// The oldest PTX version that knows the architecture and what we use of it (PTX ISA manual, release notes): drivers
/// older than ours should still read the text.
const char *ptxVersion(const Architecture &architecture) {
  return architecture.capability >= 120   ? "+ptx87"
         : architecture.capability >= 100 ? "+ptx86"
         : architecture.capability >= 90  ? "+ptx80" // cp.async.bulk.prefetch
                                          : "+ptx78";
}

std::unique_ptr<llvm::TargetMachine> machineFor(const Architecture &architecture, Diagnostics &diagnostics) {
  LLVMInitializeNVPTXTargetInfo();
  LLVMInitializeNVPTXTarget();
  LLVMInitializeNVPTXTargetMC();
  LLVMInitializeNVPTXAsmPrinter();
  std::string error;
  const llvm::Triple target(triple);
  const llvm::Target *backend = llvm::TargetRegistry::lookupTarget(target, error);
  if (!backend) {
    diagnostics.error(ErrorCode::InternalError, "LLVM cannot generate code for " + triple.str() + ": " + error);
    return nullptr;
  }
  return std::unique_ptr<llvm::TargetMachine>(
      backend->createTargetMachine(target, architecture.name(), ptxVersion(architecture), llvm::TargetOptions(),
                                   std::nullopt, std::nullopt, llvm::CodeGenOptLevel::Aggressive));
}

} // namespace

void registerKernelDialects(MLIRContext &context) {
  DialectRegistry registry;
  registerBuiltinDialectTranslation(registry);
  registerGPUDialectTranslation(registry);
  registerLLVMDialectTranslation(registry);
  registerNVVMDialectTranslation(registry);
  context.appendDialectRegistry(registry);
  context.loadDialect<arith::ArithDialect, cf::ControlFlowDialect, gpu::GPUDialect, LLVM::LLVMDialect,
                      NVVM::NVVMDialect, scf::SCFDialect>();
}

OwningOpRef<ModuleOp> buildKernels(MLIRContext &context, llvm::ArrayRef<const Kernel *> kernels) {
  OpBuilder builder(&context);
  OwningOpRef<ModuleOp> module = ModuleOp::create(builder.getUnknownLoc());
  (*module)->setAttr(gpu::GPUDialect::getContainerModuleAttrName(), builder.getUnitAttr());
  builder.setInsertionPointToStart(module->getBody());
  auto inner = gpu::GPUModuleOp::create(builder, builder.getUnknownLoc(), "kernels");
  for (const Kernel *kernel : kernels) {
    KernelBuilder one(inner, kernelSymbol(kernel->name), kernel->threads);
    kernel->build(one);
    one.finish();
  }
  PassManager manager(&context);
  manager.addPass(createCanonicalizerPass());
  manager.addPass(createCSEPass());
  return succeeded(manager.run(*module)) ? std::move(module) : OwningOpRef<ModuleOp>();
}

std::unique_ptr<llvm::Module> lowerKernels(ModuleOp module, llvm::LLVMContext &context, Diagnostics &diagnostics) {
  PassManager manager(module.getContext());
  manager.addPass(createSCFToControlFlowPass());
  OpPassManager &kernels = manager.nest<gpu::GPUModuleOp>();
  kernels.addPass(createConvertGpuOpsToNVVMOps());
  manager.addPass(createArithToLLVMConversionPass());
  manager.addPass(createConvertControlFlowToLLVMPass());
  manager.addPass(createReconcileUnrealizedCastsPass());
  std::unique_ptr<llvm::Module> ir;
  if (succeeded(manager.run(module))) {
    ir = translateModuleToLLVMIR(*module.getOps<gpu::GPUModuleOp>().begin(), context, "kernels");
  }
  if (!ir) {
    diagnostics.error(ErrorCode::InternalError, "the GPU kernels cannot be lowered to LLVM IR");
    return nullptr;
  }
  ir->setTargetTriple(llvm::Triple(triple));
  return ir;
}

bool optimizeKernels(llvm::Module &module, const Architecture &architecture, Diagnostics &diagnostics) {
  std::unique_ptr<llvm::TargetMachine> machine = machineFor(architecture, diagnostics);
  if (machine) {
    module.setDataLayout(machine->createDataLayout());
    adaptDependentLaunch(module, architecture);
    LlvmPasses(machine.get()).optimize(module, llvm::OptimizationLevel::O2);
  }
  return machine != nullptr;
}

std::optional<std::string> emitPtx(llvm::Module &module, const Architecture &architecture, Diagnostics &diagnostics) {
  std::unique_ptr<llvm::TargetMachine> machine = machineFor(architecture, diagnostics);
  if (!machine) {
    return std::nullopt;
  }
  llvm::SmallString<0> text;
  llvm::raw_svector_ostream stream(text);
  llvm::legacy::PassManager passes;
  if (machine->addPassesToEmitFile(passes, stream, nullptr, llvm::CodeGenFileType::AssemblyFile)) {
    diagnostics.error(ErrorCode::InternalError, "LLVM cannot write PTX");
    return std::nullopt;
  }
  passes.run(module);
  return text.str().str();
}

} // namespace lapidary::cuda
