//===- JsonReader.cpp - RapidJSON, tamed ----------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// RapidJSON's stack holds a few bytes per open bracket and gets a fixed block, because it does not check malloc.
// Nothing else of it is put there: numbers and strings stay where they are read.
//===----------------------------------------------------------------------===//
#include "runtime/src/JsonReader.h"

#include <assert.h>
#include <string.h>

#define RAPIDJSON_NEW(type) nullptr // every allocator is handed in
#define RAPIDJSON_DELETE(pointer) ((void)(pointer))
#include <rapidjson/error/en.h>
#include <rapidjson/reader.h>

namespace lap {

namespace {

/// RapidJSON's stack: one block, handed out once.
class BracketStack {
public:
  void *Malloc(size_t bytes) { return bytes <= sizeof(block) ? block : nullptr; }
  void *Realloc(void *, size_t, size_t bytes) { return Malloc(bytes); }
  static void Free(void *) {}

private:
  alignas(16) char block[JsonDeepest * 16]; // 8 bytes a bracket, and it grows by half
};

/// RapidJSON's names for events.
class Events : public rapidjson::BaseReaderHandler<rapidjson::UTF8<>, Events> {
public:
  using Size = rapidjson::SizeType;
  Events(uint32_t deepest, JsonHandler handler, void *receiver)
      : deepest(deepest), handler(handler), receiver(receiver) {}

  bool Null() { return handler(receiver, {JsonEvent::Null}); }
  bool Bool(bool value) { return handler(receiver, {value ? JsonEvent::True : JsonEvent::False}); }
  bool RawNumber(const char *text, Size bytes, bool) { return handler(receiver, {JsonEvent::Number, bytes, text}); }
  bool String(const char *text, Size bytes, bool) { return handler(receiver, {JsonEvent::String, bytes, text}); }
  bool Key(const char *text, Size bytes, bool) { return handler(receiver, {JsonEvent::Key, bytes, text}); }
  bool StartObject() { return open(JsonEvent::StartObject); }
  bool StartArray() { return open(JsonEvent::StartArray); }
  bool EndObject(Size members) { return close(JsonEvent::EndObject, members); }
  bool EndArray(Size elements) { return close(JsonEvent::EndArray, elements); }

  bool tooDeep() const { return depth > deepest; }

private:
  bool open(JsonEvent::Kind kind) { return ++depth <= deepest && handler(receiver, {kind}); }
  bool close(JsonEvent::Kind kind, Size size) {
    --depth;
    return handler(receiver, {kind, size});
  }

  const uint32_t deepest;
  const JsonHandler handler;
  void *const receiver;
  uint32_t depth = 0;
};

} // namespace

JsonEnd readJsonInPlace(char *text, size_t bytes, uint32_t deepest, JsonHandler handler, void *receiver) {
  assert(deepest <= JsonDeepest && text[bytes] == 0);
  if (const void *zero = memchr(text, 0, bytes)) { // RapidJSON would take it for the end
    return {JsonEnd::Malformed, static_cast<size_t>(static_cast<const char *>(zero) - text),
            "A byte of value 0 is not allowed."};
  }
  BracketStack brackets;
  Events events(deepest, handler, receiver);
  rapidjson::GenericReader<rapidjson::UTF8<>, rapidjson::UTF8<>, BracketStack> reader(&brackets, 1024);
  rapidjson::InsituStringStream stream(text);
  constexpr unsigned flags = rapidjson::kParseInsituFlag | rapidjson::kParseIterativeFlag |
                             rapidjson::kParseValidateEncodingFlag | rapidjson::kParseNumbersAsStringsFlag;
  const rapidjson::ParseResult result = reader.Parse<flags>(stream, events);
  if (!result.IsError()) {
    return {JsonEnd::Complete, bytes, ""};
  }
  if (result.Code() != rapidjson::kParseErrorTermination) {
    return {JsonEnd::Malformed, result.Offset(), rapidjson::GetParseError_En(result.Code())};
  }
  return {events.tooDeep() ? JsonEnd::TooDeep : JsonEnd::Stopped, result.Offset(), ""};
}

} // namespace lap
