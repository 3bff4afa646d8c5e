//===- TokenizerSax.cpp - tokenizer.json without building its giant lists ===//
// SPDX-License-Identifier: Apache-2.0
//
// One SAX handler with two modes: building the small JSON value, and collecting one of the two big lists. Reports the
// first problem and stops.
//===----------------------------------------------------------------------===//
#include "frontends/tokenizer/TokenizerSax.h"

#include "support/Limits.h"
#include "support/Quote.h"

using namespace lapidary;
using nlohmann::json;

namespace {

constexpr size_t maxDepth = 32;          // a Gemma tokenizer.json nests 6 deep
constexpr uint64_t maxMerges = 4u << 20; // Gemma has 514,906 for 262,144 pieces

class Handler final : public nlohmann::json_sax<json> {
public:
  Handler(RawTokenizer &raw, const std::string &where, Diagnostics &diags) : raw(raw), where(where), diags(diags) {}

  bool null() override { return scalar(nullptr); }
  bool boolean(bool value) override { return scalar(value); }
  bool number_integer(number_integer_t value) override { return scalar(value); }
  bool number_float(number_float_t value, const string_t &) override { return scalar(value); }
  bool binary(binary_t &) override { return false; }

  bool number_unsigned(number_unsigned_t value) override {
    if (mode != Mode::Vocabulary) {
      return scalar(value);
    }
    if (raw.vocabulary.size() >= limits::vocabulary) {
      return diags.error(ErrorCode::TokenizerTooLarge,
                         "the vocabulary has more than " + std::to_string(limits::vocabulary) + " entries", where);
    }
    raw.vocabulary.emplace_back(std::move(name), value);
    return true;
  }

  bool string(string_t &value) override {
    if (mode != Mode::Merges) {
      return scalar(value);
    }
    if (pairDepth == 1) {
      pair.push_back(std::move(value));
      return pair.size() <= 2 || badMerge("a merge has more than two pieces");
    }
    size_t space = value.find(' ');
    if (space == std::string::npos || value.find(' ', space + 1) != std::string::npos) {
      return badMerge(lapidary::quoted(value) + " is not two pieces separated by one space");
    }
    return addMerge(value.substr(0, space), value.substr(space + 1));
  }

  bool start_object(size_t) override {
    if (mode == Mode::Value && atBigList("vocab")) {
      mode = Mode::Vocabulary;
      raw.hasVocabulary = true;
      return place(nullptr) != nullptr;
    }
    return open(json::object());
  }
  bool key(string_t &value) override {
    if (mode == Mode::Value && stack.back()->contains(value)) {
      return diags.error(ErrorCode::TokenizerInvalid,
                         "the field " + lapidary::quoted(value) + " occurs twice in one object", where);
    }
    name = std::move(value);
    return true;
  }
  bool end_object() override { return close(Mode::Vocabulary); }

  bool start_array(size_t) override {
    if (mode == Mode::Merges && pairDepth == 0) {
      pairDepth = 1;
      return true;
    }
    if (mode == Mode::Value && atBigList("merges")) {
      mode = Mode::Merges;
      raw.hasMerges = true;
      return place(nullptr) != nullptr;
    }
    return open(json::array());
  }
  bool end_array() override {
    if (mode == Mode::Merges && pairDepth == 1) {
      pairDepth = 0;
      if (pair.size() != 2) {
        return badMerge("a merge has " + std::to_string(pair.size()) + " pieces");
      }
      bool added = addMerge(std::move(pair[0]), std::move(pair[1]));
      pair.clear();
      return added;
    }
    return close(Mode::Merges);
  }

  bool parse_error(size_t position, const std::string &, const nlohmann::detail::exception &error) override {
    return diags.error(ErrorCode::TokenizerSyntax, std::string("not valid JSON: ") + error.what(),
                       where + ": byte " + std::to_string(position), "download the file again");
  }

private:
  enum class Mode { Value, Vocabulary, Merges };

  /// True when the value that starts now is model.<list>.
  bool atBigList(const char *list) const { return stack.size() == 2 && names[1] == "model" && name == list; }

  /// Puts a value where it belongs; null when it may not stand there.
  json *place(json value) {
    if (stack.empty()) {
      raw.rest = std::move(value);
      return &raw.rest;
    }
    if (stack.back()->is_array()) {
      stack.back()->push_back(std::move(value));
      return &stack.back()->back();
    }
    return &((*stack.back())[name] = std::move(value));
  }

  bool scalar(json value) {
    if (mode == Mode::Vocabulary) {
      return diags.error(ErrorCode::TokenizerInvalid,
                         "the id of piece " + lapidary::quoted(name) + " is not a whole number of 0 or more",
                         where + ": model.vocab");
    }
    return mode == Mode::Merges ? badMerge("a merge is not made of strings") : place(std::move(value)) != nullptr;
  }

  bool open(json value) {
    if (mode != Mode::Value) {
      return scalar(nullptr);
    }
    if (stack.size() >= maxDepth) {
      return diags.error(ErrorCode::TokenizerSyntax, "nested more than " + std::to_string(maxDepth) + " deep", where);
    }
    names.push_back(name);
    stack.push_back(place(std::move(value)));
    return true;
  }

  bool close(Mode list) {
    if (mode == list) {
      mode = Mode::Value;
    } else {
      stack.pop_back();
      names.pop_back();
    }
    return true;
  }

  bool badMerge(const std::string &message) {
    return diags.error(ErrorCode::TokenizerBadMerge, message,
                       where + ": model.merges[" + std::to_string(raw.merges.size()) + "]",
                       "a merge is spelled [\"left\", \"right\"] or \"left right\"");
  }

  bool addMerge(std::string left, std::string right) {
    if (raw.merges.size() >= maxMerges) {
      return diags.error(ErrorCode::TokenizerTooLarge, "more than " + std::to_string(maxMerges) + " merges", where);
    }
    raw.merges.emplace_back(std::move(left), std::move(right));
    return true;
  }

  RawTokenizer &raw;
  const std::string &where;
  Diagnostics &diags;
  Mode mode = Mode::Value;
  std::vector<json *> stack;      // open objects and arrays outside the big lists
  std::vector<std::string> names; // the key under which each of them stands
  std::string name;               // the last key
  int pairDepth = 0;              // 1 inside ["a", "b"]
  std::vector<std::string> pair;
};

} // namespace

std::optional<RawTokenizer> lapidary::readRawTokenizer(const std::string &text, const std::string &where,
                                                       Diagnostics &diags) {
  RawTokenizer raw;
  Handler handler(raw, where, diags);
  if (!json::sax_parse(text, &handler)) {
    return std::nullopt;
  }
  if (!raw.rest.is_object()) {
    diags.error(ErrorCode::TokenizerSyntax, "the file is not a JSON object", where);
    return std::nullopt;
  }
  return raw;
}
