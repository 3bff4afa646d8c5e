//===- CallMarkup.cpp - a tool call as the model writes it ---------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Recursive descent with a bound; what comes out is valid JSON because every string goes through the JSON printer and
// every bare word is checked to be a number.
//===----------------------------------------------------------------------===//
#include "runtime/src/chat/CallMarkup.h"
#include "runtime/src/chat/Print.h"

namespace lap {

namespace {

constexpr int MaxDepth = 64;

bool isDigit(char c) { return c >= '0' && c <= '9'; }

/// JSON's grammar of numbers.
bool isNumber(Text word) {
  size_t at = 0;
  auto digits = [&] {
    size_t start = at;
    while (at < word.bytes && isDigit(word.data[at])) {
      ++at;
    }
    return at - start;
  };
  auto next = [&](char c) { return at < word.bytes && word.data[at] == c ? ++at, true : false; };
  next('-');
  size_t start = at, whole = digits();
  bool good = whole > 0 && (whole == 1 || word.data[start] != '0');
  if (good && next('.')) {
    good = digits() > 0;
  }
  if (good && (next('e') || next('E'))) {
    good = (next('+') || next('-') || true) && digits() > 0;
  }
  return good && at == word.bytes;
}

class CallReader {
public:
  CallReader(Text text, Buffer &out) : text(text), out(out) {}
  bool read(Text *name);

private:
  bool more() const { return at < text.bytes; }
  bool accept(char c) {
    bool found = more() && text.data[at] == c;
    at += found;
    return found;
  }
  void skipSpace() {
    for (size_t space; more() && (space = spaceAt(text, at)) > 0;) {
      at += space;
    }
  }
  bool value();
  bool items(char close, bool pairs);
  bool key();
  bool quoted();
  bool jsonString();
  void bareWord();

  Text text;
  Buffer &out;
  size_t at = 0;
  int depth = 0;
};

bool CallReader::read(Text *name) {
  skipSpace();
  size_t brace = findText(text, {"{", 1}, at), colon = findText(text, {":", 1}, at);
  if (brace == NotFound || colon == NotFound || colon > brace ||
      !strip(text.part(at, colon), nullptr, true, true).equals({"call", 4})) {
    return false;
  }
  *name = strip(text.part(colon + 1, brace), nullptr, true, true);
  at = brace + 1;
  bool good = name->bytes != 0 && !memchr(name->data, CallQuote, name->bytes) && items('}', true);
  skipSpace();
  return good && !more() && !out.failed();
}

/// The string behind a CallQuote that has been read.
bool CallReader::quoted() {
  const char *start = text.data + at;
  const void *end = memchr(start, CallQuote, text.bytes - at);
  if (!end) {
    return false;
  }
  size_t bytes = static_cast<size_t>(static_cast<const char *>(end) - start);
  printJsonString({start, bytes}, out);
  at += bytes + 1;
  return true;
}

/// A string in JSON's own quotes: its escapes are kept if they are ones.
bool CallReader::jsonString() {
  size_t end = at;
  while (end < text.bytes && text.data[end] != '"') {
    end += text.data[end] == '\\' && end + 1 < text.bytes ? 2 : 1;
  }
  if (end >= text.bytes) {
    return false;
  }
  out.put('"');
  for (size_t i = at; i < end; ++i) {
    uint8_t c = static_cast<uint8_t>(text.data[i]);
    bool escape = c == '\\' && i + 1 < end && strchr("\"\\/bfnrt", text.data[i + 1]) && text.data[i + 1];
    if (escape) {
      out.put(text.part(i, i + 2));
      ++i;
    } else if (c == 0xFF) {
      return false;
    } else {
      size_t start = out.size();
      printJsonString(text.part(i, i + 1), out); // its quotes are cut off below
      Text printed = out.text(start + 1);
      char copy[8];
      size_t bytes = printed.bytes - 1 < sizeof(copy) ? printed.bytes - 1 : sizeof(copy);
      memcpy(copy, printed.data, bytes);
      out.truncate(start);
      out.put(copy, bytes);
    }
  }
  out.put('"');
  at = end + 1;
  return true;
}

/// Up to the end of the item: a number or a constant as it is, anything else as a string.
void CallReader::bareWord() {
  size_t start = at;
  while (more() && !memchr(",}]\xFF", text.data[at], 4)) {
    ++at;
  }
  Text word = strip(text.part(start, at), nullptr, true, true);
  bool none = word.equals({"null", 4}) || word.equals({"None", 4});
  bool yes = word.equals({"true", 4}) || word.equals({"True", 4}),
       no = word.equals({"false", 5}) || word.equals({"False", 5});
  if (none || yes || no) {
    out.put(none ? "null" : yes ? "true" : "false");
  } else if (isNumber(word)) {
    out.put(word);
  } else {
    printJsonString(word, out);
  }
}

bool CallReader::value() {
  skipSpace();
  bool good = more() && ++depth <= MaxDepth;
  if (good && accept(CallQuote)) {
    good = quoted();
  } else if (good && accept('"')) {
    good = jsonString();
  } else if (good && (accept('{') || accept('['))) {
    good = items(text.data[at - 1] == '{' ? '}' : ']', text.data[at - 1] == '{');
  } else if (good) {
    bareWord();
  }
  --depth;
  skipSpace();
  return good;
}

bool CallReader::key() {
  skipSpace();
  if (accept(CallQuote)) {
    return quoted();
  }
  if (accept('"')) {
    return jsonString();
  }
  size_t colon = findText(text, {":", 1}, at);
  Text word = colon == NotFound ? Text() : strip(text.part(at, colon), nullptr, true, true);
  if (word.bytes == 0 || memchr(word.data, CallQuote, word.bytes)) {
    return false;
  }
  printJsonString(word, out);
  at = colon;
  return true;
}

/// Items of a list, or pairs of a map, up to `close`; the opening bracket has been read.
bool CallReader::items(char close, bool pairs) {
  out.put(pairs ? '{' : '[');
  skipSpace();
  for (bool first = true; !accept(close); first = false) {
    if (!first && !accept(',')) {
      return false;
    }
    out.put(first ? "" : ",");
    if (pairs) {
      if (!key()) {
        return false;
      }
      skipSpace();
      if (!accept(':')) {
        return false;
      }
      out.put(':');
    }
    if (out.failed() || !value()) {
      return false;
    }
  }
  out.put(pairs ? '}' : ']');
  return true;
}

} // namespace

bool readCall(Text markup, Text *name, Buffer &json) {
  json.clear();
  CallReader reader(markup, json);
  return reader.read(name);
}

} // namespace lap
