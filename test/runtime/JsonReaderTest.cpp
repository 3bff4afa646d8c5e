//===- JsonReaderTest.cpp - events, limits and places of errors -----------===//
// SPDX-License-Identifier: Apache-2.0
//
// What chat and constraints make of the events is tested beside them.
//===----------------------------------------------------------------------===//
#include "runtime/src/JsonReader.h"

#include <gtest/gtest.h>

#include <string>

namespace {

using namespace lap;

/// Events, one letter each, with their text or count; `room` of them are taken.
struct Recorder {
  std::string seen;
  size_t room = 10000;

  bool take(const JsonEvent &event) {
    seen += "0ft#\"k{}[]"[event.kind];
    const bool ends = event.kind == JsonEvent::EndObject || event.kind == JsonEvent::EndArray;
    seen += ends ? std::to_string(event.size) : event.text ? std::string(event.text, event.size) : "";
    seen += ' ';
    return room-- != 0;
  }
};

JsonEnd read(std::string text, Recorder &recorder, uint32_t deepest = 8) {
  return readJsonInPlace(
      text.data(), text.size(), deepest,
      [](void *receiver, const JsonEvent &event) { return static_cast<Recorder *>(receiver)->take(event); }, &recorder);
}

JsonEnd::Kind kindOf(std::string text, uint32_t deepest = 8) {
  Recorder recorder;
  return read(std::move(text), recorder, deepest).kind;
}

TEST(JsonReader, GivesNumbersAsWrittenAndStringsDecoded) {
  Recorder recorder;
  const std::string text = R"( {"a\n":[1.50,-0,1E2,"\u00e9"],"":null,"b":{},"c":[true,false]} )";
  EXPECT_EQ(read(text, recorder).kind, JsonEnd::Complete);
  EXPECT_EQ(recorder.seen, "{ ka\n [ #1.50 #-0 #1E2 \"\u00e9 ]4 k 0 kb { }0 kc [ t f ]2 }4 ");
}

TEST(JsonReader, SaysWhereTheTextIsWrong) {
  const std::pair<std::string, size_t> cases[] = {
      {"", 0}, {"[1,]", 3}, {"[1] 2", 4}, {"\"\xFF\"", 1}, {"[tru]", 4}, {std::string("{}\0x", 4), 2},
  };
  for (const auto &[text, offset] : cases) {
    Recorder recorder;
    const JsonEnd end = read(text, recorder);
    EXPECT_EQ(end.kind, JsonEnd::Malformed) << text;
    EXPECT_EQ(end.offset, offset) << text << ": " << end.problem;
    EXPECT_NE(std::string(end.problem), "") << text;
  }
}

TEST(JsonReader, BoundsTheNesting) {
  for (uint32_t deepest : {1u, 8u, JsonDeepest}) {
    const std::string open(deepest, '['), close(deepest, ']');
    EXPECT_EQ(kindOf(open + close, deepest), JsonEnd::Complete) << deepest;
    EXPECT_EQ(kindOf("[" + open + close + "]", deepest), JsonEnd::TooDeep) << deepest;
    EXPECT_EQ(kindOf(std::string(100000, '['), deepest), JsonEnd::TooDeep) << deepest;
  }
}

TEST(JsonReader, StopsWhenTheHandlerSaysSo) {
  const std::string text = R"({"a":[1,"b",null,true],"c":{"d":2}})";
  for (size_t room = 0; room < 14; ++room) {
    Recorder recorder{"", room};
    EXPECT_EQ(read(text, recorder).kind, JsonEnd::Stopped) << room;
  }
  EXPECT_EQ(kindOf(text), JsonEnd::Complete);
}

} // namespace
