//===- CompiledTemplate.h - a compiled chat template to test with ---------===//
// SPDX-License-Identifier: Apache-2.0
//
// Compiles a template's text and renders JSON with it; errors come back as text.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_TEST_RUNTIME_CHAT_COMPILEDTEMPLATE_H
#define LAPIDARY_TEST_RUNTIME_CHAT_COMPILEDTEMPLATE_H

#include "frontends/tokenizer/JinjaParser.h"
#include "runtime/src/chat/Render.h"

#include <cstring>
#include <memory>
#include <string>

namespace lapidary {

/// Renders with a block; "error: .." when that fails, "" for a block that is no program.
inline std::string renderBlock(const std::vector<char> &block, const std::string &messages, uint32_t flags = 0,
                               const std::string &tools = "", const std::string &variables = "") {
  // In memory of exactly its size, so that a sanitizer sees reads behind it.
  std::unique_ptr<char, void (*)(void *)> exact(static_cast<char *>(std::malloc(block.size())), std::free);
  std::memcpy(exact.get(), block.data(), block.size());
  const lap_template *program = lap_template_open(exact.get(), block.size());
  if (!program) {
    return "";
  }
  lap::RenderInput input;
  input.messages = {messages.data(), messages.size()};
  input.tools = {tools.data(), tools.size()};
  input.variables = {variables.data(), variables.size()};
  input.flags = flags;
  lap::Buffer out(lap::MaxPromptBytes);
  lap_error error;
  lap_status status = lap::renderChat(*program, input, out, &error);
  return status == LAP_OK ? std::string(out.data(), out.size()) : std::string("error: ") + error.message;
}

class CompiledTemplate {
public:
  explicit CompiledTemplate(const std::string &source) {
    std::map<std::string, std::string> constants = {{"bos_token", "<bos>"}, {"eos_token", "<eos>"}};
    constants.emplace("close_thought", "yes");
    block = jinja::compileTemplate(source, constants, 0, error);
  }
  bool valid() const { return block.has_value(); }
  std::string render(const std::string &messages = R"([{"role": "user", "content": "Hi"}])", uint32_t flags = 0,
                     const std::string &tools = "", const std::string &variables = "") const {
    return block ? renderBlock(*block, messages, flags, tools, variables) : "error: " + error.message;
  }

  std::optional<std::vector<char>> block;
  jinja::TemplateError error;
};

} // namespace lapidary

#endif // LAPIDARY_TEST_RUNTIME_CHAT_COMPILEDTEMPLATE_H
