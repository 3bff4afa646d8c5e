//===- Chat.cpp - between conversations and tokens ------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// See Chat.h.
//===----------------------------------------------------------------------===//
#include "runtime/src/server/Chat.h"

#include "runtime/src/Model.h"
#include "runtime/src/tokenizer/Decoder.h"

#include <new>

namespace lap::server {

namespace {

ApiError apiError(const lap_error &error, const char *field) {
  const bool client = error.status == LAP_INVALID_ARGUMENT || error.status == LAP_UNAVAILABLE;
  return ApiError(client ? 400 : 500, client ? "invalid_request_error" : "server_error", error.message, field);
}

lap_chat_role roleOf(const std::string &role, const std::string &field) {
  if (role == "system" || role == "developer") {
    return LAP_CHAT_ROLE_SYSTEM;
  }
  if (role == "user" || role == "assistant") {
    return role == "user" ? LAP_CHAT_ROLE_USER : LAP_CHAT_ROLE_MODEL;
  }
  throw badField(field, "must be system, user or assistant, is '" + role + "'");
}

/// A string, or the texts of an array of parts.
std::string contentOf(const Json &message, const std::string &field) {
  const Json *content = find(message, "content");
  if (!content || content->is_string()) {
    return content ? content->get<std::string>() : std::string();
  }
  if (!content->is_array()) {
    throw badField(field, "must be a text or a list of parts");
  }
  std::string text;
  for (const Json &part : *content) {
    if (!part.is_object() || textOr(part, "type", "") != "text") {
      throw badField(field, "has a part that is no text; this program reads text only");
    }
    text += textOr(part, "text", "");
  }
  return text;
}

} // namespace

std::vector<int32_t> tokenize(const lap_model &model, const std::string &text, bool bos) {
  std::vector<int32_t> ids(text.size() + 16);
  size_t count = 0;
  lap_error error{};
  const uint32_t flags = bos ? LAP_TOKENIZE_BOS : 0;
  lap_status status =
      lap_model_tokenize(&model, text.data(), text.size(), flags, ids.data(), ids.size(), &count, &error);
  if (status == LAP_BUFFER_TOO_SMALL) {
    ids.resize(count);
    status = lap_model_tokenize(&model, text.data(), text.size(), flags, ids.data(), ids.size(), &count, &error);
  }
  if (status != LAP_OK) {
    throw apiError(error, "");
  }
  ids.resize(count);
  return ids;
}

std::string renderChat(const lap_model &model, const Json &messages, const Json *tools, Thinking thinking) {
  if (!model.chat) {
    throw ApiError(400, "invalid_request_error", "this program has no chat format; use /v1/completions");
  }
  if (tools) {
    throw badField("tools", "are not known to this program's chat format");
  }
  std::vector<std::string> texts;
  std::vector<lap_chat_turn> turns;
  for (size_t i = 0; i < messages.size(); ++i) {
    const std::string field = "messages[" + std::to_string(i) + "]";
    if (!messages[i].is_object()) {
      throw badField(field, "must be an object");
    }
    turns.push_back({roleOf(textOr(messages[i], "role", ""), field + ".role"), nullptr, 0});
    texts.push_back(contentOf(messages[i], field + ".content"));
  }
  for (size_t i = 0; i < turns.size(); ++i) {
    turns[i].text = texts[i].data();
    turns[i].bytes = texts[i].size();
  }
  const uint32_t options = LAP_CHAT_ADD_GENERATION | (thinking == Thinking::On ? LAP_CHAT_THINK : 0);
  uint64_t bytes = 0;
  lap_chat_status status = lap_chat_prompt(model.chat, turns.data(), turns.size(), options, nullptr, 0, &bytes);
  if (status != LAP_CHAT_OK) {
    throw badField("messages", status == LAP_CHAT_NO_SYSTEM ? "have a system message, which this model cannot read"
                                                            : "must be system (if any), then user and assistant in "
                                                              "turn, a user's last");
  }
  std::string prompt(bytes, 0);
  lap_chat_prompt(model.chat, turns.data(), turns.size(), options, prompt.data(), bytes, &bytes);
  return prompt;
}

std::string tokenText(const lap_model &model, int32_t id) {
  const lap_tokenizer *tokenizer = model.tokenizer;
  switch (tokenizer ? lap_decode_kind(tokenizer, id, 0) : LAP_PIECE_NOTHING) {
  case LAP_PIECE_NOTHING:
    return {};
  case LAP_PIECE_ONE_BYTE:
    return std::string(1, static_cast<char>(lap_decode_byte(tokenizer, id)));
  case LAP_PIECE_TEXT:
    break;
  }
  std::string text(tokenizer->max_piece_bytes, 0);
  text.resize(lap_decode_piece(tokenizer, id, text.data()));
  return text;
}

bool isControl(const lap_model &model, int32_t id) {
  return model.tokenizer && lap_decode_kind(model.tokenizer, id, 1) == LAP_PIECE_NOTHING;
}

AnswerParser::AnswerParser(const lap_model &model, bool) {
  lap_text_stream *created = nullptr;
  if (lap_text_stream_create(&model, &created, nullptr) != LAP_OK) {
    throw std::bad_alloc();
  }
  stream.reset(created);
}

std::vector<AnswerPiece> AnswerParser::push(int32_t id) {
  size_t bytes = 0;
  const char *text = lap_text_stream_push(stream.get(), id, &bytes);
  return bytes ? std::vector<AnswerPiece>{{AnswerPiece::Text, std::string(text, bytes), ""}}
               : std::vector<AnswerPiece>{};
}

std::vector<AnswerPiece> AnswerParser::finish() {
  size_t bytes = 0;
  const char *text = lap_text_stream_finish(stream.get(), &bytes);
  return bytes ? std::vector<AnswerPiece>{{AnswerPiece::Text, std::string(text, bytes), ""}}
               : std::vector<AnswerPiece>{};
}

} // namespace lap::server
