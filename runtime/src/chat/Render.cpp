//===- Render.cpp - a conversation in JSON to a prompt -------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Reads the JSON, gives messages the form that templates expect, sets the variables transformers sets, runs the
// template.
//===----------------------------------------------------------------------===//
#include "runtime/src/chat/Render.h"
#include "runtime/src/MemoryPlan.h"
#include "runtime/src/chat/Interpreter.h"
#include "runtime/src/chat/Json.h"

namespace lap {

namespace {

constexpr Text Type = {"type", 4};

/// Parts of the OpenAI API by the names templates know.
bool renamePart(Map &part, Arena &arena) {
  const Value *type = part.find(Type);
  if (!type || !type->is(Value::String)) {
    return true;
  }
  static const struct {
    const char *theirs, *ours;
  } names[] = {{"image_url", "image"}, {"input_image", "image"}, {"input_audio", "audio"},
               {"audio_url", "audio"}, {"video_url", "video"},   {"input_text", "text"}};
  for (const auto &name : names) {
    if (type->text().equals(textOf(name.theirs))) {
      return part.set(Type, Value::string(textOf(name.ours)), arena);
    }
  }
  return true;
}

/// Arguments written as JSON in a text, as the OpenAI API has them, become the map they stand for; others stay.
bool openArguments(Map &call, Arena &arena) {
  Value *function = call.find({"function", 8});
  Map &holder = function && function->is(Value::MapKind) ? *function->map : call;
  Value *arguments = holder.find({"arguments", 9}), parsed;
  if (arguments && arguments->is(Value::String)) {
    lap_error ignored;
    lap_status status = readJson(arguments->text(), "arguments", arena, &parsed, &ignored);
    if (status == LAP_OK && parsed.is(Value::MapKind)) {
      *arguments = parsed;
    }
    return status != LAP_OUT_OF_MEMORY;
  }
  return true;
}

/// Calls `change` for every map in the list `owner[name]`, if there is such a list.
bool forEach(Map &owner, Text name, bool (*change)(Map &, Arena &), Arena &arena) {
  Value *found = owner.find(name);
  bool good = true;
  for (uint32_t i = 0; found && found->is(Value::ListKind) && i < found->list->count && good; ++i) {
    Value &item = found->list->items[i];
    good = !item.is(Value::MapKind) || change(*item.map, arena);
  }
  return good;
}

/// As transformers does before it renders: members that are null go, and what the model thought is found under the
/// three names in use for it.
bool cleanMessage(Map &message, Arena &arena) {
  static const char *const thoughts[] = {"reasoning_content", "thinking", "reasoning"};
  Map *clean = Map::create(arena, message.count + 2);
  bool good = clean;
  for (uint32_t i = 0; i < message.count && good; ++i) {
    const Entry &entry = message.entries[i];
    good = entry.value.is(Value::None) || clean->set(entry.key, entry.value, arena);
  }
  const Value *thought = nullptr;
  for (size_t i = 0; i < 3 && good && !thought; ++i) {
    thought = clean->find(textOf(thoughts[i]));
  }
  if (good && thought) {
    Value copy = *thought;
    good = clean->set(textOf(thoughts[0]), copy, arena) &&
           (clean->find(textOf(thoughts[1])) || clean->set(textOf(thoughts[1]), copy, arena));
  }
  message = good ? *clean : message;
  return good;
}

bool normalize(const List &messages, Arena &arena) {
  bool good = true;
  for (uint32_t i = 0; i < messages.count && good; ++i) {
    Map &message = *messages.items[i].map;
    good = forEach(message, {"content", 7}, renamePart, arena) &&
           forEach(message, {"tool_calls", 10}, openArguments, arena);
  }
  return good;
}

lap_status checkMessages(const Value &messages, lap_error *error) {
  if (!messages.is(Value::ListKind)) {
    return fail(error, LAP_INVALID_ARGUMENT,
                "the messages are not a JSON array; expected [{\"role\": \"user\", ..}, ..]");
  }
  if (messages.list->count == 0) {
    return fail(error, LAP_INVALID_ARGUMENT, "the conversation is empty; expected at least one message");
  }
  for (uint32_t i = 0; i < messages.list->count; ++i) {
    if (!messages.list->items[i].is(Value::MapKind)) {
      return fail(error, LAP_INVALID_ARGUMENT,
                  "message %u is not a JSON object; expected {\"role\": .., \"content\": ..}", i);
    }
  }
  return LAP_OK;
}

lap_status readInput(const RenderInput &input, Arena &arena, Value *messages, Value *tools, Value *variables,
                     lap_error *error) {
  lap_status status = readJson(input.messages, "the messages", arena, messages, error);
  if (status == LAP_OK) {
    status = checkMessages(*messages, error);
  }
  *tools = Value::none();
  if (status == LAP_OK && input.tools.bytes) {
    status = readJson(input.tools, "the tools", arena, tools, error);
    if (status == LAP_OK && !tools->is(Value::ListKind) && !tools->is(Value::None)) {
      status =
          fail(error, LAP_INVALID_ARGUMENT, "the tools are not a JSON array; expected [{\"type\": \"function\", ..}]");
    }
  }
  *variables = Value();
  if (status == LAP_OK && input.variables.bytes) {
    status = readJson(input.variables, "the template's variables", arena, variables, error);
    if (status == LAP_OK && !variables->is(Value::MapKind)) {
      status = fail(error, LAP_INVALID_ARGUMENT, "the template's variables are not a JSON object");
    }
  }
  bool good = true;
  for (uint32_t i = 0; status == LAP_OK && i < messages->list->count && good; ++i) {
    good = cleanMessage(*messages->list->items[i].map, arena);
  }
  if (status == LAP_OK && !(good && (input.flags & LAP_CHAT_VERBATIM || normalize(*messages->list, arena)))) {
    status = failMemory(arena.used(), "the messages", error);
  }
  return status;
}

} // namespace

lap_status renderChat(const lap_template &program, const RenderInput &input, Buffer &out, lap_error *error) {
  Arena arena(MaxRenderBytes);
  lap_error local;
  lap_error &failure = error ? *error : local;
  Value messages, tools, variables;
  lap_status status = readInput(input, arena, &messages, &tools, &variables, &failure);
  if (status != LAP_OK) {
    return status;
  }
  Interpreter interpreter(program, arena, out, input.now, &failure);
  interpreter.define(textOf("messages"), messages);
  interpreter.define(textOf("tools"), tools);
  interpreter.define(textOf("documents"), Value::none());
  interpreter.define(textOf("add_generation_prompt"), Value::boolean(!(input.flags & LAP_CHAT_NO_GENERATION_PROMPT)));
  if (input.flags & (LAP_CHAT_THINK | LAP_CHAT_NO_THINK)) { // else undefined, as transformers leaves it
    interpreter.define(textOf("enable_thinking"), Value::boolean(input.flags & LAP_CHAT_THINK));
  }
  for (uint32_t i = 0; variables.is(Value::MapKind) && i < variables.map->count; ++i) {
    interpreter.define(variables.map->entries[i].key, variables.map->entries[i].value);
  }
  return interpreter.run() ? LAP_OK : failure.status;
}

} // namespace lap
