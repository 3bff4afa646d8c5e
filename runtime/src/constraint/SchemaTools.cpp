//===- SchemaTools.cpp - one call of one of several tools -----------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Tools are OpenAI's: [{"type": "function", "function": {"name": ..., "parameters": SCHEMA}}, ...]; the inner object
// alone is taken too. The call is written as Gemma 4's chat template writes it (call:NAME{key:value}<tool_call|>).
//===----------------------------------------------------------------------===//
#include "runtime/src/constraint/SchemaTranslator.h"

#include "runtime/src/Error.h"

namespace lap {

bool SchemaTranslator::parseToolCall(uint32_t tool, Array<uint32_t> &calls) {
  uint32_t function = json.find(tool, "function");
  function = function == NoJson ? tool : function;
  uint32_t name = json.find(function, "name"), parameters = json.find(function, "parameters");
  if (!json.is(name, JsonType::String) || json[name].textBytes == 0) {
    refuse(name == NoJson ? tool : name, "expected a function with a name");
    return false;
  }
  for (uint32_t i = 0; i < json[name].textBytes; ++i) {
    char c = json.textOf(json[name])[i];
    bool plain =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
    if (!plain) {
      refuse(name, "the name of a function consists of letters, digits, '_', '-' and '.'");
      return false;
    }
  }
  uint32_t arguments = grammar.text("{}");
  if (parameters != NoJson && json[parameters].children != 0) {
    Conjunction conjunction;
    conjunction.add({parameters, 0});
    arguments = grammar.rule(ruleOf(conjunction));
  }
  calls.add(grammar.all(grammar.text(json.textOf(json[name]), json[name].textBytes), arguments));
  return !failed();
}

lap_status SchemaTranslator::tools(const char *text, size_t bytes) {
  status = json.parse("tools", text, bytes, error);
  if (failed()) {
    return status;
  }
  if (!json.is(Json::Root, JsonType::Array) || json[Json::Root].first == NoJson) {
    refuse(Json::Root, "expected an array of at least one tool");
    return status;
  }
  uint32_t start = grammar.addRule(Json::Root);
  Array<uint32_t> calls(1u << 12);
  for (uint32_t at = json[Json::Root].first; at != NoJson && !failed(); at = json[at].next) {
    parseToolCall(at, calls);
  }
  uint32_t any = grammar.choice(calls.begin(), calls.size());
  grammar.define(start, grammar.all(grammar.text("call:"), any, specialToken("<tool_call|>")));
  translateQueue();
  return status;
}

lap_status translateTools(const char *text, size_t bytes, const lap_tokenizer *tokenizer, Grammar &grammar,
                          lap_error *error) {
  return SchemaTranslator(LAP_NOTATION_TOOL_CALL, tokenizer, grammar, error).tools(text, bytes);
}

} // namespace lap
