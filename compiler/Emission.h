//===- Emission.h - the last two phases: objects, weights, files ------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Takes a planned module and writes the output, atomically: link the small image, stream the weights behind it, patch
// their hash into the image, add the trailer, rename. Three shapes of output: one program, a program and a weight file
// (--split-weights), a directory with a library (--emit=library).
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_COMPILER_EMISSION_H
#define LAPIDARY_COMPILER_EMISSION_H

#include "compiler/Cleanup.h"
#include "compiler/Compile.h"
#include "compiler/ProgramDescriptor.h"
#include "compiler/ProgramImage.h"

namespace lapidary {

class Emission {
public:
  Emission(const CompileOptions &options, const Installation &installation, const TargetBackend &target,
           mlir::ModuleOp module, const ProgramFacts &facts, Console &console, Diagnostics &diagnostics);

  /// Emits, packs, links and writes what the options ask for. False after reporting.
  bool run();

  /// After run(): bytes of all files written, and the hash of the weights.
  uint64_t writtenBytes() const { return written; }
  const Sha256 &weightHash() const { return hash; }

private:
  struct File {
    std::unique_ptr<AtomicOutput> output;
    std::unique_ptr<RemoveOnSignal> guard;
  };

  std::optional<File> open(const std::string &path, unsigned mode);
  bool emitObjects();
  bool packWeights(File &file, uint64_t offset);
  void reportGrid() const;
  bool patch(std::vector<char> &bytes) const;
  bool append(File &file, const void *data, uint64_t bytes);
  bool commit(File &file);
  bool writeWhole(const std::string &path, llvm::ArrayRef<char> bytes, unsigned mode);

  bool writeProgram();
  bool writeSplitProgram();
  bool writeWeightFile(File &file);
  bool writeLibrary();
  bool copyLibraryFile(const std::string &name);

  const CompileOptions &options;
  const Installation &installation;
  const TargetBackend &target;
  mlir::ModuleOp module;
  const ProgramFacts &facts;
  Console &console;
  Diagnostics &diagnostics;
  WorkDirectory work;
  EmitContext context;
  EmittedObjects objects;
  std::vector<char> descriptor;
  uint64_t written = 0;
  Sha256 hash = {};
};

} // namespace lapidary

#endif // LAPIDARY_COMPILER_EMISSION_H
