//===- Link.cpp - objects and runtime into a program or a library --------------===//
// SPDX-License-Identifier: Apache-2.0
//
// LLD runs inside the compiler, and the start files, libc and runtime lie beside it, so nothing else has to be
// installed to compile. Programs are static-PIE (static, where a system has no such programs).
//===----------------------------------------------------------------------===//
#include "targets/common/cpu/CpuTarget.h"
#include "targets/common/cpu/Emit.h"
#include "targets/common/cpu/Linker.h"

#include "support/FileIO.h"

#include "llvm/Support/FileSystem.h"

namespace lapidary {

bool CpuTarget::linkProgram(const EmittedObjects &objects, llvm::StringRef image, EmitContext &context) const {
  std::string resources = resourcesOf(family, context);
  std::vector<std::string> arguments{"ld.lld", "-static", family.positionIndependent ? "-pie" : "-no-pie",
                                     "--no-dynamic-linker"};
  llvm::append_range(arguments, programLinkOptions(image));
  arguments.push_back(joinPath(resources, family.positionIndependent ? "rcrt1.o" : "crt1.o"));
  arguments.push_back(joinPath(resources, "lapidary_main.o"));
  llvm::append_range(arguments, objects.objects);
  if (std::string kernels = kernelArchive(family, *level, context); !kernels.empty()) {
    arguments.push_back(kernels);
  }
  if (std::string server = joinPath(resources, "liblapidary_server.a"); llvm::sys::fs::exists(server)) {
    arguments.push_back(server); // a target's programs may be built without
  }
  for (const char *library :
       {"liblapidary_rt.a", "libc++.a", "libc++abi.a", "libunwind.a", "libc.a", "libzigc.a", "libcompiler_rt.a"}) {
    arguments.push_back(joinPath(resources, library));
  }
  return runLinker(arguments, context.diagnostics);
}

bool CpuTarget::linkLibrary(const EmittedObjects &objects, llvm::StringRef directory, llvm::StringRef name,
                            EmitContext &context) const {
  // The runtime's objects for programs of other people, which bring their own (glibc-compatible) libc.
  std::string gnu = joinPath(resourcesOf(family, context), "gnu");
  std::vector<std::string> archives{joinPath(gnu, "liblapidary_rt.a")}, system;
  if (std::string kernels = kernelArchive(family, *level, context); !kernels.empty()) {
    archives.push_back(kernels);
  }
  if (llvm::sys::fs::exists(joinPath(gnu, "libc.so.6"))) { // a target's system may have another libc
    system = glibcLibraries(gnu);
  }
  return linkLibraries(objects, archives, system, directory, name, context.diagnostics);
}

} // namespace lapidary
