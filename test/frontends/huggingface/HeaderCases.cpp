//===- HeaderCases.cpp - bad safetensors files -------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// One tensor entry is "A" below: F32 [2, 3], bytes 0..24, unless the case is about it.
//===----------------------------------------------------------------------===//
#include "test/frontends/huggingface/MalformedCases.h"

namespace lapidary::test {

namespace {

constexpr const char *file = "model.safetensors";
const std::string entry = R"({"dtype":"F32","shape":[2,3],"data_offsets":[0,24]})";

/// A case whose file has this header text and this many bytes of data.
MalformedCase header(const std::string &name, ErrorCode code, std::vector<std::string> words, const std::string &text,
                     uint64_t dataBytes) {
  words.push_back(file);
  return {name, code, std::move(words),
          [=](TinyModel &, const TempDirectory &directory) { directory.write(file, fileBytes(text, dataBytes)); }};
}

/// A case whose file is exactly these bytes.
MalformedCase bytes(const std::string &name, ErrorCode code, std::vector<std::string> words, const std::string &all) {
  words.push_back(file);
  return {name, code, std::move(words),
          [=](TinyModel &, const TempDirectory &directory) { directory.write(file, all); }};
}

std::string oneTensor(const std::string &dtype, const std::string &shape, const std::string &offsets) {
  return R"({"A":{"dtype":")" + dtype + R"(","shape":)" + shape + R"(,"data_offsets":)" + offsets + "}}";
}

std::string named(const std::string &name) { return "{\"" + name + "\":" + entry + "}"; }

std::string length(uint64_t value) {
  std::string out;
  for (unsigned i = 0; i < 8; ++i) {
    out += static_cast<char>(value >> (8 * i) & 0xff);
  }
  return out;
}

std::vector<MalformedCase> frameCases() {
  return {
      bytes("empty file", ErrorCode::HeaderTruncated, {"0 bytes", "expected at least 8"}, ""),
      bytes("file of seven bytes", ErrorCode::HeaderTruncated, {"1 byte missing"}, "1234567"),
      bytes("header longer than the file", ErrorCode::HeaderTruncated, {"100 bytes", "98 bytes missing"},
            length(100) + "{}"),
      bytes("header length 2^64-1", ErrorCode::HeaderTooLarge, {"18,446,744,073,709,551,615"}, length(~0ull) + "{}"),
      bytes("header length over the cap", ErrorCode::HeaderTooLarge, {"100,000,001", "100,000,000"},
            length(100000001) + "{}"),
      bytes("git lfs pointer", ErrorCode::HeaderTooLarge, {"git lfs pull"},
            "version https://git-lfs.github.com/spec/v1"),
      header("empty header", ErrorCode::HeaderFirstByte, {"an empty header", "expected '{'"}, "", 0),
      header("header starts with a space", ErrorCode::HeaderFirstByte, {"' '", "expected '{'"}, " " + named("A"), 24),
      header("header starts with a byte order mark", ErrorCode::HeaderFirstByte, {"xef"}, "\xef\xbb\xbf" + named("A"),
             24),
      header("header is a list", ErrorCode::HeaderFirstByte, {"'['"}, "[]", 0),
      header("header padded with a line break", ErrorCode::HeaderPadding, {"x0a", "expected spaces"},
             named("A") + " \n  ", 24),
      header("header padded with zeros", ErrorCode::HeaderPadding, {"x00"}, named("A") + std::string(3, '\0'), 24),
      header("header padded with a tab", ErrorCode::HeaderPadding, {"x09"}, named("A") + "\t", 24),
  };
}

std::vector<MalformedCase> syntaxCases() {
  return {
      header("text after the object", ErrorCode::HeaderSyntax, {"not valid JSON"}, named("A") + "x", 24),
      header("header cut off", ErrorCode::HeaderSyntax, {"header byte"}, R"({"A":{"dtype":"F32")", 0),
      header("comma too many", ErrorCode::HeaderSyntax, {"header byte"}, "{\"A\":" + entry + ",}", 24),
      header("comment in the header", ErrorCode::HeaderSyntax, {"header byte"}, "{/* x */}", 0),
      header("NaN in a shape", ErrorCode::HeaderSyntax, {"header byte"}, oneTensor("F32", "[NaN]", "[0,4]"), 4),
      header("unpaired surrogate in a name", ErrorCode::HeaderSyntax, {"surrogate"}, named("\\ud800"), 24),
      header("invalid UTF-8 in a name", ErrorCode::HeaderSyntax, {"UTF-8"}, named("a\xff"), 24),
      header("overlong UTF-8 in a name", ErrorCode::HeaderSyntax, {"UTF-8"}, named("a\xc0\xaf"), 24),
      header("raw control character in a name", ErrorCode::HeaderSyntax, {"control character"}, named("a\x01"), 24),
      header("deep nesting", ErrorCode::HeaderTooDeep, {"4 levels"}, R"({"A":{"x":)" + std::string(10000, '['), 0),
      header("deep nesting in an unknown field", ErrorCode::HeaderTooDeep, {"4 levels"},
             R"({"A":{"x":[[[1]]],"dtype":"F32","shape":[],"data_offsets":[0,4]}})", 4),
      header("tensor name twice", ErrorCode::DuplicateTensor, {"'A'", "BF16 [12]", "F32 [2, 3]"},
             R"({"A":{"dtype":"BF16","shape":[12],"data_offsets":[0,24]},"A":)" + entry + "}", 24),
      header("tensor name twice through an escape", ErrorCode::DuplicateTensor, {"'A'"},
             R"({"A":)" + entry + R"(,"\u0041":)" + entry + "}", 24),
      header("dtype twice", ErrorCode::DuplicateField, {"'A'", "'dtype'"},
             R"({"A":{"dtype":"F32","dtype":"F32","shape":[2,3],"data_offsets":[0,24]}})", 24),
      header("unknown field twice", ErrorCode::DuplicateField, {"'A'", "'x'"},
             R"({"A":{"x":1,"x":1,"dtype":"F32","shape":[2,3],"data_offsets":[0,24]}})", 24),
      header("metadata twice", ErrorCode::DuplicateField, {"__metadata__"},
             R"({"__metadata__":{},"__metadata__":{},"A":)" + entry + "}", 24),
      header("metadata key twice", ErrorCode::DuplicateField, {"'k'"}, R"({"__metadata__":{"k":"a","k":"b"}})", 0),
      header("metadata is a string", ErrorCode::BadMetadata, {"the string 'x'"}, R"({"__metadata__":"x"})", 0),
      header("metadata is a list", ErrorCode::BadMetadata, {"a list"}, R"({"__metadata__":[]})", 0),
      header("metadata value is a number", ErrorCode::BadMetadata, {"the number 1"}, R"({"__metadata__":{"k":1}})", 0),
      header("metadata value is an object", ErrorCode::BadMetadata, {"an object"}, R"({"__metadata__":{"k":{}}})", 0),
  };
}

std::vector<MalformedCase> entryCases() {
  return {
      header("empty name", ErrorCode::BadTensorName, {"0 bytes"}, named(""), 24),
      header("name with a zero byte", ErrorCode::BadTensorName, {"x00"}, named("a\\u0000b"), 24),
      header("name with a line break", ErrorCode::BadTensorName, {"x0a"}, named("a\\nb"), 24),
      header("name of 1025 bytes", ErrorCode::BadTensorName, {"1,025 bytes"}, named(std::string(1025, 'n')), 24),
      header("name of a megabyte", ErrorCode::BadTensorName, {"..."}, named(std::string(1000000, 'n')), 24),
      header("entry is null", ErrorCode::BadTensorEntry, {"'A'", "null"}, R"({"A":null})", 0),
      header("entry is a list", ErrorCode::BadTensorEntry, {"'A'", "a list"}, R"({"A":[1]})", 0),
      header("entry is empty", ErrorCode::BadTensorEntry, {"'A'", "'dtype' is missing"}, R"({"A":{}})", 0),
      header("offsets missing", ErrorCode::BadTensorEntry, {"'A'", "'data_offsets' is missing"},
             R"({"A":{"dtype":"F32","shape":[]}})", 0),
      header("shape is a number", ErrorCode::BadTensorEntry, {"'A'", "shape is the number 6"},
             oneTensor("F32", "6", "[0,24]"), 24),
      header("dtype is a number", ErrorCode::BadTensorEntry, {"'A'", "dtype is the number 4"},
             R"({"A":{"dtype":4,"shape":[2,3],"data_offsets":[0,24]}})", 24),
      header("negative dimension", ErrorCode::BadTensorEntry, {"'A'", "-1"}, oneTensor("F32", "[-1]", "[0,4]"), 4),
      header("minus zero dimension", ErrorCode::BadTensorEntry, {"'A'"}, oneTensor("F32", "[-0]", "[0,0]"), 0),
      header("fraction as dimension", ErrorCode::BadTensorEntry, {"'A'", "2.0"}, oneTensor("F32", "[2.0]", "[0,8]"), 8),
      header("dimension of 2^64", ErrorCode::BadTensorEntry, {"18446744073709551616"},
             oneTensor("F32", "[18446744073709551616]", "[0,4]"), 4),
      header("string as dimension", ErrorCode::BadTensorEntry, {"the string '2'"}, oneTensor("F32", "[\"2\"]", "[0,8]"),
             8),
      header("list in a shape", ErrorCode::BadTensorEntry, {"a list"}, oneTensor("F32", "[[2]]", "[0,8]"), 8),
      header("negative offset", ErrorCode::BadTensorEntry, {"'A'", "-24"}, oneTensor("F32", "[2,3]", "[-24,0]"), 24),
      header("one offset", ErrorCode::BadTensorEntry, {"1 numbers", "expected 2"}, oneTensor("F32", "[2,3]", "[24]"),
             24),
      header("three offsets", ErrorCode::BadTensorEntry, {"3 numbers"}, oneTensor("F32", "[2,3]", "[0,24,24]"), 24),
      header("unknown dtype", ErrorCode::UnknownDType, {"'A'", "'F4'", "BF16"}, oneTensor("F4", "[2]", "[0,1]"), 1),
      header("dtype in lower case", ErrorCode::UnknownDType, {"'f32'"}, oneTensor("f32", "[1]", "[0,4]"), 4),
      header("rank nine", ErrorCode::RankTooLarge, {"'A'", "9 dimensions"},
             oneTensor("U8", "[1,1,1,1,1,1,1,1,1]", "[0,1]"), 1),
      header(
          "rank of a hundred thousand", ErrorCode::RankTooLarge, {"100,000"},
          [] {
            std::string ones = "[1";
            for (int i = 1; i < 100000; ++i) {
              ones += ",1";
            }
            return oneTensor("U8", ones + "]", "[0,1]");
          }(),
          1),
  };
}

std::vector<MalformedCase> layoutCases() {
  const std::string b24 = R"("B":{"dtype":"F32","shape":[6],"data_offsets":[)";
  auto two = [&](const std::string &offsets) { return "{\"A\":" + entry + "," + b24 + offsets + "]}}"; };
  return {
      header("shape product overflows", ErrorCode::ShapeOverflow, {"'A'"},
             oneTensor("U8", "[4294967296,4294967296]", "[0,0]"), 0),
      header("overflow hidden by a leading zero", ErrorCode::ShapeOverflow, {"'A'"},
             oneTensor("U8", "[0,4294967296,4294967296]", "[0,0]"), 0),
      header("overflow before a trailing zero", ErrorCode::ShapeOverflow, {"'A'"},
             oneTensor("U8", "[4294967296,4294967296,0]", "[0,0]"), 0),
      header("overflow by the element size", ErrorCode::ShapeOverflow, {"'A'", "F64"},
             oneTensor("F64", "[4611686018427387904]", "[0,0]"), 0),
      header("offsets reversed", ErrorCode::BadOffsets, {"'A'", "24"}, oneTensor("F32", "[2,3]", "[24,0]"), 24),
      header("range too small for the shape", ErrorCode::SizeMismatch, {"'A'", "12 bytes", "expected 24", "F32 [2, 3]"},
             oneTensor("F32", "[2,3]", "[0,12]"), 12),
      header("range too large for the shape", ErrorCode::SizeMismatch, {"'A'", "28 bytes", "expected 24"},
             oneTensor("F32", "[2,3]", "[0,28]"), 28),
      header("scalar without data", ErrorCode::SizeMismatch, {"'A'", "0 bytes", "expected 4"},
             oneTensor("F32", "[]", "[0,0]"), 0),
      header("hole at the start", ErrorCode::OffsetHole, {"'A'", "byte 8", "expected 0"},
             oneTensor("F32", "[2,3]", "[8,32]"), 32),
      header("hole between tensors", ErrorCode::OffsetHole, {"'B'", "'A'", "byte 32", "expected 24"}, two("32,56"), 56),
      header("tensors overlap", ErrorCode::OffsetOverlap, {"'B'", "'A'", "byte 20", "expected 24"}, two("20,44"), 44),
      header("tensors on the same bytes", ErrorCode::OffsetOverlap, {"'B'", "'A'"}, two("0,24"), 24),
      header("empty tensor inside another", ErrorCode::OffsetOverlap, {"'B'", "'A'"},
             "{\"A\":" + entry + R"(,"B":{"dtype":"F32","shape":[0],"data_offsets":[8,8]}})", 24),
      header("data cut off", ErrorCode::DataTruncated, {"'A'", "10 bytes missing"}, named("A"), 14),
      header("no data at all", ErrorCode::DataTruncated, {"24 bytes missing"}, named("A"), 0),
      header("offsets near 2^64", ErrorCode::OffsetHole, {"18446744073709551591"},
             oneTensor("F32", "[2,3]", "[18446744073709551591,18446744073709551615]"), 24),
      header("bytes after the last tensor", ErrorCode::TrailingData, {"3 bytes after", "27", "expected 24"}, named("A"),
             27),
      header("data without tensors", ErrorCode::TrailingData, {"5 bytes after"}, "{}", 5),
  };
}

} // namespace

std::vector<MalformedCase> headerCases() {
  std::vector<MalformedCase> all;
  for (auto cases : {frameCases(), syntaxCases(), entryCases(), layoutCases()}) {
    all.insert(all.end(), cases.begin(), cases.end());
  }
  return all;
}

} // namespace lapidary::test
