//===- KernelImages.cpp - kernels compiled for some devices, once ---------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Images are kept in the user's cache under a hash of the kernels' MLIR, of the assembler and of this file's format; a
// file appears there by rename, so that a killed compilation leaves nothing half-written.
//===----------------------------------------------------------------------===//
#include "targets/cuda/KernelImages.h"

#include "support/AtomicOutput.h"
#include "support/FileIO.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Config/llvm-config.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/SHA256.h"

namespace lapidary::cuda {

namespace {

constexpr llvm::StringLiteral cacheFormat = "3 " LLVM_VERSION_STRING " ";

/// Size and time of ptxas: another version, other code.
std::string assemblerStamp() {
  const std::string path = findPtxas();
  llvm::sys::fs::file_status status;
  if (path.empty() || llvm::sys::fs::status(path, status)) {
    return "none";
  }
  return path + " " + std::to_string(status.getSize()) + " " +
         std::to_string(status.getLastModificationTime().time_since_epoch().count());
}

class ImageCache {
public:
  ImageCache(llvm::StringRef kernels, EmitContext &context) : diagnostics(context.diagnostics) {
    const std::string content = (cacheFormat + assemblerStamp() + "\n" + kernels).str();
    auto digest = llvm::SHA256::hash(llvm::arrayRefFromStringRef(content));
    folder = joinPath(context.cacheDirectory,
                      "cuda-" + llvm::toHex(llvm::ArrayRef(digest).take_front(12), /*LowerCase=*/true));
  }

  bool prepare() {
    std::error_code code = llvm::sys::fs::create_directories(folder);
    return !code || diagnostics.error(ErrorCode::KernelBuildFailed, "cannot create the kernel cache: " + code.message(),
                                      folder, "set XDG_CACHE_HOME to a directory that can be written");
  }

  std::optional<std::string> find(llvm::StringRef name) const {
    auto file = llvm::MemoryBuffer::getFile(joinPath(folder, name.str()), /*IsText=*/false,
                                            /*RequiresNullTerminator=*/false);
    return file ? std::optional((*file)->getBuffer().str()) : std::nullopt;
  }

  bool keep(llvm::StringRef name, llvm::StringRef data) {
    std::unique_ptr<AtomicOutput> file = AtomicOutput::create(joinPath(folder, name.str()), 0644, diagnostics);
    return file && file->append(data.data(), data.size(), diagnostics) && file->commit(diagnostics);
  }

private:
  Diagnostics &diagnostics;
  std::string folder;
};

/// Compiles one image; MLIR is built anew each time, because lowering uses it up.
class ImageCompiler {
public:
  ImageCompiler(llvm::ArrayRef<const Kernel *> kernels, EmitContext &emit) : kernels(kernels), emit(emit) {
    registerKernelDialects(context);
  }

  /// Of all kernels.
  std::optional<std::string> mlirText() {
    mlir::OwningOpRef<mlir::ModuleOp> module = build(kernels);
    std::string text;
    llvm::raw_string_ostream stream(text);
    if (module) {
      module->print(stream);
    }
    return module ? std::optional(text) : std::nullopt;
  }

  std::optional<std::string> ptx(const Architecture &architecture) {
    std::vector<const Kernel *> taken;
    llvm::copy_if(kernels, std::back_inserter(taken),
                  [&](const Kernel *kernel) { return architecture.takes(*kernel); });
    mlir::OwningOpRef<mlir::ModuleOp> module = build(taken);
    llvm::LLVMContext llvmContext;
    std::unique_ptr<llvm::Module> ir = module ? lowerKernels(*module, llvmContext, emit.diagnostics) : nullptr;
    return ir && optimizeKernels(*ir, architecture, emit.diagnostics) ? emitPtx(*ir, architecture, emit.diagnostics)
                                                                      : std::nullopt;
  }

  std::optional<std::string> cubin(const Architecture &architecture) {
    std::optional<std::string> text = ptx(architecture);
    std::optional<Assembly> assembly;
    if (text) {
      assembly = assemble(*text, architecture, emit.workDirectory, emit.diagnostics);
    }
    return assembly ? std::optional(assembly->cubin) : std::nullopt;
  }

private:
  mlir::OwningOpRef<mlir::ModuleOp> build(llvm::ArrayRef<const Kernel *> some) {
    mlir::OwningOpRef<mlir::ModuleOp> module = buildKernels(context, some);
    if (!module) {
      emit.diagnostics.error(ErrorCode::InternalError, "the GPU kernels are not valid MLIR");
    }
    return module;
  }

  llvm::ArrayRef<const Kernel *> kernels;
  EmitContext &emit;
  mlir::MLIRContext context;
};

std::vector<KernelImage> wantedImages(llvm::ArrayRef<const Kernel *> kernels, llvm::ArrayRef<unsigned> capabilities) {
  const bool assembles = !findPtxas().empty();
  std::vector<KernelImage> images;
  for (unsigned capability : capabilities) {
    const bool exact = llvm::any_of(kernels, [&](const Kernel *kernel) { return kernel->exactly == capability; });
    if (assembles || exact) {
      images.push_back({{capability, exact}, /*isPtx=*/!assembles, ""});
    }
  }
  if (!assembles && capabilities.size() > 1) {
    images.push_back({capabilities.front(), /*isPtx=*/true, ""});
  }
  images.push_back({capabilities.back(), /*isPtx=*/true, ""});
  return images;
}

} // namespace

std::vector<KernelImage> compileKernels(llvm::ArrayRef<const Kernel *> kernels, llvm::ArrayRef<unsigned> capabilities,
                                        EmitContext &context) {
  ImageCompiler compiler(kernels, context);
  std::optional<std::string> text = compiler.mlirText();
  if (!text) {
    return {};
  }
  ImageCache cache(*text, context);
  if (!cache.prepare()) {
    return {};
  }
  std::vector<KernelImage> images = wantedImages(kernels, capabilities);
  for (KernelImage &image : images) {
    const std::string file = image.architecture.name() + (image.isPtx ? ".ptx" : ".cubin");
    std::optional<std::string> data = cache.find(file);
    if (!data) {
      data = image.isPtx ? compiler.ptx(image.architecture) : compiler.cubin(image.architecture);
      if (!data || !cache.keep(file, *data)) {
        return {};
      }
    }
    image.data = image.isPtx ? *data + '\0' : *data;
  }
  return images;
}

} // namespace lapidary::cuda
