//===- Link.cpp - objects and runtime into a program or a library --------------===//
// SPDX-License-Identifier: Apache-2.0
//
// LLD runs inside the compiler, and the start files, libc and runtime lie beside it, so nothing else has to be
// installed to compile. Programs are static-PIE (static, where a system has no such programs) with full RELRO and no
// segment that is writable and executable.
//===----------------------------------------------------------------------===//
#include "targets/common/cpu/CpuTarget.h"
#include "targets/common/cpu/Emit.h"

#include "support/FileIO.h"

#include "lld/Common/Driver.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Object/Archive.h"
#include "llvm/Object/ArchiveWriter.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

LLD_HAS_DRIVER(elf)

namespace lapidary {

namespace {

bool runLinker(const std::vector<std::string> &arguments, Diagnostics &diagnostics) {
  std::vector<const char *> words;
  words.reserve(arguments.size());
  for (const std::string &argument : arguments) {
    words.push_back(argument.c_str());
  }
  std::string text;
  llvm::raw_string_ostream output(text);
  lld::Result result = lld::lldMain(words, output, output, {{lld::Gnu, &lld::elf::link}});
  return result.retCode == 0 ||
         diagnostics.error(ErrorCode::KernelBuildFailed, "linking the program failed: " + text, "",
                           "the compiler's lib/lapidary directory may be incomplete; build `lapidary-resources`");
}

llvm::Error addMembers(const std::string &archive, std::vector<llvm::NewArchiveMember> &out,
                       std::vector<std::unique_ptr<llvm::MemoryBuffer>> &keepAlive) {
  auto file = llvm::MemoryBuffer::getFile(archive, false, false);
  if (!file) {
    return llvm::errorCodeToError(file.getError());
  }
  auto parsed = llvm::object::Archive::create(**file);
  if (!parsed) {
    return parsed.takeError();
  }
  llvm::Error error = llvm::Error::success();
  for (const llvm::object::Archive::Child &child : (*parsed)->children(error)) {
    auto member = llvm::NewArchiveMember::getOldMember(child, /*Deterministic=*/true);
    if (!member) {
      llvm::consumeError(std::move(error));
      return member.takeError();
    }
    member->Buf = llvm::MemoryBuffer::getMemBufferCopy(member->Buf->getBuffer(), member->MemberName);
    member->MemberName = member->Buf->getBufferIdentifier();
    out.push_back(std::move(*member));
  }
  keepAlive.push_back(std::move(*file));
  return error;
}

llvm::Error writeStaticLibrary(const EmittedObjects &objects, llvm::ArrayRef<std::string> archives,
                               const std::string &path) {
  std::vector<llvm::NewArchiveMember> members;
  std::vector<std::unique_ptr<llvm::MemoryBuffer>> keepAlive;
  for (const std::string &object : objects.objects) {
    auto member = llvm::NewArchiveMember::getFile(object, /*Deterministic=*/true);
    if (!member) {
      return member.takeError();
    }
    member->MemberName = llvm::sys::path::filename(object);
    members.push_back(std::move(*member));
  }
  for (const std::string &archive : archives) {
    if (llvm::Error error = addMembers(archive, members, keepAlive)) {
      return error;
    }
  }
  return llvm::writeArchive(path, members, llvm::SymtabWritingMode::NormalSymtab, llvm::object::Archive::K_GNU,
                            /*Deterministic=*/true, /*Thin=*/false);
}

} // namespace

bool CpuTarget::linkProgram(const EmittedObjects &objects, llvm::StringRef image, EmitContext &context) const {
  std::string resources = resourcesOf(family, context);
  std::vector<std::string> arguments{
      "ld.lld",
      "-static",
      family.positionIndependent ? "-pie" : "-no-pie",
      "--no-dynamic-linker",
      "-z",
      "relro",
      "-z",
      "now",
      "-z",
      "noexecstack",
      "-z",
      "separate-code",
      "--gc-sections",
      "--build-id=sha1",
      "--eh-frame-hdr",
      "--strip-debug", // symbols stay: profilers and back traces of a program name its kernels
      "-o",
      image.str(),
      joinPath(resources, family.positionIndependent ? "rcrt1.o" : "crt1.o"),
      joinPath(resources, "lapidary_main.o")};
  arguments.insert(arguments.end(), objects.objects.begin(), objects.objects.end());
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
  std::vector<std::string> archives{joinPath(resourcesOf(family, context), "gnu/liblapidary_rt.a")};
  if (std::string kernels = kernelArchive(family, *level, context); !kernels.empty()) {
    archives.push_back(kernels);
  }
  std::string archive = joinPath(directory.str(), ("lib" + name + ".a").str());
  if (llvm::Error error = writeStaticLibrary(objects, archives, archive)) {
    return context.diagnostics.error(ErrorCode::WriteFailed, "cannot write the library: " + toString(std::move(error)),
                                     archive);
  }
  std::string file = ("lib" + name + ".so").str();
  return runLinker({"ld.lld", "-shared", "-z", "relro", "-z", "now", "-z", "noexecstack", "-z", "separate-code",
                    "--build-id=sha1", "-soname", file, "-o", joinPath(directory.str(), file), "--whole-archive",
                    archive},
                   context.diagnostics);
}

} // namespace lapidary
