//===- AnswerFormat.cpp - what an answer must look like -------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// See AnswerFormat.h. Members are those of the OpenAI API reference, "Create chat completion".
//===----------------------------------------------------------------------===//
#include "runtime/src/server/AnswerFormat.h"

#include "runtime/src/server/Chat.h"

#include <new>

namespace lap::server {

namespace {

constexpr char CallStart[] = "<|tool_call>"; // gemma4-spec.md 9.3; what lap_constraint_create_tool_call follows

Constraint owned(lap_constraint *constraint) { return Constraint(constraint, lap_constraint_free); }

Constraint schemaConstraint(const lap_model &model, const Json &schema, const char *field) {
  const std::string text = written(schema);
  lap_constraint *constraint = nullptr;
  lap_error error{};
  if (lap_constraint_create_json_schema(&model, text.data(), text.size(), LAP_NOTATION_JSON, &constraint, &error) !=
      LAP_OK) {
    throw badField(field, error.message);
  }
  return owned(constraint);
}

Constraint formatConstraint(const lap_model &model, const Json &format) {
  const std::string type = format.is_object() ? textOr(format, "type", "") : "";
  if (type == "text") {
    return nullptr;
  }
  if (type == "json_object") {
    return schemaConstraint(model, Json{{"type", "object"}}, "response_format");
  }
  const Json *described = type == "json_schema" ? find(format, "json_schema") : nullptr;
  const Json *schema = described && described->is_object() ? find(*described, "schema") : nullptr;
  if (!schema) {
    throw badField("response_format", "must be {\"type\": \"text\"}, {\"type\": \"json_object\"} or {\"type\": "
                                      "\"json_schema\", \"json_schema\": {\"schema\": ..}}");
  }
  return schemaConstraint(model, *schema, "response_format.json_schema.schema");
}

/// The tool of that name, as a list of one.
Json onlyTool(const Json &tools, const std::string &name) {
  for (const Json &tool : tools) {
    const Json *function = tool.is_object() ? find(tool, "function") : nullptr;
    if (function && function->is_object() && textOr(*function, "name", "") == name) {
      return Json::array({tool});
    }
  }
  throw badField("tool_choice", "names '" + name + "', which is not among the tools");
}

/// The answer must be a call of one of `tools`.
void requireCall(const lap_model &model, const Json &tools, AnswerFormat &format) {
  format.start = tokenize(model, CallStart, false);
  if (format.start.size() != 1 || !isControl(model, format.start[0])) {
    throw badField("tool_choice", "cannot force a call: this model has no token " + std::string(CallStart));
  }
  const std::string text = written(tools);
  lap_constraint *constraint = nullptr;
  lap_error error{};
  if (lap_constraint_create_tool_call(&model, text.data(), text.size(), &constraint, &error) != LAP_OK) {
    throw badField("tools", error.message);
  }
  format.constraint = owned(constraint);
}

/// tool_choice: "auto" (the default), "none", "required" or {"type": "function", "function": {"name": ..}}.
void readToolChoice(const lap_model &model, const Json &body, AnswerFormat &format) {
  const Json *choice = find(body, "tool_choice");
  if (!choice || *choice == "auto") {
    return;
  }
  if (*choice == "none") {
    format.tools = nullptr;
    return;
  }
  if (format.tools.is_null() || format.constraint) {
    throw badField("tool_choice", format.constraint ? "excludes a response_format" : "needs tools");
  }
  const Json *function = choice->is_object() ? find(*choice, "function") : nullptr;
  if (function && function->is_object()) {
    return requireCall(model, onlyTool(format.tools, textOr(*function, "name", "")), format);
  }
  if (*choice != "required") {
    throw badField("tool_choice", "must be auto, none, required or a function");
  }
  requireCall(model, format.tools, format);
}

} // namespace

AnswerFormat readAnswerFormat(const lap_model &model, const Json &body) {
  AnswerFormat format;
  const Json *tools = find(body, "tools");
  if (tools && !tools->is_array()) {
    throw badField("tools", "must be a list");
  }
  format.tools = tools && !tools->empty() ? *tools : Json();
  if (const Json *response = find(body, "response_format")) {
    format.constraint = formatConstraint(model, *response);
  }
  readToolChoice(model, body, format);
  return format;
}

Constraint cloned(const Constraint &constraint) {
  lap_constraint *copy = nullptr;
  if (constraint && lap_constraint_clone(constraint.get(), &copy, nullptr) != LAP_OK) {
    throw std::bad_alloc();
  }
  return constraint ? owned(copy) : nullptr;
}

} // namespace lap::server
