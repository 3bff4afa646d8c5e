//===- Linker.cpp - LLD, and archives -----------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// See Linker.h.
//===----------------------------------------------------------------------===//
#include "targets/common/cpu/Linker.h"

#include "support/FileIO.h"

#include "lld/Common/Driver.h"
#include "llvm/Object/Archive.h"
#include "llvm/Object/ArchiveWriter.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

LLD_HAS_DRIVER(elf)

namespace lapidary {

namespace {

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

std::vector<std::string> programLinkOptions(llvm::StringRef image) {
  return {"-z",
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
          "--strip-debug",
          "-o",
          image.str()};
}

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

std::vector<std::string> glibcLibraries(llvm::StringRef directory) {
  std::vector<std::string> libraries;
  for (const char *name :
       {"libm.so.6", "libc.so.6", "libpthread.so.0", "libdl.so.2", "libc_nonshared.a", "libcompiler_rt.a"}) {
    libraries.push_back(joinPath(directory.str(), name));
  }
  return libraries;
}

bool linkLibraries(const EmittedObjects &objects, llvm::ArrayRef<std::string> archives,
                   llvm::ArrayRef<std::string> systemLibraries, llvm::StringRef directory, llvm::StringRef name,
                   Diagnostics &diagnostics) {
  std::string archive = joinPath(directory.str(), ("lib" + name + ".a").str());
  if (llvm::Error error = writeStaticLibrary(objects, archives, archive)) {
    return diagnostics.error(ErrorCode::WriteFailed, "cannot write the library: " + toString(std::move(error)),
                             archive);
  }
  std::string file = ("lib" + name + ".so").str();
  std::vector<std::string> arguments{"ld.lld", "-shared"};
  for (const char *rule : {"relro", "now", "noexecstack", "separate-code"}) {
    arguments.insert(arguments.end(), {"-z", rule});
  }
  arguments.insert(arguments.end(), {"--build-id=sha1", "-soname", file, "-o", joinPath(directory.str(), file),
                                     "--whole-archive", archive, "--no-whole-archive"});
  if (!systemLibraries.empty()) {
    arguments.insert(arguments.end(),
                     {"-z", "defs", "--as-needed", "--exclude-libs=libc_nonshared.a:libcompiler_rt.a"});
    arguments.insert(arguments.end(), systemLibraries.begin(), systemLibraries.end());
  }
  return runLinker(arguments, diagnostics);
}

} // namespace lapidary
