//===- KernelObjects.cpp - kernel objects, built once --------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Kernels that a target's folder brings written by hand lie in an archive beside the runtime, from which the linker
// takes what a program uses. The others are Halide's: one takes a quarter of a second to compile and depends on nothing
// but its name, its CPU level and the generator, so objects are kept in the user's cache under a hash of those. Missing
// ones are built by lapidary-kernelgen, which is a process of its own because libHalide carries another LLVM. An object
// appears in the cache by rename, so a concurrent or killed compilation never leaves half of one there.
//===----------------------------------------------------------------------===//
#include "targets/common/cpu/Emit.h"

#include "support/FileIO.h"
#include "targets/common/KernelNames.h"

#include "llvm/ADT/SmallString.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Object/Archive.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Program.h"
#include "llvm/Support/SHA256.h"

namespace lapidary {

namespace {

/// Hash of the generator's own bytes: another generator, other objects. "" when it cannot be read.
std::string generatorHash(llvm::StringRef generator) {
  auto file = llvm::MemoryBuffer::getFile(generator, /*IsText=*/false, /*RequiresNullTerminator=*/false);
  if (!file) {
    return "";
  }
  auto bytes = llvm::SHA256::hash(llvm::arrayRefFromStringRef((*file)->getBuffer()));
  return llvm::toHex(llvm::ArrayRef(bytes).take_front(12), /*LowerCase=*/true);
}

bool buildFailed(Diagnostics &diagnostics, const std::string &what, const std::string &where) {
  return diagnostics.error(ErrorCode::KernelBuildFailed, what, where,
                           "check that lapidary-kernelgen is beside lapidary and that it runs");
}

/// Runs the generator for `names`; objects land in `directory`.
bool generate(const std::string &generator, llvm::ArrayRef<std::string> names, const std::string &target,
              const std::string &directory, Diagnostics &diagnostics) {
  std::vector<std::string> arguments{generator, "--target=" + target};
  for (const std::string &name : names) {
    arguments.push_back("--kernel=" + name);
  }
  arguments.insert(arguments.end(), {"-o", directory + "/"});
  llvm::SmallVector<llvm::StringRef> words(arguments.begin(), arguments.end());
  std::string error;
  int status = llvm::sys::ExecuteAndWait(generator, words, std::nullopt, {}, 0, 0, &error);
  return status == 0 || buildFailed(diagnostics,
                                    "building kernels failed" + (error.empty() ? "" : ": " + error) + " (status " +
                                        std::to_string(status) + ")",
                                    generator);
}

/// The symbols that an archive defines; none for an empty path.
bool symbolsOf(const std::string &archive, llvm::StringSet<> &out, Diagnostics &diagnostics) {
  if (archive.empty()) {
    return true;
  }
  auto file = llvm::MemoryBuffer::getFile(archive, /*IsText=*/false, /*RequiresNullTerminator=*/false);
  if (!file) {
    return buildFailed(diagnostics, "cannot read the archive of kernels: " + file.getError().message(), archive);
  }
  auto parsed = llvm::object::Archive::create(**file);
  if (!parsed) {
    return buildFailed(diagnostics, "not an archive of kernels: " + toString(parsed.takeError()), archive);
  }
  for (const llvm::object::Archive::Symbol &symbol : (*parsed)->symbols()) {
    out.insert(symbol.getName());
  }
  return true;
}

/// Moves a built object into the cache, complete or not at all; the cache may be on another file system.
bool keep(const std::string &built, const std::string &cached, Diagnostics &diagnostics) {
  llvm::SmallString<256> temporary;
  std::error_code code = llvm::sys::fs::createUniqueFile(cached + ".%%%%%%", temporary);
  code = code ? code : llvm::sys::fs::copy_file(built, temporary);
  code = code ? code : llvm::sys::fs::rename(temporary, cached);
  if (!code) {
    return true;
  }
  (void)llvm::sys::fs::remove(temporary); // the error that matters is reported below
  return buildFailed(diagnostics, "cannot keep a kernel in the cache: " + code.message(), cached);
}

} // namespace

std::string resourcesOf(const CpuFamily &family, const EmitContext &context) {
  return joinPath(context.resourceDirectory, family.name.str());
}

std::string kernelArchive(const CpuFamily &family, const CpuLevel &level, const EmitContext &context) {
  std::string path = joinPath(resourcesOf(family, context), ("libkernels_" + level.isa + ".a").str());
  return llvm::sys::fs::exists(path) ? path : "";
}

bool findKernelObjects(llvm::ArrayRef<std::string> names, const CpuFamily &family, const CpuLevel &level,
                       EmitContext &context, std::vector<std::string> &out) {
  std::string generator = joinPath(context.toolDirectory, "lapidary-kernelgen");
  std::string hash = generatorHash(generator);
  if (hash.empty()) {
    return buildFailed(context.diagnostics, "lapidary-kernelgen is not there", generator);
  }
  std::string cache =
      joinPath(context.cacheDirectory, ("kernels-" + hash + "-" + family.name + "-" + level.kernelCpu).str());
  if (std::error_code code = llvm::sys::fs::create_directories(cache)) {
    return buildFailed(context.diagnostics, "cannot create the kernel cache: " + code.message(), cache);
  }
  llvm::StringSet<> byHand;
  if (!symbolsOf(kernelArchive(family, level, context), byHand, context.diagnostics)) {
    return false;
  }
  std::vector<std::string> missing;
  for (const std::string &name : names) {
    if (byHand.contains(kernelSymbol(name))) {
      continue;
    }
    out.push_back(joinPath(cache, name + ".o"));
    if (!llvm::sys::fs::exists(out.back())) {
      missing.push_back(name);
    }
  }
  std::string fresh = joinPath(context.workDirectory, "kernels");
  if (!missing.empty() &&
      !generate(generator, missing, (family.name + "+" + level.kernelCpu).str(), fresh, context.diagnostics)) {
    return false;
  }
  return llvm::all_of(missing, [&](const std::string &name) {
    return keep(joinPath(fresh, name + ".o"), joinPath(cache, name + ".o"), context.diagnostics);
  });
}

} // namespace lapidary
