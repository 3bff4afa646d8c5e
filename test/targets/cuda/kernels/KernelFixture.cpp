//===- KernelFixture.cpp - kernels of the target on the emulated GPU ---------===//
// SPDX-License-Identifier: Apache-2.0
//
// See KernelFixture.h.
//===----------------------------------------------------------------------===//
#include "KernelFixture.h"

#include "targets/common/KernelNames.h"
#include "targets/cuda/Codegen.h"
#include "targets/cuda/emulator/EmulatedKernels.h"

#include "mlir/IR/MLIRContext.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"

#include <cstdlib>
#include <map>
#include <unistd.h>

namespace lapidary::cuda::test {

namespace {

constexpr int attributeDynamicShared = 8; // CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES

/// "" or why the kernel cannot be written to `path`.
std::string build(const Kernel &kernel, const std::string &path) {
  std::string error;
  Diagnostics diagnostics([&](const Diagnostic &d) { error += d.message + " [" + d.where + "]\n"; });
  mlir::MLIRContext context;
  registerKernelDialects(context);
  llvm::LLVMContext llvmContext;
  mlir::OwningOpRef<mlir::ModuleOp> module = buildKernels(context, {&kernel});
  if (!module) {
    return "not valid MLIR";
  }
  std::unique_ptr<llvm::Module> ir = lowerKernels(*module, llvmContext, diagnostics);
  return ir && emulator::writeEmulatedKernels(*ir, path, diagnostics) ? "" : error + " ";
}

CUfunction load(const Kernel &kernel) {
  // dlopen takes files of one path for one library.
  const std::string path = testing::TempDir() + kernelSymbol(kernel.name) + "-" + std::to_string(getpid()) + ".so";
  const std::string error = build(kernel, path);
  EXPECT_EQ(error, "") << kernel.name;
  CUmodule module = nullptr;
  CUfunction function = nullptr;
  EXPECT_EQ(cuInit(0), CUDA_SUCCESS);
  setenv("LAPIDARY_EMULATED_KERNELS", path.c_str(), 1);
  EXPECT_EQ(cuModuleLoadDataEx(&module, "\177ELF", 0, nullptr, nullptr), CUDA_SUCCESS);
  EXPECT_EQ(cuModuleGetFunction(&function, module, kernelSymbol(kernel.name).c_str()), CUDA_SUCCESS);
  EXPECT_EQ(cuFuncSetAttribute(function, attributeDynamicShared, static_cast<int>(kernel.sharedBytes)), CUDA_SUCCESS);
  unlink(path.c_str());
  return function;
}

} // namespace

Loaded loadKernel(const std::string &name) {
  static std::map<std::string, Loaded> loaded;
  auto found = loaded.find(name);
  if (found == loaded.end()) {
    const Kernel *kernel = findKernel(name);
    EXPECT_NE(kernel, nullptr) << name;
    found = loaded.emplace(name, Loaded{kernel, kernel ? load(*kernel) : nullptr}).first;
  }
  return found->second;
}

} // namespace lapidary::cuda::test
