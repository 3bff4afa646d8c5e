//===- ProgramObject.cpp - program functions and descriptor as an object -------===//
// SPDX-License-Identifier: Apache-2.0
//
// The program functions only call drivers, so they are compiled for any CPU of the family: the program must be able to
// start and
// say what it misses. The speed is in the kernels.
//===----------------------------------------------------------------------===//
#include "passes/lowering/LoweringPipeline.h"
#include "targets/common/cpu/CpuTarget.h"
#include "targets/common/cpu/Emit.h"

#include "mlir/Pass/PassManager.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Target/TargetMachine.h"

#include <set>

namespace lapidary {

namespace {

std::unique_ptr<llvm::TargetMachine> targetMachine(const CpuFamily &family, Diagnostics &diagnostics) {
  family.initializeBackend(); // registering twice is harmless
  const llvm::Triple triple(family.triple);
  std::string error;
  const llvm::Target *target = llvm::TargetRegistry::lookupTarget(triple, error);
  if (!target) {
    diagnostics.error(ErrorCode::InternalError, "LLVM cannot generate code for " + triple.str() + ": " + error);
    return nullptr;
  }
  return std::unique_ptr<llvm::TargetMachine>(
      target->createTargetMachine(triple, family.baseCpu, "", llvm::TargetOptions(), llvm::Reloc::PIC_));
}

} // namespace

std::vector<std::string> kernelsOf(mlir::ModuleOp module) {
  std::set<std::string> names;
  module.walk([&](kernel::ComputeOpInterface op) {
    if (mlir::ArrayAttr kernels = op.getKernelNames()) {
      for (auto name : kernels.getAsValueRange<mlir::StringAttr>()) {
        names.insert(name.str());
      }
    }
  });
  return {names.begin(), names.end()};
}

bool writeProgramObject(mlir::ModuleOp module, const CpuFamily &family, llvm::StringRef path,
                        Diagnostics &diagnostics) {
  mlir::registerBuiltinDialectTranslation(*module.getContext());
  mlir::registerLLVMDialectTranslation(*module.getContext());
  llvm::LLVMContext context;
  std::unique_ptr<llvm::Module> ir = mlir::translateModuleToLLVMIR(module, context, "program");
  if (!ir) {
    return diagnostics.error(ErrorCode::InternalError, "the program functions cannot be translated to LLVM IR");
  }
  return writeObject(*ir, family, path, diagnostics);
}

bool writeObject(llvm::Module &ir, const CpuFamily &family, llvm::StringRef path, Diagnostics &diagnostics) {
  std::unique_ptr<llvm::TargetMachine> machine = targetMachine(family, diagnostics);
  if (!machine) {
    return false;
  }
  ir.setTargetTriple(llvm::Triple(family.triple));
  ir.setDataLayout(machine->createDataLayout());
  std::error_code code;
  llvm::raw_fd_ostream file(path, code, llvm::sys::fs::OF_None);
  if (code) {
    return diagnostics.error(ErrorCode::WriteFailed, "cannot create an intermediate file: " + code.message(),
                             path.str());
  }
  llvm::legacy::PassManager passes;
  if (machine->addPassesToEmitFile(passes, file, nullptr, llvm::CodeGenFileType::ObjectFile)) {
    return diagnostics.error(ErrorCode::InternalError, "LLVM cannot write objects for " + family.triple.str());
  }
  passes.run(ir);
  file.flush();
  if (file.has_error()) {
    std::string reason = file.error().message();
    file.clear_error();
    return diagnostics.error(ErrorCode::WriteFailed, "cannot write an intermediate file: " + reason, path.str());
  }
  return true;
}

bool CpuTarget::emitObjects(mlir::ModuleOp module, llvm::ArrayRef<char> descriptor, EmitContext &context,
                            EmittedObjects &out) const {
  std::vector<std::string> kernels = kernelsOf(module);
  mlir::OwningOpRef<mlir::ModuleOp> lowered = module.clone();
  mlir::PassManager manager(module.getContext());
  manager.addPass(createLowerKernelToLlvmPass(*this, descriptor));
  if (mlir::failed(manager.run(*lowered))) {
    return context.diagnostics.error(ErrorCode::InternalError, "the module cannot be lowered to calls of op drivers");
  }
  llvm::SmallString<128> object(context.workDirectory);
  llvm::sys::path::append(object, "program.o");
  if (!writeProgramObject(*lowered, family, object, context.diagnostics)) {
    return false;
  }
  out.objects.push_back(object.str().str());
  return findKernelObjects(kernels, family, *level, context, out.objects);
}

} // namespace lapidary
