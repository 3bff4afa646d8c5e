//===- TokenizerTool.cpp - the compiled tokenizer on the command line ----===//
// SPDX-License-Identifier: Apache-2.0
//
// Used by tools/check-tokenizer.py to compare with the `tokenizers` package. One request and one answer per line:
//   TokenizerTool DIR encode          hexadecimal bytes of a text  -> ids separated by spaces
//   TokenizerTool DIR encode-special  the same with the post-processor's ids
//   TokenizerTool DIR decode          ids                          -> hexadecimal bytes of the text
//   TokenizerTool DIR decode-skip     the same without special tokens
//   TokenizerTool DIR time FILE       milliseconds to encode the file, and the number of ids
//===----------------------------------------------------------------------===//
#include "support/FileIO.h"
#include "test/runtime/tokenizer/CompiledTokenizer.h"

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <sstream>

using namespace lapidary;

static std::vector<int32_t> encode(const CompiledTokenizer &tokenizer, const std::string &text, uint32_t options) {
  std::vector<int32_t> ids = tokenizer.encode(text, options);
  if (!ids.empty() && ids[0] < 0) {
    std::fprintf(stderr, "encoding failed with status %d\n", ids[1]);
    std::exit(1);
  }
  return ids;
}

static std::string fromHex(const std::string &line) {
  std::string text;
  for (size_t i = 0; i + 1 < line.size(); i += 2) {
    text.push_back(static_cast<char>(std::stoi(line.substr(i, 2), nullptr, 16)));
  }
  return text;
}

static void decodeLine(const CompiledTokenizer &tokenizer, const std::string &line, bool skip) {
  std::istringstream stream(line);
  std::vector<int32_t> ids;
  for (int32_t id; stream >> id;) {
    ids.push_back(id);
  }
  for (unsigned char byte : tokenizer.decode(ids, skip)) {
    std::printf("%02x", byte);
  }
  std::printf("\n");
}

static void timeFile(const CompiledTokenizer &tokenizer, const std::string &path, Diagnostics &diags) {
  std::string text = readWholeFile(path, 1u << 30, diags).value_or("");
  auto start = std::chrono::steady_clock::now();
  size_t count = encode(tokenizer, text, LAP_ENCODE_PARSE_SPECIAL).size();
  std::chrono::duration<double, std::milli> time = std::chrono::steady_clock::now() - start;
  std::printf("%.1f ms, %zu bytes, %zu ids\n", time.count(), text.size(), count);
}

int main(int argc, char **argv) {
  Diagnostics diags([](const Diagnostic &diagnostic) { std::cerr << formatDiagnostic(diagnostic, false); });
  CompiledTokenizer tokenizer(argc >= 3 ? argv[1] : "", diags);
  if (argc < 3 || !tokenizer.valid()) {
    std::fprintf(stderr, "usage: TokenizerTool DIR encode|encode-special|decode|decode-skip|time FILE\n");
    return 2;
  }
  std::string mode = argv[2];
  if (mode == "time" && argc == 4) {
    timeFile(tokenizer, argv[3], diags);
    return diags.exitCode();
  }
  for (std::string line; std::getline(std::cin, line);) {
    if (mode == "decode" || mode == "decode-skip") {
      decodeLine(tokenizer, line, mode == "decode-skip");
      continue;
    }
    uint32_t special = mode == "encode-special" ? LAP_ENCODE_ADD_SPECIAL : 0;
    for (int32_t id : encode(tokenizer, fromHex(line), LAP_ENCODE_PARSE_SPECIAL | special)) {
      std::printf("%d ", id);
    }
    std::printf("\n");
  }
  return 0;
}
