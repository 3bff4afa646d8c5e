//===- Chat.h - between conversations and tokens --------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The server's view of the model's chat format: a list of messages becomes a prompt, generated ids become pieces of
// text, of thought, and tool calls.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_RUNTIME_SERVER_CHAT_H
#define LAPIDARY_RUNTIME_SERVER_CHAT_H

#include "lapidary/lapidary.h"
#include "runtime/src/server/Json.h"

#include <memory>
#include <string>
#include <vector>

namespace lap::server {

enum class Thinking { Default, On, Off };

/// The ids of a text. Throws ApiError.
std::vector<int32_t> tokenize(const lap_model &model, const std::string &text, bool bos);

/// The prompt for a chat request's messages. Throws ApiError (the template refuses, no chat format).
std::string renderChat(const lap_model &model, const Json &messages, const Json *tools, Thinking thinking);

/// The text of one token as it stands in the vocabulary; may be a part of a character.
std::string tokenText(const lap_model &model, int32_t id);
/// True for a control token.
bool isControl(const lap_model &model, int32_t id);

struct AnswerPiece {
  enum Kind { Text, Thought, Call } kind;
  std::string text;      // Call: the tool's name
  std::string arguments; // Call: a JSON object
};

/// Generated ids to pieces.
class AnswerParser {
public:
  /// `chat` false: everything is text. Throws std::bad_alloc.
  AnswerParser(const lap_model &model, bool chat);
  std::vector<AnswerPiece> push(int32_t id);
  std::vector<AnswerPiece> finish();

private:
  struct Free {
    void operator()(lap_text_stream *stream) const { lap_text_stream_free(stream); }
    void operator()(lap_chat_parser *parser) const { lap_chat_parser_free(parser); }
  };
  std::vector<AnswerPiece> events();
  static std::vector<AnswerPiece> texts(const char *text, size_t bytes);

  std::unique_ptr<lap_chat_parser, Free> parser; // of a chat
  std::unique_ptr<lap_text_stream, Free> stream; // of plain text
};

} // namespace lap::server

#endif // LAPIDARY_RUNTIME_SERVER_CHAT_H
