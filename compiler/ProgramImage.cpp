//===- ProgramImage.cpp - the file of an emitted program ------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Rewrites only section headers: segments, and with them everything the loader reads, stay as the linker made them.
//===----------------------------------------------------------------------===//
#include "compiler/ProgramImage.h"

#include "support/FileIO.h"
#include "support/Quote.h"

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/MathExtras.h"

#include <algorithm>
#include <cstring>
#include <elf.h>

namespace lapidary {

namespace {

constexpr char sectionName[] = ".lapidary.weights";

bool inside(uint64_t offset, uint64_t bytes, uint64_t total) { return offset <= total && bytes <= total - offset; }

/// The headers of one class of ELF files, 32 or 64 bits.
template <typename Header, typename Section, unsigned char Class> struct ElfFile {
  Header header;
  std::vector<Section> sections;

  /// Nothing for a file of another class, a damaged one, or one without section headers.
  static std::optional<ElfFile> read(llvm::ArrayRef<char> image) {
    ElfFile file;
    if (image.size() < sizeof(Header)) {
      return std::nullopt;
    }
    Header &header = file.header;
    std::memcpy(&header, image.data(), sizeof(header));
    const bool ours = std::memcmp(header.e_ident, ELFMAG, SELFMAG) == 0 && header.e_ident[EI_CLASS] == Class &&
                      header.e_ident[EI_DATA] == ELFDATA2LSB && header.e_shentsize == sizeof(Section) &&
                      header.e_shstrndx < header.e_shnum &&
                      inside(header.e_shoff, header.e_shnum * sizeof(Section), image.size());
    if (!ours) {
      return std::nullopt;
    }
    file.sections.resize(header.e_shnum);
    std::memcpy(file.sections.data(), image.data() + header.e_shoff, file.sections.size() * sizeof(Section));
    const Section &names = file.sections[header.e_shstrndx];
    return inside(names.sh_offset, names.sh_size, image.size()) ? std::optional<ElfFile>(file) : std::nullopt;
  }

  /// Appends the section headers to the image, with one for the weights, whose place it returns.
  ImageLayout addSection(std::vector<char> &image, uint64_t weightBytes);
};

using Elf32 = ElfFile<Elf32_Ehdr, Elf32_Shdr, ELFCLASS32>;
using Elf64 = ElfFile<Elf64_Ehdr, Elf64_Shdr, ELFCLASS64>;

template <class T> void appendBytes(std::vector<char> &image, const T *data, size_t count) {
  const char *bytes = reinterpret_cast<const char *>(data);
  image.insert(image.end(), bytes, bytes + count * sizeof(T));
}

/// Appends the section names with ours at the end; returns where ours is among them.
template <typename Section> uint32_t appendNames(std::vector<char> &image, Section &table) {
  const char *begin = image.data() + table.sh_offset;
  std::vector<char> names(begin, begin + table.sh_size);
  const auto ours = static_cast<uint32_t>(names.size());
  names.insert(names.end(), sectionName, sectionName + sizeof(sectionName));
  table.sh_offset = static_cast<decltype(table.sh_offset)>(image.size());
  table.sh_size = static_cast<decltype(table.sh_size)>(names.size());
  appendBytes(image, names.data(), names.size());
  return ours;
}

template <typename Header, typename Section, unsigned char Class>
ImageLayout ElfFile<Header, Section, Class>::addSection(std::vector<char> &image, uint64_t weightBytes) {
  const uint32_t ourName = appendNames(image, sections[header.e_shstrndx]);
  image.resize(llvm::alignTo(image.size(), alignof(Section)));
  ImageLayout layout;
  layout.imageBytes = image.size() + (sections.size() + 1) * sizeof(Section);
  const uint64_t alignment = weightBytes >= 8 * uint64_t(LAP_HUGE_PAGE) ? LAP_HUGE_PAGE : LAP_SEGMENT_ALIGN;
  layout.weightOffset = llvm::alignTo(layout.imageBytes, alignment);
  layout.weightBytes = weightBytes;
  Section weights = {};
  weights.sh_name = ourName;
  weights.sh_type = SHT_PROGBITS;
  // A target of 32 bits refuses plans that its addresses cannot reach, so these fit.
  weights.sh_offset = static_cast<decltype(weights.sh_offset)>(layout.weightOffset);
  weights.sh_size = static_cast<decltype(weights.sh_size)>(weightBytes);
  weights.sh_addralign = static_cast<decltype(weights.sh_addralign)>(alignment);
  sections.push_back(weights);
  header.e_shoff = static_cast<decltype(header.e_shoff)>(image.size());
  header.e_shnum = static_cast<uint16_t>(sections.size());
  appendBytes(image, sections.data(), sections.size());
  std::memcpy(image.data(), &header, sizeof(header));
  return layout;
}

bool notAProgram(const std::string &path, const std::string &why, Diagnostics &diagnostics) {
  return diagnostics.error(ErrorCode::NotAProgram, quoted(path) + " " + why, path,
                           "name a file that `lapidary compile` wrote");
}

} // namespace

std::optional<ImageLayout> addWeightSection(std::vector<char> &image, uint64_t weightBytes, Diagnostics &diagnostics) {
  if (std::optional<Elf64> file = Elf64::read(image); file && file->sections.size() + 1 < SHN_LORESERVE) {
    return file->addSection(image, weightBytes);
  }
  if (std::optional<Elf32> file = Elf32::read(image); file && file->sections.size() + 1 < SHN_LORESERVE) {
    return file->addSection(image, weightBytes);
  }
  diagnostics.error(ErrorCode::InternalError, "the linked image is not an ELF file with section headers");
  return std::nullopt;
}

bool patchWeightHash(llvm::MutableArrayRef<char> bytes, llvm::ArrayRef<char> descriptor, const Sha256 &hash,
                     Diagnostics &diagnostics) {
  llvm::StringRef haystack(bytes.data(), bytes.size());
  llvm::StringRef needle(descriptor.data(), descriptor.size());
  size_t at = haystack.find(needle);
  if (at == llvm::StringRef::npos || haystack.find(needle, at + 1) != llvm::StringRef::npos) {
    return diagnostics.error(ErrorCode::InternalError, "the linked image does not hold exactly one program descriptor");
  }
  std::memcpy(bytes.data() + at + offsetof(lap_program, weight_sha256), hash.data(), hash.size());
  return true;
}

lap_trailer makeTrailer(const ImageLayout &layout, llvm::ArrayRef<char> image) {
  lap_trailer trailer = {};
  std::memcpy(trailer.magic, LAP_TRAILER_MAGIC, sizeof(trailer.magic));
  trailer.abi_version = LAP_ABI_VERSION;
  trailer.trailer_bytes = sizeof(lap_trailer);
  trailer.weight_offset = layout.weightOffset;
  trailer.weight_bytes = layout.weightBytes;
  trailer.image_bytes = layout.imageBytes;
  Sha256 hash = sha256(image);
  std::memcpy(trailer.image_sha256, hash.data(), hash.size());
  return trailer;
}

std::optional<lap_trailer> readTrailer(const std::string &path, Diagnostics &diagnostics) {
  std::optional<OpenFile> file = openForReading(path, diagnostics);
  if (!file) {
    return std::nullopt;
  }
  lap_trailer trailer = {};
  if (file->size < sizeof(trailer)) {
    notAProgram(path, "has only " + bytesText(file->size), diagnostics);
    return std::nullopt;
  }
  uint64_t end = file->size - sizeof(trailer);
  if (!readExactly(file->descriptor.get(), &trailer, sizeof(trailer), end, path, diagnostics)) {
    return std::nullopt;
  }
  if (std::memcmp(trailer.magic, LAP_TRAILER_MAGIC, sizeof(trailer.magic)) != 0) {
    notAProgram(path, "does not end with a Lapidary trailer", diagnostics);
    return std::nullopt;
  }
  if (trailer.abi_version != LAP_ABI_VERSION || trailer.trailer_bytes != sizeof(trailer) ||
      !inside(trailer.weight_offset, trailer.weight_bytes, end) || trailer.image_bytes > trailer.weight_offset) {
    notAProgram(path, "has a trailer that does not fit the file or this version of Lapidary", diagnostics);
    return std::nullopt;
  }
  return trailer;
}

namespace {

/// True when every blob lies inside the descriptor and the sizes are this version's.
bool plausible(const lap_program &program, uint64_t room) {
  if (program.abi_version != LAP_ABI_VERSION || program.descriptor_bytes < sizeof(program) ||
      program.descriptor_bytes > room) {
    return false;
  }
  for (const lap_blob *blob :
       {&program.model_name, &program.target, &program.cpu_features, &program.tokenizer, &program.chat_format,
        &program.info_json, &program.manifest, &program.licenses, &program.caches}) {
    if (!inside(blob->offset, blob->bytes, program.descriptor_bytes)) {
      return false;
    }
  }
  return true;
}

} // namespace

std::optional<std::vector<char>> readDescriptor(const std::string &path, Diagnostics &diagnostics) {
  std::optional<lap_trailer> trailer = readTrailer(path, diagnostics);
  constexpr uint64_t largestImage = 1u << 30;
  if (!trailer || trailer->image_bytes > largestImage) {
    return std::nullopt;
  }
  std::optional<OpenFile> file = openForReading(path, diagnostics);
  std::vector<char> image(trailer->image_bytes);
  if (!file || !readExactly(file->descriptor.get(), image.data(), image.size(), 0, path, diagnostics)) {
    return std::nullopt;
  }
  // The descriptor has no pointer to it that a stripped file keeps, but it is 8-byte aligned and checks itself.
  for (uint64_t at = 0; at + sizeof(lap_program) <= image.size(); at += 8) {
    lap_program program;
    std::memcpy(&program, image.data() + at, sizeof(program));
    if (plausible(program, image.size() - at) && program.weight_bytes == trailer->weight_bytes && program.vocab != 0) {
      return std::vector<char>(image.begin() + at, image.begin() + at + program.descriptor_bytes);
    }
  }
  notAProgram(path, "holds weights but no program", diagnostics);
  return std::nullopt;
}

} // namespace lapidary
