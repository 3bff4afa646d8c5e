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

/// Makes one text of a list of parts that are texts; other lists stay as they are.
void joinTexts(Json &content) {
  std::string joined;
  for (const Json &part : content) {
    if (!part.is_object() || textOr(part, "type", "") != "text") {
      return;
    }
    joined += textOr(part, "text", "");
  }
  content = joined;
}

/// What templates expect: OpenAI's newer role "developer" is their "system", and not all of them know lists of parts.
Json forTemplates(Json messages) {
  for (size_t i = 0; i < messages.size(); ++i) {
    Json &message = messages[i];
    if (!message.is_object()) {
      throw badField("messages[" + std::to_string(i) + "]", "must be an object");
    }
    if (textOr(message, "role", "") == "developer") {
      message["role"] = "system";
    }
    const auto content = message.find("content");
    if (content != message.end() && content->is_array()) {
      joinTexts(*content);
    }
  }
  return messages;
}

struct FreeText {
  void operator()(char *text) const { lap_text_free(text); }
};

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
  const std::string text = written(forTemplates(messages)), toolText = tools ? written(*tools) : std::string();
  lap_chat_options options{};
  options.struct_size = sizeof(options);
  options.flags = thinking == Thinking::On ? LAP_CHAT_THINK : thinking == Thinking::Off ? LAP_CHAT_NO_THINK : 0;
  options.tools = tools ? toolText.data() : nullptr;
  options.tools_bytes = toolText.size();
  char *prompt = nullptr;
  size_t bytes = 0;
  lap_error error{};
  if (lap_model_render_chat(&model, text.data(), text.size(), &options, &prompt, &bytes, &error) != LAP_OK) {
    throw apiError(error, "messages");
  }
  const std::unique_ptr<char, FreeText> owned(prompt);
  return std::string(prompt, bytes);
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

AnswerParser::AnswerParser(const lap_model &model, bool chat) {
  lap_text_stream *text = nullptr;
  lap_chat_parser *answer = nullptr;
  if ((chat ? lap_chat_parser_create(&model, &answer, nullptr) : lap_text_stream_create(&model, &text, nullptr)) !=
      LAP_OK) {
    throw std::bad_alloc();
  }
  stream.reset(text);
  parser.reset(answer);
}

std::vector<AnswerPiece> AnswerParser::events() {
  std::vector<AnswerPiece> pieces;
  for (lap_chat_event event; lap_chat_parser_next(parser.get(), &event);) {
    const std::string text(event.text ? event.text : "", event.bytes);
    if (event.kind == LAP_CHAT_CALL) {
      pieces.push_back({AnswerPiece::Call, text, std::string(event.arguments, event.arguments_bytes)});
    } else if (event.kind == LAP_CHAT_THOUGHT) {
      pieces.push_back({AnswerPiece::Thought, text, ""});
    } else if (event.kind != LAP_CHAT_END) { // what was meant to be a call and is none is shown as it is
      pieces.push_back({AnswerPiece::Text, text, ""});
    }
  }
  return pieces;
}

std::vector<AnswerPiece> AnswerParser::texts(const char *text, size_t bytes) {
  return bytes ? std::vector<AnswerPiece>{{AnswerPiece::Text, std::string(text, bytes), ""}}
               : std::vector<AnswerPiece>{};
}

std::vector<AnswerPiece> AnswerParser::push(int32_t id) {
  if (parser) {
    if (lap_chat_parser_push(parser.get(), id, nullptr) != LAP_OK) {
      throw std::bad_alloc();
    }
    return events();
  }
  size_t bytes = 0;
  const char *text = lap_text_stream_push(stream.get(), id, &bytes);
  return texts(text, bytes);
}

std::vector<AnswerPiece> AnswerParser::finish() {
  if (parser) {
    if (lap_chat_parser_finish(parser.get(), nullptr) != LAP_OK) {
      throw std::bad_alloc();
    }
    return events();
  }
  size_t bytes = 0;
  const char *text = lap_text_stream_finish(stream.get(), &bytes);
  return texts(text, bytes);
}

} // namespace lap::server
