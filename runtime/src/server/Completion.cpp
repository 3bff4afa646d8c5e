//===- Completion.cpp - one request's answer in the making ----------------===//
// SPDX-License-Identifier: Apache-2.0
//
// See Completion.h.
//===----------------------------------------------------------------------===//
#include "runtime/src/server/Completion.h"

#include "runtime/src/server/AnswerJson.h"

namespace lap::server {

/// One sequence: ids come in, pieces that are certain go out or are collected.
class Completion::Choice : public Consumer {
public:
  Choice(std::shared_ptr<Completion> whole, uint32_t index)
      : whole(std::move(whole)), index(index), parser(this->whole->model, this->whole->shape.chat),
        stop(this->whole->shape.stops) {
    for (int32_t id : this->whole->shape.start) {
      take(parser.push(id));
    }
  }

  bool token(const Token &token) override {
    const bool control = isControl(whole->model, token.id);
    const bool text = take(parser.push(token.id));
    if (whole->shape.logprobs && text && !control) {
      delta.tokens.push_back(token);
    }
    flush(nullptr);
    return !stop.found();
  }

  void end(Finish how, const Usage &used, const std::string &error) override {
    take(parser.finish());
    if (!stop.found()) {
      delta.text += stop.finish();
    }
    whole->failure = how == Finish::Failed ? error : how == Finish::Cancelled ? "the server stops" : whole->failure;
    const bool calls = nextCall != 0 && how == Finish::Stop;
    flush(how == Finish::Length ? "length" : calls ? "tool_calls" : "stop");
    whole->usage.prompt = used.prompt; // of all choices the same
    whole->usage.reused = index == 0 ? used.reused : whole->usage.reused;
    whole->usage.generated += used.generated;
    whole->choiceEnded();
  }

  bool cancelled() const override { return whole->exchange->closed(); }

private:
  /// Adds pieces to the delta. False when they were thoughts or calls: not part of the text.
  bool take(const std::vector<AnswerPiece> &pieces) {
    bool text = true;
    for (const AnswerPiece &piece : pieces) {
      text = piece.kind == AnswerPiece::Text;
      if (piece.kind == AnswerPiece::Text) {
        delta.text += stop.push(piece.text);
      } else if (piece.kind == AnswerPiece::Thought) {
        delta.thought += piece.text;
      } else if (!stop.found()) {
        const std::string id = "call_" + whole->shape.id.substr(whole->shape.id.find('-') + 1) + "_" +
                               std::to_string(index) + "_" + std::to_string(nextCall);
        delta.calls.push_back({nextCall++, id, piece.text, piece.arguments});
      }
    }
    return text;
  }

  void flush(const char *reason) {
    if (whole->shape.stream) {
      if (reason || !delta.empty()) {
        whole->sendDelta(index, delta, reason);
        delta = {};
      }
      return;
    }
    Result &result = whole->results[index];
    result.text.text += delta.text;
    result.text.thought += delta.thought;
    for (ChoiceText::Call &call : delta.calls) {
      result.text.calls.push_back(std::move(call));
    }
    for (Token &token : delta.tokens) {
      result.text.tokens.push_back(std::move(token));
    }
    result.finish = reason ? reason : "";
    delta = {};
  }

  std::shared_ptr<Completion> whole;
  uint32_t index;
  AnswerParser parser;
  StopText stop;
  ChoiceText delta;
  uint32_t nextCall = 0;
};

Completion::Completion(const lap_model &model, AnswerShape shape, std::shared_ptr<Exchange> exchange, uint32_t choices)
    : model(model), shape(std::move(shape)), exchange(std::move(exchange)), results(choices), left(choices) {}

std::shared_ptr<Consumer> Completion::choice(uint32_t index) {
  return std::make_shared<Choice>(shared_from_this(), index);
}

void Completion::sendEvent(const std::string &json) {
  if (!begun) {
    exchange->begin("text/event-stream");
    begun = true;
  }
  exchange->send("data: " + json + "\n\n");
}

void Completion::sendDelta(uint32_t index, const ChoiceText &delta, const char *finish) {
  if (!failure.empty()) {
    return;
  }
  const bool first = !results[index].begun;
  results[index].begun = true;
  Json answer = answerJson(shape, Json::array({deltaJson(model, shape, index, delta, finish, first)}));
  if (shape.streamUsage) {
    answer["usage"] = nullptr;
  }
  sendEvent(written(answer));
}

void Completion::sendUsage() {
  Json answer = answerJson(shape, Json::array());
  answer["usage"] = usageJson(usage);
  sendEvent(written(answer));
}

/// The last choice to end completes the answer.
void Completion::choiceEnded() {
  if (--left != 0) {
    return;
  }
  if (!shape.stream || (!failure.empty() && !begun)) {
    return respondWhole();
  }
  if (!failure.empty()) {
    sendEvent(errorJson(ApiError(500, "server_error", failure)));
  } else if (shape.streamUsage) {
    sendUsage();
  }
  exchange->send("data: [DONE]\n\n");
  exchange->end();
}

void Completion::respondWhole() {
  if (!failure.empty()) {
    const ApiError error(500, "server_error", failure);
    return exchange->respond({500, "application/json", errorJson(error), ""});
  }
  Json choices = Json::array();
  for (uint32_t i = 0; i < results.size(); ++i) {
    choices.push_back(choiceJson(model, shape, i, results[i].text, results[i].finish));
  }
  Json answer = answerJson(shape, std::move(choices));
  answer["usage"] = usageJson(usage);
  exchange->respond({200, "application/json", written(answer), ""});
}

} // namespace lap::server
