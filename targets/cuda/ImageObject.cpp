//===- ImageObject.cpp - kernels and images as constant data of the program -----===//
// SPDX-License-Identifier: Apache-2.0
//
// The C structures of GpuAbi.h, written field by field as LLVM constants.
//===----------------------------------------------------------------------===//
#include "targets/cuda/KernelImages.h"

#include "lapidary/GpuAbi.h"
#include "targets/common/KernelNames.h"
#include "targets/common/cpu/Emit.h"
#include "targets/cuda/CudaTarget.h"

#include "llvm/IR/Constants.h"
#include "llvm/IR/GlobalVariable.h"
#include "llvm/IR/Module.h"

namespace lapidary::cuda {

namespace {

using namespace llvm;

/// Writes constants into one module.
class ImageWriter {
public:
  explicit ImageWriter(Module &module)
      : module(module), context(module.getContext()), pointer(PointerType::get(context, 0)),
        i32(IntegerType::get(context, 32)), i64(IntegerType::get(context, 64)) {}

  GlobalVariable *bytes(StringRef data, uint64_t alignment) {
    Constant *content = ConstantDataArray::getRaw(data, data.size(), IntegerType::get(context, 8));
    return global(content, "", GlobalValue::PrivateLinkage, alignment);
  }

  /// `exactForm`: what kernel() gave for it, or null.
  Constant *kernel(const Kernel &kernel, unsigned index, Constant *exactForm) {
    static_assert(sizeof(lap_gpu_kernel) == 40 && offsetof(lap_gpu_kernel, tile) == 20 &&
                  offsetof(lap_gpu_kernel, exact_form) == 32);
    std::string symbol = kernelSymbol(kernel.name);
    Constant *fields[] = {bytes(StringRef(symbol.c_str(), symbol.size() + 1), 1),
                          word(index),
                          word(kernel.threads),
                          word(kernel.sharedBytes),
                          word(kernel.tile[0]),
                          word(kernel.tile[1]),
                          word(0),
                          exactForm ? exactForm : Constant::getNullValue(pointer)};
    return global(ConstantStruct::getAnon(fields), symbol, GlobalValue::ExternalLinkage, 8);
  }

  Constant *image(const KernelImage &image) {
    static_assert(sizeof(lap_gpu_image) == 24 && offsetof(lap_gpu_image, capability) == 16);
    const unsigned flags = (image.isPtx ? LAP_GPU_PTX : 0) | (image.architecture.exact ? LAP_GPU_EXACT : 0) |
                           (image.architecture.launchesDependents() ? LAP_GPU_WAITS : 0);
    Constant *fields[] = {bytes(image.data, 64), ConstantInt::get(i64, image.data.size()),
                          word(image.architecture.capability), word(flags)};
    return ConstantStruct::getAnon(fields);
  }

  /// `exactCount` as in lap_gpu_module; `launched`: the kernels that the runtime launches itself, in the order of the
  /// fields.
  void moduleData(llvm::ArrayRef<Constant *> kernels, llvm::ArrayRef<Constant *> images, size_t exactCount,
                  llvm::ArrayRef<Constant *> launched) {
    static_assert(sizeof(lap_gpu_module) == 56 && offsetof(lap_gpu_module, kernel_count) == 16 &&
                  offsetof(lap_gpu_module, exact_count) == 24 && offsetof(lap_gpu_module, logit_weigh) == 48);
    SmallVector<Constant *> fields = {list(kernels),       list(images),     word(kernels.size()),
                                      word(images.size()), word(exactCount), word(0)};
    fields.append(launched.begin(), launched.end());
    global(ConstantStruct::getAnon(fields), "lap_gpu_module_data", GlobalValue::ExternalLinkage, 8);
  }

private:
  Constant *word(uint64_t number) { return ConstantInt::get(i32, number); }

  Constant *list(llvm::ArrayRef<Constant *> entries) {
    auto *type = ArrayType::get(entries.front()->getType(), entries.size());
    return global(ConstantArray::get(type, entries), "", GlobalValue::PrivateLinkage, 8);
  }

  GlobalVariable *global(Constant *content, StringRef name, GlobalValue::LinkageTypes linkage, uint64_t alignment) {
    auto *variable = new GlobalVariable(module, content->getType(), /*isConstant=*/true, linkage, content, name);
    variable->setAlignment(Align(alignment));
    return variable;
  }

  Module &module;
  LLVMContext &context;
  Type *pointer, *i32, *i64;
};

} // namespace

bool writeImageObject(llvm::ArrayRef<const Kernel *> kernels, llvm::ArrayRef<KernelImage> images, llvm::StringRef path,
                      Diagnostics &diagnostics) {
  LLVMContext context;
  Module module("kernels", context);
  ImageWriter writer(module);
  SmallVector<Constant *> kernelData(kernels.size()), imageData, launched;
  size_t exactCount = 0;
  for (size_t index = kernels.size(); index-- > 0;) { // forms before the kernels that name them
    const Kernel &kernel = *kernels[index];
    auto form = llvm::find_if(kernels, [&](const Kernel *other) { return isExactFormOf(*other, kernel); });
    kernelData[index] = writer.kernel(kernel, static_cast<unsigned>(index),
                                      form == kernels.end() ? nullptr : kernelData[form - kernels.begin()]);
    exactCount += kernel.exactly != 0;
  }
  for (const std::string &name : samplingKernels()) {
    auto found = llvm::find_if(kernels, [&](const Kernel *kernel) { return kernel->name == name; });
    launched.push_back(kernelData[static_cast<size_t>(found - kernels.begin())]);
  }
  for (const KernelImage &image : images) {
    imageData.push_back(writer.image(image));
  }
  writer.moduleData(kernelData, imageData, exactCount, launched);
  return writeObject(module, hostFamily(), path, diagnostics);
}

} // namespace lapidary::cuda
