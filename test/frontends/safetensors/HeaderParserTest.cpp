//===- HeaderParserTest.cpp - valid headers, and limits too large for the table -------===//
// SPDX-License-Identifier: Apache-2.0
//
// Malformed headers are in test/frontends/huggingface/HeaderCases.cpp; here is what must be accepted, and speed.
//===----------------------------------------------------------------------===//
#include "frontends/safetensors/HeaderParser.h"
#include "support/Limits.h"

#include <chrono>
#include <gtest/gtest.h>

using namespace lapidary;

namespace {

/// `count` empty tensors at offset 0, then nothing.
std::string emptyTensors(uint64_t count) {
  std::string header = "{";
  for (uint64_t i = 0; i < count; ++i) {
    header += (i ? ",\"t" : "\"t") + std::to_string(i) + R"(":{"dtype":"F32","shape":[0],"data_offsets":[0,0]})";
  }
  return header + "}";
}

} // namespace

TEST(HeaderParser, AcceptsEveryDType) {
  const char *names[] = {"F64", "F32", "F16", "BF16", "I64",  "I32",     "I16",    "I8",
                         "U64", "U32", "U16", "U8",   "BOOL", "F8_E4M3", "F8_E5M2"};
  unsigned sizes[] = {8, 4, 2, 2, 8, 4, 2, 1, 8, 4, 2, 1, 1, 1, 1};
  for (size_t i = 0; i < 15; ++i) {
    std::optional<DType> type = dtypeFromName(names[i]);
    ASSERT_TRUE(type) << names[i];
    EXPECT_EQ(byteSize(*type), sizes[i]) << names[i];
    EXPECT_STREQ(dtypeName(*type), names[i]);
    std::string end = std::to_string(6 * sizes[i]);
    std::string header =
        std::string(R"({"a":{"dtype":")") + names[i] + R"(","shape":[2,3],"data_offsets":[0,)" + end + "]}}";
    Diagnostics diagnostics;
    auto tensors = parseSafetensorsHeader(header, 6 * sizes[i], "f", diagnostics);
    ASSERT_TRUE(tensors) << header;
    EXPECT_EQ((*tensors)[0].elements(), 6u);
  }
}

TEST(HeaderParser, AcceptsPaddingMetadataScalarsAndEmptyTensors) {
  std::string header = R"({"__metadata__":{"format":"pt"},"b":{"dtype":"F32","shape":[],"data_offsets":[0,4]},)"
                       R"("a":{"data_offsets":[4,4],"shape":[0,5],"dtype":"F32"}}   )";
  Diagnostics diagnostics;
  auto tensors = parseSafetensorsHeader(header, 4, "f", diagnostics);
  ASSERT_TRUE(tensors);
  ASSERT_EQ(tensors->size(), 2u);
  EXPECT_EQ((*tensors)[0].name, "a") << "sorted by name";
  EXPECT_EQ((*tensors)[1].elements(), 1u) << "a scalar has one element";
  EXPECT_TRUE(diagnostics.all().empty());
}

TEST(HeaderParser, WarnsAboutUnknownFieldsAndIgnoresThem) {
  std::string header = R"({"a":{"dtype":"F32","shape":[1],"crc":[1,{}],"data_offsets":[0,4]}})";
  Diagnostics diagnostics;
  EXPECT_TRUE(parseSafetensorsHeader(header, 4, "f", diagnostics));
  ASSERT_EQ(diagnostics.all().size(), 1u);
  EXPECT_EQ(diagnostics.all()[0].code, ErrorCode::UnknownEntryField);
  EXPECT_NE(diagnostics.all()[0].message.find("'crc'"), std::string::npos);
}

TEST(HeaderParser, AcceptsLongestNameAndHighestRank) {
  std::string header = "{\"" + std::string(limits::nameBytes, 'n') +
                       R"(":{"dtype":"U8","shape":[1,1,1,1,1,1,1,2],"data_offsets":[0,2]}})";
  Diagnostics diagnostics;
  EXPECT_TRUE(parseSafetensorsHeader(header, 2, "f", diagnostics));
}

TEST(HeaderParser, ReadsManyTensorsInLinearTime) {
  std::string header = emptyTensors(200000);
  Diagnostics diagnostics;
  auto start = std::chrono::steady_clock::now();
  auto tensors = parseSafetensorsHeader(header, 0, "f", diagnostics);
  double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  ASSERT_TRUE(tensors);
  EXPECT_EQ(tensors->size(), 200000u);
  EXPECT_LT(seconds, 60) << "a quadratic parser takes hours, sanitizers and busy machines a few seconds";
  RecordProperty("seconds", std::to_string(seconds));
}

TEST(HeaderParser, ShowsTwentyProblemsOfOneFile) {
  std::string header = "{";
  for (int i = 0; i < 100; ++i) {
    header += (i ? ",\"t" : "\"t") + std::to_string(i) + R"(":{"dtype":"F32","shape":[1],"data_offsets":[0,3]})";
  }
  Diagnostics diagnostics;
  EXPECT_FALSE(parseSafetensorsHeader(header + "}", 3, "f", diagnostics));
  EXPECT_EQ(diagnostics.all().size(), limits::problemsPerFile + 1);
  EXPECT_EQ(diagnostics.all().back().code, ErrorCode::MoreProblems);
}
