//===- main.cpp - GPU kernels, looked at one by one --------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// `lapidary-cudagen --kernel=NAME --emit=ptx` prints what becomes of a kernel; `lapidary compile` does the same inside.
// For people who write kernels, and for the tests that read PTX and what ptxas says.
//===----------------------------------------------------------------------===//
#include "targets/cuda/Codegen.h"
#include "targets/cuda/emulator/EmulatedKernels.h"

#include "llvm/Support/CommandLine.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/ToolOutputFile.h"

using namespace lapidary;
namespace cl = llvm::cl;

namespace {

enum class Form { Mlir, Llvm, Optimized, Emulated, Ptx, Cubin, Report };

cl::opt<bool> list("list", cl::desc("print the names of all kernels of the architecture"));
cl::opt<bool> hasPtxas("has-ptxas", cl::desc("say by the exit code whether ptxas is found, and end"));
cl::list<std::string> names("kernel", cl::desc("kernel to build (again for more; none: all)"), cl::value_desc("name"));
cl::opt<std::string> architectureName("sm", cl::init("80"),
                                      cl::desc("compute capability, 10 * major + minor; with an 'a' behind: exactly "
                                               "that one, and the kernels for it"));
cl::opt<std::string> output("o", cl::desc("output file"), cl::value_desc("file"), cl::init("-"));
cl::opt<Form> form("emit", cl::desc("what to write"), cl::init(Form::Ptx),
                   cl::values(clEnumValN(Form::Mlir, "mlir", "the kernels as they were written"),
                              clEnumValN(Form::Llvm, "llvm", "LLVM IR with NVVM intrinsics"),
                              clEnumValN(Form::Optimized, "optimized", "the same, as PTX is made of it"),
                              clEnumValN(Form::Emulated, "emulated", "a library for the emulated GPU (needs -o)"),
                              clEnumValN(Form::Ptx, "ptx", "PTX text"),
                              clEnumValN(Form::Cubin, "cubin", "an ELF file for one capability, by ptxas"),
                              clEnumValN(Form::Report, "report", "what ptxas -v says about the kernels")));

/// "90" or "90a".
std::optional<cuda::Architecture> chosenArchitecture() {
  llvm::StringRef text = architectureName;
  const bool exact = text.consume_back("a");
  unsigned capability = 0;
  if (text.getAsInteger(10, capability)) {
    llvm::errs() << "lapidary-cudagen: --sm=" << architectureName << ": expected a number as 90, or 90a\n";
    return std::nullopt;
  }
  return cuda::Architecture(capability, exact);
}

bool chosenKernels(const cuda::Architecture &architecture, std::vector<const cuda::Kernel *> &out) {
  for (const std::string &name : names) {
    const cuda::Kernel *kernel = cuda::findKernel(name);
    if (!kernel) {
      llvm::errs() << "lapidary-cudagen: no kernel is named '" << name << "'; --list prints all\n";
      return false;
    }
    if (!architecture.takes(*kernel)) {
      llvm::errs() << "lapidary-cudagen: kernel '" << name << "' is not for " << architecture.name()
                   << "; expected --sm=" << kernel->exactly << "a\n";
      return false;
    }
    out.push_back(kernel);
  }
  for (const cuda::Kernel &kernel : cuda::allKernels()) {
    if (names.empty() && architecture.takes(kernel)) {
      out.push_back(&kernel);
    }
  }
  return true;
}

bool assembled(llvm::StringRef ptx, const cuda::Architecture &architecture, llvm::raw_ostream &stream,
               Diagnostics &diagnostics) {
  llvm::SmallString<128> directory;
  if (std::error_code code = llvm::sys::fs::createUniqueDirectory("lapidary-cudagen", directory)) {
    return diagnostics.error(ErrorCode::WriteFailed, "cannot create a temporary folder: " + code.message());
  }
  std::optional<cuda::Assembly> assembly = cuda::assemble(ptx, architecture, directory, diagnostics);
  (void)llvm::sys::fs::remove_directories(directory);
  if (assembly) {
    stream << (form == Form::Cubin ? assembly->cubin : assembly->report);
  }
  return assembly.has_value();
}

bool emulated(llvm::Module &module, Diagnostics &diagnostics) {
#ifdef LAPIDARY_HAS_CUDA_EMULATOR
  const std::string path = output; // the linker, in this process, forgets all options
  return cuda::emulator::writeEmulatedKernels(module, path, diagnostics);
#else
  return diagnostics.error(ErrorCode::KernelBuildFailed, "the emulated GPU is not part of this build", "",
                           "it needs an x86-64 host");
#endif
}

bool emit(llvm::ArrayRef<const cuda::Kernel *> kernels, const cuda::Architecture &architecture,
          llvm::raw_ostream &stream, Diagnostics &diagnostics) {
  mlir::MLIRContext context;
  cuda::registerKernelDialects(context);
  mlir::OwningOpRef<mlir::ModuleOp> module = cuda::buildKernels(context, kernels);
  if (!module) {
    return diagnostics.error(ErrorCode::InternalError, "the kernels are not valid MLIR");
  }
  if (form == Form::Mlir) {
    module->print(stream);
    return true;
  }
  llvm::LLVMContext llvmContext;
  std::unique_ptr<llvm::Module> ir = cuda::lowerKernels(*module, llvmContext, diagnostics);
  if (!ir) {
    return false;
  }
  if (form != Form::Llvm && !cuda::optimizeKernels(*ir, architecture, diagnostics)) {
    return false;
  }
  if (form == Form::Llvm || form == Form::Optimized) {
    ir->print(stream, nullptr);
    return true;
  }
  if (form == Form::Emulated) {
    return emulated(*ir, diagnostics);
  }
  std::optional<std::string> ptx = cuda::emitPtx(*ir, architecture, diagnostics);
  if (ptx && form == Form::Ptx) {
    stream << *ptx;
    return true;
  }
  return ptx && assembled(*ptx, architecture, stream, diagnostics);
}

} // namespace

int main(int argc, char **argv) {
  cl::ParseCommandLineOptions(argc, argv, "prints and assembles Lapidary's GPU kernels\n");
  if (hasPtxas) {
    return cuda::findPtxas().empty() ? 1 : 0;
  }
  std::optional<cuda::Architecture> architecture = chosenArchitecture();
  std::vector<const cuda::Kernel *> kernels;
  if (!architecture || !chosenKernels(*architecture, kernels)) {
    return 1;
  }
  if (list) {
    for (const cuda::Kernel *kernel : kernels) {
      llvm::outs() << kernel->name << "\n";
    }
    return 0;
  }
  std::error_code code;
  // A library is written by the linker, under the same name.
  llvm::ToolOutputFile file(form == Form::Emulated ? "-" : output.getValue(), code, llvm::sys::fs::OF_None);
  if (code) {
    llvm::errs() << "lapidary-cudagen: cannot write " << output << ": " << code.message() << "\n";
    return 1;
  }
  Diagnostics diagnostics;
  if (!emit(kernels, *architecture, file.os(), diagnostics)) {
    for (const Diagnostic &diagnostic : diagnostics.all()) {
      llvm::errs() << formatDiagnostic(diagnostic, /*color=*/false);
    }
    return 1;
  }
  file.keep();
  return 0;
}
