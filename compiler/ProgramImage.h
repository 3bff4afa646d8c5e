//===- ProgramImage.h - the file of an emitted program --------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
//   [ELF image, its section headers last] [zeros to 64 KiB] [weight segment] [lap_trailer]
//
// Weights never pass through the linker: the small image is linked first, then the segment is written behind it and a
// section header `.lapidary.weights` points there, so that readelf and objdump show it. The section is not allocated:
// the program maps it from its own file. The hash of the weights is known only after the image is linked; it is
// patched into the descriptor afterwards.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_COMPILER_PROGRAMIMAGE_H
#define LAPIDARY_COMPILER_PROGRAMIMAGE_H

#include "compiler/WeightSegment.h"
#include "lapidary/ProgramAbi.h"

#include "llvm/ADT/ArrayRef.h"

namespace lapidary {

/// Where things are in the file of a program.
struct ImageLayout {
  uint64_t imageBytes = 0;
  uint64_t weightOffset = 0;
  uint64_t weightBytes = 0;
  uint64_t fileBytes() const { return weightOffset + weightBytes + sizeof(lap_trailer); }
};

/// Adds the section header to a linked 64-bit little-endian ELF image (in memory) and says where the weights go.
/// Reports InternalError when the image is not one.
std::optional<ImageLayout> addWeightSection(std::vector<char> &image, uint64_t weightBytes, Diagnostics &diagnostics);

/// Overwrites weight_sha256 of the one descriptor that starts with `descriptor` inside `bytes` (an image, a library).
bool patchWeightHash(llvm::MutableArrayRef<char> bytes, llvm::ArrayRef<char> descriptor, const Sha256 &hash,
                     Diagnostics &diagnostics);

/// The trailer behind weights at `layout`; `image` may be empty (weights in a file of their own).
lap_trailer makeTrailer(const ImageLayout &layout, llvm::ArrayRef<char> image);

/// Reads and checks the trailer of a program or weight file. Reports NotAProgram.
std::optional<lap_trailer> readTrailer(const std::string &path, Diagnostics &diagnostics);

/// The descriptor and its blobs inside a program's image. Reports NotAProgram.
std::optional<std::vector<char>> readDescriptor(const std::string &path, Diagnostics &diagnostics);

} // namespace lapidary

#endif // LAPIDARY_COMPILER_PROGRAMIMAGE_H
