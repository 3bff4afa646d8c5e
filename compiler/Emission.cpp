//===- Emission.cpp - the last two phases: objects, weights, files -----------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Output files are opened before anything is emitted, so that a path that cannot be written fails in a moment and not
// after an hour of packing.
//===----------------------------------------------------------------------===//
#include "compiler/Emission.h"

#include "support/FileIO.h"
#include "support/Quote.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

namespace lapidary {

namespace {

constexpr uint64_t largestImage = 2u << 30; ///< of an image or library, read back whole after linking

std::optional<std::vector<char>> readBack(const std::string &path, Diagnostics &diagnostics) {
  std::optional<std::string> text = readWholeFile(path, largestImage, diagnostics);
  return text ? std::optional(std::vector<char>(text->begin(), text->end())) : std::nullopt;
}

} // namespace

Emission::Emission(const CompileOptions &options, const Installation &installation, const TargetBackend &target,
                   mlir::ModuleOp module, const ProgramFacts &facts, Console &console, Diagnostics &diagnostics)
    : options(options), installation(installation), target(target), module(module), facts(facts), console(console),
      diagnostics(diagnostics), context{installation.resourceDirectory, installation.toolDirectory,
                                        installation.cacheDirectory, work.path(), diagnostics},
      descriptor(makeDescriptor(facts)) {}

bool Emission::run() {
  if (work.path().empty()) {
    return diagnostics.error(ErrorCode::OutputNotWritable, "cannot create a directory for intermediate files", "",
                             "set TMPDIR to a directory with free space");
  }
  if (options.emit == EmitKind::Library) {
    return writeLibrary();
  }
  return options.splitWeights.empty() ? writeProgram() : writeSplitProgram();
}

std::optional<Emission::File> Emission::open(const std::string &path, unsigned mode) {
  File file;
  file.output = AtomicOutput::create(path, mode, diagnostics);
  if (!file.output) {
    return std::nullopt;
  }
  file.guard = std::make_unique<RemoveOnSignal>(file.output->temporaryPath());
  return file;
}

bool Emission::emitObjects() {
  console.detail("emit", "kernels and program functions");
  return target.emitObjects(module, descriptor, context, objects);
}

bool Emission::packWeights(File &file, uint64_t offset) {
  console.beginProgress("weights", facts.segment->bytes);
  std::optional<Sha256> result = writeWeights(
      *facts.segment, *facts.checkpoint, *file.output, offset, options.jobs,
      [this](uint64_t bytes) { console.advance(bytes); }, diagnostics);
  if (!result) {
    return false;
  }
  console.endProgress();
  hash = *result;
  reportGrid();
  return true;
}

/// A model that was trained for 4 bits keeps every weight; the user should know which of them is not such a one.
void Emission::reportGrid() const {
  GridGroups total;
  for (const SegmentWeight &weight : facts.segment->weights) {
    GridGroups groups = weight.packer->gridGroups();
    total.all += groups.all;
    total.exact += groups.exact;
  }
  if (total.exact * 2 < total.all || total.all == 0) {
    return; // rounded after training: chance puts few groups on a grid
  }
  std::string rounded =
      total.exact == total.all ? "" : "; the other " + countText(total.all - total.exact) + " were rounded";
  console.line("grid", countText(total.exact) + " of " + countText(total.all) +
                           " groups lie on a 4-bit grid and are kept bit for bit" + rounded);
}

bool Emission::patch(std::vector<char> &bytes) const { return patchWeightHash(bytes, descriptor, hash, diagnostics); }

bool Emission::append(File &file, const void *data, uint64_t bytes) {
  return file.output->append(data, bytes, diagnostics);
}

bool Emission::commit(File &file) {
  written += file.output->size();
  return file.output->commit(diagnostics);
}

bool Emission::writeWhole(const std::string &path, llvm::ArrayRef<char> bytes, unsigned mode) {
  std::optional<File> file = open(path, mode);
  return file && append(*file, bytes.data(), bytes.size()) && commit(*file);
}

bool Emission::writeProgram() {
  std::string image = joinPath(work.path(), "image");
  std::optional<File> file = open(options.output, 0755);
  if (!file || !emitObjects() || !target.linkProgram(objects, image, context)) {
    return false;
  }
  std::optional<std::vector<char>> bytes = readBack(image, diagnostics);
  std::optional<ImageLayout> layout;
  if (bytes) {
    layout = addWeightSection(*bytes, facts.segment->bytes, diagnostics);
  }
  if (!layout || !packWeights(*file, layout->weightOffset) || !patch(*bytes)) {
    return false;
  }
  lap_trailer trailer = makeTrailer(*layout, *bytes);
  return file->output->write(0, bytes->data(), bytes->size(), diagnostics) &&
         file->output->write(layout->weightOffset + layout->weightBytes, &trailer, sizeof(trailer), diagnostics) &&
         commit(*file);
}

bool Emission::writeWeightFile(File &file) {
  ImageLayout layout;
  layout.weightBytes = facts.segment->bytes;
  lap_trailer trailer = makeTrailer(layout, {});
  return packWeights(file, 0) && file.output->write(layout.weightBytes, &trailer, sizeof(trailer), diagnostics) &&
         commit(file);
}

bool Emission::writeSplitProgram() {
  std::string image = joinPath(work.path(), "image");
  std::optional<File> program = open(options.output, 0755);
  std::optional<File> weights = program ? open(options.splitWeights, 0644) : std::nullopt;
  if (!weights || !emitObjects() || !target.linkProgram(objects, image, context) || !writeWeightFile(*weights)) {
    return false;
  }
  std::optional<std::vector<char>> bytes = readBack(image, diagnostics);
  std::optional<ImageLayout> layout;
  if (bytes) {
    layout = addWeightSection(*bytes, 0, diagnostics);
  }
  if (!layout || !patch(*bytes)) {
    return false;
  }
  lap_trailer trailer = makeTrailer(*layout, *bytes);
  return program->output->write(0, bytes->data(), bytes->size(), diagnostics) &&
         program->output->write(layout->weightOffset, &trailer, sizeof(trailer), diagnostics) && commit(*program);
}

bool Emission::copyLibraryFile(const std::string &name) {
  std::optional<std::vector<char>> bytes = readBack(joinPath(work.path(), name), diagnostics);
  unsigned mode = llvm::StringRef(name).ends_with(".so") ? 0755 : 0644;
  return bytes && patch(*bytes) && writeWhole(joinPath(options.output, name), *bytes, mode);
}

bool Emission::writeLibrary() {
  if (std::error_code error = llvm::sys::fs::create_directories(options.output)) {
    return diagnostics.error(ErrorCode::OutputNotWritable,
                             "cannot create directory " + quoted(options.output) + ": " + error.message());
  }
  std::string name = llvm::sys::path::filename(llvm::StringRef(options.output).rtrim('/')).str();
  std::string header = joinPath(installation.resourceDirectory, "include/lapidary/lapidary.h");
  std::optional<File> weights = open(joinPath(options.output, name + ".weights"), 0644);
  if (!weights || !emitObjects() || !target.linkLibrary(objects, work.path(), name, context) ||
      !writeWeightFile(*weights)) {
    return false;
  }
  std::optional<std::vector<char>> text = readBack(header, diagnostics);
  return text && writeWhole(joinPath(options.output, "lapidary.h"), *text, 0644) &&
         copyLibraryFile("lib" + name + ".a") && copyLibraryFile("lib" + name + ".so");
}

} // namespace lapidary
