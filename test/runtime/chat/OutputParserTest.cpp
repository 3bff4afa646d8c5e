//===- OutputParserTest.cpp - what a model writes, taken apart ------------===//
// SPDX-License-Identifier: Apache-2.0
//
// A tokenizer with Gemma's control tokens, and sequences of ids a model may and may not be expected to write.
//===----------------------------------------------------------------------===//
#include "runtime/src/chat/OutputParser.h"
#include "frontends/tokenizer/OfficialTemplate.h"
#include "runtime/src/chat/CallMarkup.h"
#include "test/frontends/tokenizer/TokenizerFiles.h"
#include "test/runtime/chat/CompiledTemplate.h"
#include "test/runtime/tokenizer/CompiledTokenizer.h"

#include <gtest/gtest.h>
#include <random>

using namespace lapidary;
using nlohmann::json;

namespace {

const char *const controls[] = {"<unk>",        "<bos>",        "<eos>",  "<|channel>", "<channel|>",
                                "<|tool_call>", "<tool_call|>", "<|\"|>", "<turn|>",    "<|tool_response>",
                                "<|turn>",      "<|image|>",    "<|tool>"};
constexpr int eos = 2;

/// ASCII characters, bytes and controls; "<table>" is added but no control.
const CompiledTokenizer &tokenizer() {
  static const CompiledTokenizer compiled = [] {
    json file = minimalTokenizer();
    json vocab = json::object(), added = json::array();
    auto add = [&](const std::string &piece, bool isAdded, bool special) {
      int id = static_cast<int>(vocab.size());
      vocab[piece] = id;
      if (isAdded) {
        added.push_back({{"id", id},
                         {"content", piece},
                         {"single_word", false},
                         {"lstrip", false},
                         {"rstrip", false},
                         {"normalized", false},
                         {"special", special}});
      }
    };
    for (const char *control : controls) {
      add(control, true, std::string(control) != "<|\"|>"); // some checkpoints do not mark this one special
    }
    add("<table>", true, false);
    for (int byte = 0; byte < 256; ++byte) {
      char text[8];
      std::snprintf(text, sizeof text, "<0x%02X>", byte);
      add(text, false, false);
    }
    for (char c = 33; c < 127; ++c) {
      add(std::string(1, c), false, false);
    }
    add("\n", false, false);
    add("\u2581", false, false);
    file["model"]["vocab"] = vocab;
    file["model"]["merges"] = json::array();
    file["added_tokens"] = added;
    TemporaryDirectory directory;
    directory.write("tokenizer.json", file.dump());
    Diagnostics diags([](const Diagnostic &d) { ADD_FAILURE() << formatDiagnostic(d, false); });
    return CompiledTokenizer(directory.path, diags);
  }();
  return compiled;
}

std::vector<int32_t> idsOf(const std::string &text) { return tokenizer().encode(text); }

/// Events as text: T(..) pieces joined, H(..) thoughts joined, C(name|arguments), B(..), E.
struct Parsed {
  std::string log, text;
  bool good = true;
};

Parsed parse(const std::vector<int32_t> &ids, bool finish = true) {
  std::string scratch(lap_stream_decoder_max_bytes(tokenizer().get()), '\0');
  lap::OutputParser parser(
      tokenizer().get(), [](const void *, int32_t id) { return id == eos; }, nullptr, scratch.data());
  Parsed parsed;
  char open = 0;
  auto take = [&] {
    lap_chat_event event;
    while (parser.next(&event)) {
      std::string text(event.text, event.bytes);
      EXPECT_EQ(event.text[event.bytes], 0);
      char kind = "THCBE"[event.kind];
      if (open && (open != kind || kind == 'C' || kind == 'B')) {
        parsed.log += ")";
        open = 0;
      }
      if (kind == 'E') {
        parsed.log += "E";
        continue;
      }
      parsed.log += (open == kind ? "" : std::string(1, kind) + "(") + text;
      parsed.log += kind == 'C' ? "|" + std::string(event.arguments, event.arguments_bytes) : "";
      open = kind;
      parsed.text += kind == 'T' || kind == 'H' ? text : "";
    }
  };
  for (int32_t id : ids) {
    parsed.good = parser.push(id) && parsed.good;
    take();
  }
  if (finish) {
    parsed.good = parser.finish() && parsed.good;
    take();
  }
  parsed.log += open ? ")" : "";
  return parsed;
}

std::string logOf(const std::string &text) { return parse(idsOf(text)).log; }

TEST(OutputParser, TakesAnswersApart) {
  const std::pair<const char *, const char *> cases[] = {
      {"Hello wörld 🙂<turn|>more", "T(Hello wörld 🙂)E"},
      {"<|channel>thought\nhm, yes\n<channel|>Answer<eos>", "H(hm, yes\n)T(Answer)E"},
      {"<|channel>thought\n<channel|>A", "T(A)"},
      {"a<|channel>analysis\nx<channel|>b<|channel>y<channel|>c", "T(a)H(x)T(b)H(y)T(c)"},
      {"<|channel>thought\nnever closed<turn|>", "H(never closed)E"},
      {"<|tool_call>call:get{city:<|\"|>Paris<|\"|>,n:3}<tool_call|><|tool_response>",
       "C(get|{\"city\":\"Paris\",\"n\":3})E"},
      {"Look:<|tool_call>call:a{}<tool_call|><|tool_call>call:b{x:[1,-2.5e3,true,None],m:{k:<|\"|>v<|\"|>}}<tool_call|"
       ">",
       "T(Look:)C(a|{})C(b|{\"x\":[1,-2.5e3,true,null],\"m\":{\"k\":\"v\"}})"},
      {"<|tool_call>call:f{s:<|\"|>a\"b}],{\\\n<|\"|>}<tool_call|>", "C(f|{\"s\":\"a\\\"b}],{\\\\\\n\"})"},
      {"<|tool_call>call:f{a: bare word ,b: 01, c : \"q\\\"r\" }<tool_call|>",
       "C(f|{\"a\":\"bare word\",\"b\":\"01\",\"c\":\"q\\\"r\"})"},
      {"<|tool_call>call:f{a:<|\"|>x<tool_call|>y", "B(call:f{a:\"x)T(y)"},
      {"<|tool_call>no call<tool_call|>", "B(no call)"},
      {"<|tool_call>call:f{a:1<turn|>", "B(call:f{a:1)E"},
      {"<|tool_call>call:f{a:1}<turn|>", "C(f|{\"a\":1})E"},
      {"a<tool_call|><channel|><|\"|><|image|><|turn>b<table>", "T(ab<table>)"},
      {"<bos><bos>", ""},
      {"", ""},
  };
  for (const auto &[text, expected] : cases) {
    EXPECT_EQ(logOf(text), expected) << text;
  }
}

TEST(OutputParser, GivesTextAsSoonAsItIsCertain) {
  std::vector<int32_t> ids = idsOf("ab");
  EXPECT_EQ(parse(ids, false).log, "T(ab)");
  ids.pop_back();
  EXPECT_EQ(parse(ids, false).log, "T(a)");
}

/// Whatever the ids: no text of a control token, valid UTF-8, and calls whose arguments are JSON objects.
TEST(OutputParser, NeverLeaksControlTokens) {
  std::mt19937 random(23);
  int32_t size = static_cast<int32_t>(tokenizer().get()->pieces);
  int32_t less = idsOf("<")[0]; // ordinary pieces may spell a control token: then it is text, so not here
  size_t calls = 0;
  std::vector<int32_t> call = idsOf("<|tool_call>call:f{a:<|\"|>x<|\"|>,b:[1]}<tool_call|>");
  for (int round = 0; round < 4000; ++round) {
    std::vector<int32_t> ids;
    for (int i = random() % 60; i >= 0; --i) {
      int32_t id = random() % 3 ? static_cast<int32_t>(random() % 14) : static_cast<int32_t>(random() % (size + 4)) - 2;
      ids.push_back(id == less || id == eos ? size - 1 : id);
      if (random() % 8 == 0) {
        ids.insert(ids.end(), call.begin(), call.begin() + random() % (call.size() + 1));
      }
    }
    Parsed parsed = parse(ids);
    EXPECT_TRUE(parsed.good);
    EXPECT_EQ(json(parsed.text).dump(-1, ' ', false, json::error_handler_t::replace), json(parsed.text).dump());
    for (const char *control : controls) {
      ASSERT_EQ(parsed.log.find(control), std::string::npos) << "round " << round << ": " << parsed.log;
    }
    calls += parsed.log.find("C(") != std::string::npos;
  }
  EXPECT_GT(calls, 100u);
}

json randomValue(std::mt19937 &random, int depth) {
  switch (random() % (depth < 3 ? 7 : 5)) {
  case 0:
    return static_cast<int64_t>(random()) - (1ll << 31);
  case 1:
    return (random() % 1000) / 8.0;
  case 2:
    return random() % 2 == 0;
  case 3:
    return std::vector<const char *>{"q\"{}", "[],:\\", " é\n", "<b>", "call:f{", "  "}[random() % 6];
  case 4:
    return "";
  case 5: {
    json list = json::array();
    for (int i = random() % 3; i > 0; --i) {
      list.push_back(randomValue(random, depth + 1));
    }
    return list;
  }
  default: {
    json map = json::object();
    for (int i = random() % 3; i > 0; --i) {
      map["k" + std::to_string(random() % 5)] = randomValue(random, depth + 1);
    }
    return map;
  }
  }
}

/// What the template writes for a call, read as if the model had written it, is the call.
TEST(OutputParser, ReadsTheCallsThatTemplatesWrite) {
  std::mt19937 random(29);
  CompiledTemplate google(readTestFile(LAPIDARY_SOURCE_DIR "/test/data/chat-templates/google-gemma-4-31B-it.jinja"));
  for (int round = 0; round < 300; ++round) {
    json arguments = json::object();
    for (int i = random() % 4; i > 0; --i) {
      arguments["arg" + std::to_string(i)] = randomValue(random, 0);
    }
    json call = {{"function", {{"name", "tool_x"}, {"arguments", arguments}}}};
    json messages = {{{"role", "assistant"}, {"tool_calls", {call}}}};
    std::string prompt = google.render(messages.dump(), LAP_CHAT_NO_GENERATION_PROMPT);
    std::string markup = prompt.substr(prompt.find("<|tool_call>"));
    std::string log = logOf(markup);
    ASSERT_EQ(log.rfind("C(tool_x|", 0), 0u) << markup << " gave " << log;
    EXPECT_EQ(json::parse(log.substr(9, log.rfind(')') - 9)), arguments) << markup;
  }
}

TEST(CallMarkup, NeverCrashesAndGivesJson) {
  std::mt19937 random(31);
  const std::string good = "call:f{a:\xFFx\"y\xFF,b:[1,{c:true},\"z\\n\"],d:{e:-1.5}}",
                    letters = "{}[],:\xFF\" \\ab1-.ecl";
  size_t read = 0;
  for (int round = 0; round < 30000; ++round) {
    std::string markup = good;
    for (int k = random() % 4; k > 0; --k) {
      size_t at = random() % markup.size();
      if (random() % 2) {
        markup[at] = letters[random() % letters.size()];
      } else {
        markup.erase(at, random() % 6);
      }
      markup += markup.empty() ? "x" : "";
    }
    lap::Text name;
    lap::Buffer arguments(1 << 16);
    if (lap::readCall({markup.data(), markup.size()}, &name, arguments)) {
      ++read;
      json parsed = json::parse(std::string(arguments.data(), arguments.size()), nullptr, false);
      ASSERT_TRUE(parsed.is_object()) << markup << " gave " << std::string(arguments.data(), arguments.size());
    }
  }
  EXPECT_GT(read, 5000u);
  std::string deep = "call:f{a:" + std::string(100000, '[');
  lap::Text name;
  lap::Buffer arguments(1 << 20);
  EXPECT_FALSE(lap::readCall({deep.data(), deep.size()}, &name, arguments));
}

} // namespace
