//===- WeightMapTest.cpp - good, damaged and truncated files --------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Every way a program file can be wrong must end in a status and a message that says what was found.
//===----------------------------------------------------------------------===//
#include "runtime/src/WeightMap.h"
#include "test/runtime/TestFiles.h"

#include <cerrno>
#include <functional>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/stat.h>

using namespace lap;

TEST(WeightMap, MapsTheSegment) {
  TemporaryFile file("good");
  file.write(goodFile());
  WeightMap map;
  lap_error error{};
  ASSERT_EQ(map.open(file.path.c_str(), lap_program_data, &error), LAP_OK) << error.message;
  for (unsigned i = 0; i < FakeWeightBytes; ++i) {
    ASSERT_EQ(map.weights[i], uint8_t(i * 7 + 3));
  }
  uint8_t fromFile[100];
  ASSERT_EQ(pread(map.segment.descriptor, fromFile, 100, off_t(map.segment.offset + 500)), 100);
  EXPECT_EQ(memcmp(fromFile, map.weights + 500, 100), 0);
}

/// Large segments lie in memory as in the file modulo a huge page, and leave nothing behind.
TEST(WeightMap, MapsLargeSegmentsWhereHugePagesFit) {
  lap_program program = lap_program_data;
  program.weight_bytes = (3u << 20) + 123;
  program.resident_weight_bytes = program.weight_bytes;
  for (uint64_t offset : {uint64_t(LAP_SEGMENT_ALIGN), uint64_t(LAP_HUGE_PAGE)}) {
    std::string image(1000, 'i');
    lap_trailer trailer = goodTrailer(image);
    trailer.weight_offset = offset;
    trailer.weight_bytes = program.weight_bytes;
    std::string bytes = image;
    bytes.resize(offset + program.weight_bytes);
    bytes[offset] = 5;
    bytes.back() = 7;
    TemporaryFile file("large");
    file.write(bytes.append(reinterpret_cast<const char *>(&trailer), sizeof(trailer)));
    WeightMap map;
    lap_error error{};
    ASSERT_EQ(map.open(file.path.c_str(), program, &error), LAP_OK) << error.message;
    const uint8_t *weights = map.weights;
    EXPECT_EQ((reinterpret_cast<uintptr_t>(weights) - offset) % LAP_HUGE_PAGE, 0u);
    EXPECT_EQ(weights[0], 5);
    EXPECT_EQ(weights[program.weight_bytes - 1], 7);
    map.close();
    unsigned char resident;
    for (uint64_t page : {uint64_t(0), program.weight_bytes / 4096 * 4096}) {
      EXPECT_EQ(mincore(const_cast<uint8_t *>(weights) + page, 4096, &resident), -1) << "still mapped: " << page;
      EXPECT_EQ(errno, ENOMEM);
    }
  }
}

TEST(WeightMap, RejectsDamagedTrailers) {
  struct Case {
    const char *name, *expected;
    std::function<void(lap_trailer &)> damage;
  };
  const Case cases[] = {
      {"magic", "cut short or stripped", [](lap_trailer &t) { t.magic[3] ^= 1; }},
      {"version", "version 999", [](lap_trailer &t) { t.abi_version = 999; }},
      {"trailer size", "trailer of 999", [](lap_trailer &t) { t.trailer_bytes = 999; }},
      {"fewer weights", "holds 69999", [](lap_trailer &t) { t.weight_bytes -= 1; }},
      {"more weights", "holds 70001", [](lap_trailer &t) { t.weight_bytes += 1; }},
      {"no weights", "holds 0", [](lap_trailer &t) { t.weight_bytes = 0; }},
      {"offset past the end", "before its trailer", [](lap_trailer &t) { t.weight_offset += LAP_SEGMENT_ALIGN; }},
      {"offset wraps", "before its trailer", [](lap_trailer &t) { t.weight_offset = ~uint64_t(0) - 65535; }},
      {"offset huge", "before its trailer", [](lap_trailer &t) { t.weight_offset = uint64_t(1) << 62; }},
      {"offset unaligned", "expected a multiple", [](lap_trailer &t) { t.weight_offset -= 4096; }},
      {"image behind weights", "behind the image", [](lap_trailer &t) { t.image_bytes = LAP_SEGMENT_ALIGN + 1; }},
      {"image huge", "behind the image", [](lap_trailer &t) { t.image_bytes = ~uint64_t(0); }},
  };
  for (const Case &c : cases) {
    std::string image(1000, 'i');
    lap_trailer t = goodTrailer(image);
    c.damage(t);
    TemporaryFile file("bad");
    file.write(programFile(image, t));
    WeightMap map;
    lap_error error{};
    EXPECT_EQ(map.open(file.path.c_str(), lap_program_data, &error), LAP_BAD_FILE) << c.name;
    EXPECT_NE(std::string(error.message).find(c.expected), std::string::npos) << c.name << ": " << error.message;
    EXPECT_EQ(map.weights, nullptr);
  }
}

TEST(WeightMap, RejectsEveryTruncation) {
  std::string whole = goodFile();
  for (size_t bytes : {size_t(0), size_t(1), sizeof(lap_trailer) - 1, sizeof(lap_trailer), size_t(65536),
                       size_t(100000), whole.size() - sizeof(lap_trailer), whole.size() - 1}) {
    TemporaryFile file("short");
    file.write(whole.substr(0, bytes));
    WeightMap map;
    lap_error error{};
    EXPECT_EQ(map.open(file.path.c_str(), lap_program_data, &error), LAP_BAD_FILE) << bytes;
    EXPECT_NE(error.message[0], 0);
  }
}

TEST(WeightMap, RejectsAMissingSegmentBeforeAGoodTrailer) {
  std::string whole = goodFile();
  TemporaryFile file("hole"); // the middle of the file is gone, the trailer intact
  file.write(whole.substr(0, 70000) + whole.substr(whole.size() - sizeof(lap_trailer)));
  WeightMap map;
  lap_error error{};
  EXPECT_EQ(map.open(file.path.c_str(), lap_program_data, &error), LAP_BAD_FILE);
  EXPECT_NE(std::string(error.message).find("need 70000 bytes"), std::string::npos) << error.message;
}

TEST(WeightMap, NamesMissingFilesAndDirectories) {
  WeightMap map;
  lap_error error{};
  EXPECT_EQ(map.open("/nonexistent/weights", lap_program_data, &error), LAP_IO_ERROR);
  EXPECT_NE(std::string(error.message).find("/nonexistent/weights"), std::string::npos);
  EXPECT_EQ(map.open("/tmp", lap_program_data, &error), LAP_BAD_FILE);
}

TEST(WeightMap, ReportsThisExecutableWithoutWeights) {
  WeightMap map;
  lap_error error{};
  EXPECT_EQ(map.open(nullptr, lap_program_data, &error), LAP_BAD_FILE); // the test binary ends with no trailer
}
