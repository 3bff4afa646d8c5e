//===- Ptxas.cpp - PTX to cubin by NVIDIA's assembler ------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// ptxas is optional: without it programs hold PTX only, which the driver of the GPU compiles when the program starts.
//===----------------------------------------------------------------------===//
#include "targets/cuda/Codegen.h"

#include "support/FileIO.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/Program.h"

namespace lapidary::cuda {

namespace {

std::string contentsOf(const std::string &path) {
  auto file = llvm::MemoryBuffer::getFile(path, /*IsText=*/false, /*RequiresNullTerminator=*/false);
  return file ? (*file)->getBuffer().str() : "";
}

std::optional<Assembly> failed(Diagnostics &diagnostics, const std::string &what, const std::string &where) {
  diagnostics.error(ErrorCode::KernelBuildFailed, what, where,
                    "$LAPIDARY_PTXAS names another ptxas; an empty value does without");
  return std::nullopt;
}

} // namespace

std::string findPtxas() {
  if (std::optional<std::string> chosen = llvm::sys::Process::GetEnv("LAPIDARY_PTXAS")) {
    return *chosen;
  }
  if (llvm::ErrorOr<std::string> found = llvm::sys::findProgramByName("ptxas")) {
    return *found;
  }
  llvm::ErrorOr<std::string> usual = llvm::sys::findProgramByName("ptxas", {"/usr/local/cuda/bin"});
  return usual ? *usual : "";
}

std::optional<Assembly> assemble(llvm::StringRef ptx, const Architecture &architecture, llvm::StringRef directory,
                                 Diagnostics &diagnostics) {
  const std::string stem = joinPath(directory.str(), "kernels." + architecture.name());
  const std::string source = stem + ".ptx", object = stem + ".cubin", log = stem + ".log";
  std::error_code code;
  {
    llvm::raw_fd_ostream file(source, code);
    file << ptx;
  }
  if (code) {
    return failed(diagnostics, "cannot write an intermediate file: " + code.message(), source);
  }
  const std::string ptxas = findPtxas(), gpu = "-arch=" + architecture.name();
  const llvm::StringRef arguments[] = {ptxas, "-v", gpu, source, "-o", object};
  const std::optional<llvm::StringRef> redirects[] = {std::nullopt, log, log};
  std::string error;
  if (llvm::sys::ExecuteAndWait(ptxas, arguments, std::nullopt, redirects, 0, 0, &error) != 0) {
    return failed(diagnostics, "ptxas failed: " + error + contentsOf(log), ptxas);
  }
  return Assembly{contentsOf(object), contentsOf(log)};
}

} // namespace lapidary::cuda
