//===- ProgramImageTest.cpp - section header, hash and trailer ------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Uses this test program itself as the linked image: it is an ELF file with everything real ones have.
//===----------------------------------------------------------------------===//
#include "compiler/ProgramImage.h"
#include "test/frontends/TinyCheckpoint.h"

#include <cstring>
#include <elf.h>
#include <gtest/gtest.h>

using namespace lapidary;
using lapidary::test::readFile;
using lapidary::test::TempDirectory;

namespace {

std::vector<char> thisProgram() {
  std::string text = readFile("/proc/self/exe");
  return {text.begin(), text.end()};
}

std::vector<Elf64_Shdr> sectionsOf(const std::vector<char> &image) {
  Elf64_Ehdr header;
  std::memcpy(&header, image.data(), sizeof(header));
  std::vector<Elf64_Shdr> sections(header.e_shnum);
  std::memcpy(sections.data(), image.data() + header.e_shoff, sections.size() * sizeof(Elf64_Shdr));
  return sections;
}

std::string nameOf(const std::vector<char> &image, const Elf64_Shdr &section) {
  Elf64_Ehdr header;
  std::memcpy(&header, image.data(), sizeof(header));
  return image.data() + sectionsOf(image)[header.e_shstrndx].sh_offset + section.sh_name;
}

/// The smallest image of a 32-bit target: a header, the section names, a null section and the one of the names.
std::vector<char> imageOf32Bits() {
  const char names[] = "\0.shstrtab";
  Elf32_Ehdr header = {};
  std::memcpy(header.e_ident, ELFMAG, SELFMAG);
  header.e_ident[EI_CLASS] = ELFCLASS32;
  header.e_ident[EI_DATA] = ELFDATA2LSB;
  header.e_shentsize = sizeof(Elf32_Shdr);
  header.e_shnum = 2;
  header.e_shstrndx = 1;
  header.e_shoff = sizeof(header) + sizeof(names);
  Elf32_Shdr sections[2] = {};
  sections[1].sh_name = 1;
  sections[1].sh_type = SHT_STRTAB;
  sections[1].sh_offset = sizeof(header);
  sections[1].sh_size = sizeof(names);
  std::vector<char> image(header.e_shoff + sizeof(sections));
  std::memcpy(image.data(), &header, sizeof(header));
  std::memcpy(image.data() + sizeof(header), names, sizeof(names));
  std::memcpy(image.data() + header.e_shoff, sections, sizeof(sections));
  return image;
}

/// A descriptor with nothing behind it.
std::vector<char> tinyDescriptor(uint64_t weightBytes) {
  lap_program program = {};
  program.abi_version = LAP_ABI_VERSION;
  program.descriptor_bytes = sizeof(program);
  program.vocab = 512;
  program.weight_bytes = weightBytes;
  std::vector<char> bytes(sizeof(program));
  std::memcpy(bytes.data(), &program, sizeof(program));
  return bytes;
}

} // namespace

TEST(ProgramImage, AddsANotAllocatedSectionAndKeepsTheOthers) {
  std::vector<char> before = thisProgram(), image = before;
  Diagnostics diagnostics;
  uint64_t weights = uint64_t(5) << 30; // beyond 4 GiB
  auto layout = addWeightSection(image, weights, diagnostics);
  ASSERT_TRUE(layout);
  EXPECT_EQ(layout->imageBytes, image.size());
  EXPECT_EQ(layout->weightOffset % LAP_HUGE_PAGE, 0u);
  EXPECT_GE(layout->weightOffset, image.size());
  EXPECT_EQ(layout->fileBytes(), layout->weightOffset + weights + sizeof(lap_trailer));

  std::vector<Elf64_Shdr> old = sectionsOf(before), now = sectionsOf(image);
  ASSERT_EQ(now.size(), old.size() + 1);
  for (size_t i = 0; i < old.size(); ++i) {
    EXPECT_EQ(nameOf(image, now[i]), nameOf(before, old[i]));
  }
  EXPECT_EQ(nameOf(image, now.back()), ".lapidary.weights");
  EXPECT_EQ(now.back().sh_offset, layout->weightOffset);
  EXPECT_EQ(now.back().sh_size, weights);
  EXPECT_EQ(now.back().sh_flags, 0u);
  // Everything the loader reads is untouched.
  size_t headerEnd = sizeof(Elf64_Ehdr);
  EXPECT_EQ(std::memcmp(image.data() + headerEnd, before.data() + headerEnd, before.size() - headerEnd), 0);
}

TEST(ProgramImage, AddsASectionToAnImageOf32Bits) {
  std::vector<char> image = imageOf32Bits();
  Diagnostics diagnostics;
  const uint64_t weights = 3000000000; // beyond 2 GiB
  auto layout = addWeightSection(image, weights, diagnostics);
  ASSERT_TRUE(layout);
  EXPECT_EQ(layout->imageBytes, image.size());
  Elf32_Ehdr header;
  std::memcpy(&header, image.data(), sizeof(header));
  ASSERT_EQ(header.e_shnum, 3);
  ASSERT_EQ(header.e_shoff + 3 * sizeof(Elf32_Shdr), image.size());
  Elf32_Shdr sections[3];
  std::memcpy(sections, image.data() + header.e_shoff, sizeof(sections));
  const char *names = image.data() + sections[1].sh_offset;
  EXPECT_STREQ(names + sections[1].sh_name, ".shstrtab");
  EXPECT_STREQ(names + sections[2].sh_name, ".lapidary.weights");
  EXPECT_EQ(sections[2].sh_offset, layout->weightOffset);
  EXPECT_EQ(sections[2].sh_size, weights);
}

TEST(ProgramImage, RefusesWhatIsNotAnImage) {
  for (std::vector<char> image : {std::vector<char>(), std::vector<char>(10, 'x'), std::vector<char>(4096, 0)}) {
    Diagnostics diagnostics;
    EXPECT_FALSE(addWeightSection(image, 64, diagnostics));
    EXPECT_EQ(diagnostics.all().front().code, ErrorCode::InternalError);
  }
  std::vector<char> cut = thisProgram();
  cut.resize(cut.size() / 2); // the section headers are gone
  Diagnostics diagnostics;
  EXPECT_FALSE(addWeightSection(cut, 64, diagnostics));
  cut = imageOf32Bits();
  cut.resize(cut.size() - 1);
  EXPECT_FALSE(addWeightSection(cut, 64, diagnostics));
}

TEST(ProgramImage, PatchesTheHashOfExactlyOneDescriptor) {
  std::vector<char> descriptor = tinyDescriptor(64), image(1000, 1);
  image.insert(image.end(), descriptor.begin(), descriptor.end());
  Sha256 hash;
  hash.fill(0xab);
  Diagnostics diagnostics;
  ASSERT_TRUE(patchWeightHash(image, descriptor, hash, diagnostics));
  lap_program program;
  std::memcpy(&program, image.data() + 1000, sizeof(program));
  EXPECT_EQ(std::memcmp(program.weight_sha256, hash.data(), 32), 0);
  EXPECT_FALSE(patchWeightHash(image, descriptor, hash, diagnostics)) << "the descriptor is no longer there";
  std::vector<char> twice = descriptor;
  twice.insert(twice.end(), descriptor.begin(), descriptor.end());
  EXPECT_FALSE(patchWeightHash(twice, descriptor, hash, diagnostics));
}

TEST(ProgramImage, ReadsBackTrailerAndDescriptor) {
  TempDirectory directory;
  std::vector<char> image(512, 7), descriptor = tinyDescriptor(100);
  image.insert(image.end(), descriptor.begin(), descriptor.end());
  ImageLayout layout{image.size(), LAP_SEGMENT_ALIGN, 100};
  lap_trailer trailer = makeTrailer(layout, image);
  std::string file(image.begin(), image.end());
  file.resize(LAP_SEGMENT_ALIGN + 100);
  file.append(reinterpret_cast<const char *>(&trailer), sizeof(trailer));
  directory.write("program", file);

  Diagnostics diagnostics;
  auto found = readTrailer(directory.file("program"), diagnostics);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->weight_bytes, 100u);
  auto read = readDescriptor(directory.file("program"), diagnostics);
  ASSERT_TRUE(read);
  EXPECT_EQ(*read, descriptor);
}

TEST(ProgramImage, RefusesFilesThatAreNotPrograms) {
  TempDirectory directory;
  lap_trailer lying = makeTrailer(ImageLayout{1u << 20, 1u << 20, 1u << 20}, {});
  std::string bad(reinterpret_cast<const char *>(&lying), sizeof(lying));
  for (const std::string &content : {std::string(), std::string("short"), std::string(5000, 'x'), bad}) {
    directory.write("file", content);
    Diagnostics diagnostics;
    EXPECT_FALSE(readDescriptor(directory.file("file"), diagnostics));
    EXPECT_EQ(diagnostics.all().front().code, ErrorCode::NotAProgram);
  }
}
