//===- Link.cpp - GPU programs and libraries from objects ---------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// A static program cannot open libcuda, so the host half of a GPU program is linked with the glibc of the machine it
// runs on. What the linker needs of that libc (its symbols, as of 2.28) lies beside the compiler, with the start file
// and the runtime: nothing has to be installed to compile.
//===----------------------------------------------------------------------===//
#include "targets/cuda/Link.h"

#include "support/FileIO.h"
#include "targets/common/cpu/Linker.h"

namespace lapidary {

static std::string resource(const EmitContext &context, llvm::StringRef file) {
  return joinPath(joinPath(context.resourceDirectory, "cuda"), file.str());
}

static std::vector<std::string> systemLibraries(const EmitContext &context) {
  return glibcLibraries(joinPath(context.resourceDirectory, "cuda"));
}

bool linkCudaProgram(const EmittedObjects &objects, llvm::StringRef image, EmitContext &context) {
  std::vector<std::string> arguments{"ld.lld", "-pie", "--dynamic-linker=/lib64/ld-linux-x86-64.so.2", "--as-needed"};
  llvm::append_range(arguments, programLinkOptions(image));
  arguments.push_back(resource(context, "Scrt1.o"));
  arguments.push_back(resource(context, "lapidary_main.o"));
  llvm::append_range(arguments, objects.objects);
  for (const char *library : {"liblapidary_server.a", "liblapidary_rt.a", "libc++.a", "libc++abi.a", "libunwind.a"}) {
    arguments.push_back(resource(context, library));
  }
  llvm::append_range(arguments, systemLibraries(context));
  return runLinker(arguments, context.diagnostics);
}

bool linkCudaLibrary(const EmittedObjects &objects, llvm::StringRef directory, llvm::StringRef name,
                     EmitContext &context) {
  return linkLibraries(objects, {resource(context, "liblapidary_rt.a")}, systemLibraries(context), directory, name,
                       context.diagnostics);
}

} // namespace lapidary
