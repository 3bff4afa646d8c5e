//===- ChatTemplateTool.cpp - compiled chat templates on the command line -===//
// SPDX-License-Identifier: Apache-2.0
//
// Used by tools/check-chat-template.py to compare with transformers, and to make the template of the fake program.
//   ChatTemplateTool FILE.jinja|official render   one JSON request per line -> one JSON answer per line:
//     {"messages": "..", "tools": "..", "variables": "..", "flags": N, "now": N} (texts of JSON, all but the first
//     may be missing)  ->  {"text": ".."} or {"error": ".."}
//   ChatTemplateTool FILE.jinja|official bytes    the compiled template as C initialisers
//===----------------------------------------------------------------------===//
#include "frontends/tokenizer/JinjaParser.h"
#include "frontends/tokenizer/OfficialTemplate.h"
#include "runtime/src/chat/Render.h"
#include "support/FileIO.h"

#include <cstdio>
#include <iostream>
#include <nlohmann/json.hpp>

using namespace lapidary;
using nlohmann::json;

static json render(const lap_template &program, const json &request) {
  std::string messages = request.value("messages", ""), tools = request.value("tools", "");
  std::string variables = request.value("variables", "");
  lap::RenderInput input;
  input.messages = {messages.data(), messages.size()};
  input.tools = {tools.data(), tools.size()};
  input.variables = {variables.data(), variables.size()};
  input.flags = request.value("flags", 0u);
  input.now = request.value("now", int64_t(0));
  lap::Buffer out(lap::MaxPromptBytes);
  lap_error error;
  if (lap::renderChat(program, input, out, &error) != LAP_OK) {
    return {{"error", error.message}};
  }
  return {{"text", std::string(out.data(), out.size())}};
}

static void printBytes(const std::vector<char> &block) {
  for (size_t i = 0; i < block.size(); ++i) {
    std::printf("%s%d,", i % 24 ? "" : i ? "\n" : "", block[i]);
  }
  std::printf("\n");
}

int main(int argc, char **argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: ChatTemplateTool FILE.jinja|official render|bytes\n");
    return 2;
  }
  Diagnostics diags([](const Diagnostic &diagnostic) { std::cerr << formatDiagnostic(diagnostic, false); });
  bool isOfficial = argv[1] == std::string("official");
  std::optional<std::string> source = isOfficial ? officialTemplate : readWholeFile(argv[1], 1 << 20, diags);
  jinja::TemplateError error;
  std::map<std::string, std::string> constants = {{"bos_token", "<bos>"}, {"eos_token", "<eos>"}};
  constants.emplace("close_thought", "yes");
  std::optional<std::vector<char>> block;
  if (source) {
    block = jinja::compileTemplate(*source, constants, 0, error);
  }
  const lap_template *program = block ? lap_template_open(block->data(), block->size()) : nullptr;
  if (!program) {
    std::fprintf(stderr, "%s: byte %zu: %s %s\n", argv[1], error.at, error.message.c_str(), error.help.c_str());
    return 2;
  }
  if (argv[2] == std::string("bytes")) {
    printBytes(*block);
    return 0;
  }
  for (std::string line; std::getline(std::cin, line);) {
    std::cout << render(*program, json::parse(line)).dump(-1, ' ', false, json::error_handler_t::replace) << "\n";
  }
  return 0;
}
