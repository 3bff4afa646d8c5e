//===- JsonReader.h - JSON text as a sequence of events -------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The one place where JSON from people we do not know is read outside the server (whose bodies nlohmann's parser
// reads). chat/Json makes values of templates of the events, constraint/Json a tree that schemas are translated from.
//
// RapidJSON reads in place: without recursion, without allocating, and every text is checked to be UTF-8.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_RUNTIME_JSONREADER_H
#define LAPIDARY_RUNTIME_JSONREADER_H

#include <stddef.h>
#include <stdint.h>

namespace lap {

struct JsonEvent {
  enum Kind : uint8_t { Null, False, True, Number, String, Key, StartObject, EndObject, StartArray, EndArray };
  Kind kind;
  uint32_t size = 0;          // bytes of `text`; members or elements of what ends
  const char *text = nullptr; // within the text that is read: a number as written, a string or key decoded
};

/// Takes one event; false stops the reading.
using JsonHandler = bool (*)(void *receiver, const JsonEvent &event);

/// How the reading ended.
struct JsonEnd {
  enum Kind : uint8_t { Complete, Malformed, TooDeep, Stopped };
  Kind kind;
  size_t offset;       // of the byte at which it ended
  const char *problem; // of Malformed: a sentence
};

/// The most that `deepest` may be.
constexpr uint32_t JsonDeepest = 512;

/// Reads the JSON text in text[0, bytes), behind which text[bytes] must be 0. Decoded strings overwrite it; it must
/// live as long as they do. More than `deepest` open brackets are TooDeep.
JsonEnd readJsonInPlace(char *text, size_t bytes, uint32_t deepest, JsonHandler handler, void *receiver);

} // namespace lap

#endif // LAPIDARY_RUNTIME_JSONREADER_H
