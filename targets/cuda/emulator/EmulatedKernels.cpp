//===- EmulatedKernels.cpp - a library of kernels for the emulated device --===//
// SPDX-License-Identifier: Apache-2.0
//
// Retarget, optimise, generate code, link. The calls of the device stay undefined: the emulated libcuda.so.1, which
// opens the library, has them.
//===----------------------------------------------------------------------===//
#include "targets/cuda/emulator/EmulatedKernels.h"

#include "targets/cuda/LlvmPasses.h"
#include "targets/cuda/emulator/Retarget.h"

#include "lld/Common/Driver.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FileUtilities.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Target/TargetMachine.h"

LLD_HAS_DRIVER(elf)

namespace lapidary::cuda::emulator {

namespace {

constexpr const char *hostTriple = "x86_64-unknown-linux-gnu";
constexpr const char *hostCpu = "x86-64-v3"; // f16 conversions and fused multiply-add are instructions

std::unique_ptr<llvm::TargetMachine> hostMachine(Diagnostics &diagnostics) {
  LLVMInitializeX86TargetInfo();
  LLVMInitializeX86Target();
  LLVMInitializeX86TargetMC();
  LLVMInitializeX86AsmPrinter();
  std::string error;
  const llvm::Triple triple(hostTriple);
  const llvm::Target *target = llvm::TargetRegistry::lookupTarget(triple, error);
  if (!target) {
    diagnostics.error(ErrorCode::InternalError, "LLVM cannot generate code for this machine: " + error);
    return nullptr;
  }
  return std::unique_ptr<llvm::TargetMachine>(
      target->createTargetMachine(triple, hostCpu, "", llvm::TargetOptions(), llvm::Reloc::PIC_));
}

bool writeObject(llvm::Module &module, llvm::TargetMachine &machine, llvm::StringRef path, Diagnostics &diagnostics) {
  std::error_code code;
  llvm::raw_fd_ostream file(path, code, llvm::sys::fs::OF_None);
  if (code) {
    return diagnostics.error(ErrorCode::WriteFailed, "cannot create an intermediate file: " + code.message(),
                             path.str());
  }
  llvm::legacy::PassManager passes;
  if (machine.addPassesToEmitFile(passes, file, nullptr, llvm::CodeGenFileType::ObjectFile)) {
    return diagnostics.error(ErrorCode::InternalError, "LLVM cannot write objects for this machine");
  }
  passes.run(module);
  file.flush();
  if (file.has_error()) {
    const std::string reason = file.error().message();
    file.clear_error();
    return diagnostics.error(ErrorCode::WriteFailed, "cannot write an intermediate file: " + reason, path.str());
  }
  return true;
}

bool link(llvm::StringRef object, const std::string &path, Diagnostics &diagnostics) {
  const std::string input = object.str();
  const char *words[] = {"ld.lld",        "-shared",     "-z", "now",        "-z",         "noexecstack",
                         "--strip-debug", "--threads=1", "-o", path.c_str(), input.c_str()};
  std::string text;
  llvm::raw_string_ostream output(text);
  lld::Result result = lld::lldMain(words, output, output, {{lld::Gnu, &lld::elf::link}});
  return result.retCode == 0 ||
         diagnostics.error(ErrorCode::WriteFailed, "linking the emulated kernels failed: " + text, path);
}

} // namespace

bool writeEmulatedKernels(llvm::Module &module, const std::string &path, Diagnostics &diagnostics) {
  std::unique_ptr<llvm::TargetMachine> machine = hostMachine(diagnostics);
  if (!machine || !retarget(module, machine->getTargetTriple(), machine->createDataLayout(), diagnostics)) {
    return false;
  }
  LlvmPasses(machine.get()).optimize(module, llvm::OptimizationLevel::O1);
  llvm::SmallString<128> object;
  if (std::error_code code = llvm::sys::fs::createTemporaryFile("lapidary-kernels", "o", object)) {
    return diagnostics.error(ErrorCode::WriteFailed, "cannot create a temporary file: " + code.message());
  }
  llvm::FileRemover remover(object);
  return writeObject(module, *machine, object, diagnostics) && link(object, path, diagnostics);
}

} // namespace lapidary::cuda::emulator
