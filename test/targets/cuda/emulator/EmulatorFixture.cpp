//===- EmulatorFixture.cpp - kernels in LLVM's text form, run and looked at ===//
// SPDX-License-Identifier: Apache-2.0
//
// See EmulatorFixture.h.
//===----------------------------------------------------------------------===//
#include "EmulatorFixture.h"

#include "targets/cuda/emulator/EmulatedKernels.h"

#include "llvm/AsmParser/Parser.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/raw_ostream.h"

#include <cstdlib>
#include <numeric>
#include <unistd.h>

namespace lapidary::cuda::emulator::test {

std::string withDeclarations(const std::string &kernels) {
  return "target triple = \"nvptx64-nvidia-cuda\"\n"
         "declare i32 @llvm.nvvm.read.ptx.sreg.tid.x()\n"
         "declare i32 @llvm.nvvm.read.ptx.sreg.ctaid.x()\n"
         "declare i32 @llvm.nvvm.read.ptx.sreg.ntid.x()\n"
         "declare i32 @llvm.nvvm.read.ptx.sreg.laneid()\n"
         "declare void @llvm.nvvm.barrier.cta.sync.aligned.all(i32)\n"
         "declare void @llvm.nvvm.bar.warp.sync(i32)\n" +
         kernels;
}

std::string buildLibrary(const std::string &kernels, std::string &out_error) {
  static int number = 0;
  llvm::LLVMContext context;
  llvm::SMDiagnostic problem;
  std::unique_ptr<llvm::Module> module = llvm::parseAssemblyString(withDeclarations(kernels), problem, context);
  if (!module) {
    llvm::raw_string_ostream stream(out_error);
    problem.print("test", stream);
    return "";
  }
  module->setModuleIdentifier("test");
  const std::string path =
      testing::TempDir() + "emulated-" + std::to_string(getpid()) + "-" + std::to_string(number++) + ".so";
  Diagnostics diagnostics([&](const Diagnostic &d) { out_error += d.message + " [" + d.where + "]\n"; });
  return writeEmulatedKernels(*module, path, diagnostics) ? path : "";
}

Kernels::Kernels(const std::string &kernels) {
  std::string error;
  path = buildLibrary(kernels, error);
  EXPECT_NE(path, "") << error;
}

Kernels::~Kernels() { unlink(path.c_str()); }

Kernels &Kernels::load() {
  EXPECT_EQ(cuInit(0), CUDA_SUCCESS);
  setenv("LAPIDARY_EMULATED_KERNELS", path.c_str(), 1);
  EXPECT_EQ(cuModuleLoadDataEx(&module, "\177ELF", 0, nullptr, nullptr), CUDA_SUCCESS);
  return *this;
}

CUfunction Kernels::function(const char *name) const {
  CUfunction function = nullptr;
  EXPECT_EQ(cuModuleGetFunction(&function, module, name), CUDA_SUCCESS);
  return function;
}

namespace {

/// Ends the process: 0 when the launch works, 3 when it returns CUDA_ERROR_ILLEGAL_ADDRESS, 4 otherwise.
[[noreturn]] void runAndExit(Kernels &kernels, unsigned elements, unsigned grid, unsigned block) {
  kernels.load();
  std::vector<int32_t> numbers(elements);
  std::iota(numbers.begin(), numbers.end(), 0);
  Buffer<int32_t> buffer(numbers);
  const CUresult result = launch(kernels.function("k"), grid, block, 0, buffer.address);
  std::_Exit(result == CUDA_SUCCESS ? 0 : result == CUDA_ERROR_ILLEGAL_ADDRESS ? 3 : 4);
}

} // namespace

void expectReport(const std::string &kernel, const char *message, unsigned elements, unsigned grid, unsigned block) {
  Kernels kernels(kernel);
  EXPECT_EXIT(runAndExit(kernels, elements, grid, block), testing::ExitedWithCode(3), message);
}

void expectNothing(const std::string &kernel, unsigned elements, unsigned grid, unsigned block) {
  Kernels kernels(kernel);
  EXPECT_EXIT(runAndExit(kernels, elements, grid, block), testing::ExitedWithCode(0), "^$");
}

} // namespace lapidary::cuda::emulator::test
