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

/// The token that begins a call; -1 when the model has none.
int32_t callToken(const lap_model &model) {
  const std::vector<int32_t> ids = tokenize(model, CallStart, false);
  return ids.size() == 1 && isControl(model, ids[0]) ? ids[0] : -1;
}

/// A call of one of `tools`; null, and why in *error, when their schemas cannot be expressed.
Constraint callConstraint(const lap_model &model, const Json &tools, lap_error *error) {
  const std::string text = written(tools);
  lap_constraint *constraint = nullptr;
  const lap_status status = lap_constraint_create_tool_call(&model, text.data(), text.size(), &constraint, error);
  return status == LAP_OK ? owned(constraint) : nullptr;
}

/// The answer must be a call of one of `tools`.
void requireCall(const lap_model &model, const Json &tools, AnswerFormat &format) {
  const int32_t token = callToken(model);
  if (token < 0) {
    throw badField("tool_choice", "cannot force a call: this model has no token " + std::string(CallStart));
  }
  lap_error error{};
  format.start = {token};
  format.constraint = callConstraint(model, tools, &error);
  if (!format.constraint) {
    throw badField("tools", error.message);
  }
}

/// The model may call one of `tools`; where their schemas can be expressed, it does so correctly.
void allowCalls(const lap_model &model, AnswerFormat &format) {
  format.callStart = callToken(model);
  format.call = format.callStart < 0 ? nullptr : callConstraint(model, format.tools, nullptr);
}

/// tool_choice: "auto" (the default), "none", "required" or {"type": "function", "function": {"name": ..}}.
void readToolChoice(const lap_model &model, const Json &body, AnswerFormat &format) {
  const Json *choice = find(body, "tool_choice");
  if (!choice || *choice == "auto") {
    return format.tools.is_null() || format.constraint ? void() : allowCalls(model, format);
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
