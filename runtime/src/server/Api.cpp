//===- Api.cpp - paths of the server --------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// See Api.h.
//===----------------------------------------------------------------------===//
#include "runtime/src/server/Api.h"

#include "runtime/src/Model.h"
#include "runtime/src/server/Page.h"
#include "runtime/src/server/Request.h"

#include <ctime>

namespace lap::server {

namespace {

void respondError(Exchange &exchange, const ApiError &error) {
  exchange.respond({error.status, "application/json", errorJson(error), ""});
}

ApiError busy() {
  return ApiError(503, "server_error", "too many requests wait, or the server stops; try again later");
}

} // namespace

Api::Api(const lap_model &model, const Settings &settings, Scheduler &scheduler, Metrics &metrics)
    : model(model), settings(settings), scheduler(scheduler), metrics(metrics),
      started(static_cast<uint64_t>(time(nullptr))) {}

Api::~Api() {
  {
    std::lock_guard<std::mutex> lock(mutex);
    stopping = true;
  }
  wake.notify_all();
  thread.join();
}

bool Api::start() {
  return thread.start([this] { prepareAll(); });
}

std::string Api::modelsJson(const std::string &one) const {
  const Json entry = {{"id", blobString(*model.program, model.program->model_name)},
                      {"object", "model"},
                      {"created", started},
                      {"owned_by", "lapidary"},
                      {"context_length", scheduler.context()}};
  return written(one.empty() ? Json{{"object", "list"}, {"data", Json::array({entry})}} : entry);
}

void Api::handle(HttpRequest request, std::shared_ptr<Exchange> exchange) {
  const std::string models = "/v1/models/" + std::string(blobString(*model.program, model.program->model_name));
  const bool chat = request.path == "/v1/chat/completions", text = request.path == "/v1/completions";
  if (chat || text) {
    return request.method == "POST"
               ? queueText(chat, std::move(request), std::move(exchange))
               : respondError(*exchange, ApiError(405, "invalid_request_error", request.path + " takes POST"));
  }
  HttpResponse response;
  if (request.path == "/") {
    response = {200, "text/html; charset=utf-8", pageHtml(), PagePolicy};
  } else if (request.path == "/health") {
    response.body = "{\"status\":\"ok\"}";
  } else if (request.path == "/metrics") {
    response = {200, "text/plain; version=0.0.4", metrics.text(), ""};
  } else if (request.path == "/v1/models" || request.path == models) {
    response.body = modelsJson(request.path == models ? models : "");
  } else {
    const std::string known = "/v1/chat/completions, /v1/completions, /v1/models, /health, /metrics and /";
    return respondError(*exchange, ApiError(404, "invalid_request_error", "there is no such path; there are " + known));
  }
  if (request.method != "GET") {
    return respondError(*exchange, ApiError(405, "invalid_request_error", request.path + " takes GET"));
  }
  exchange->respond(std::move(response));
}

void Api::queueText(bool chat, HttpRequest request, std::shared_ptr<Exchange> exchange) {
  ++metrics.requests;
  {
    std::lock_guard<std::mutex> lock(mutex);
    if (jobs.size() < settings.waiting) {
      jobs.push_back({chat, std::move(request.body), std::move(exchange)});
    }
  }
  if (exchange) { // not taken
    return respondError(*exchange, busy());
  }
  wake.notify_one();
}

void Api::prepareAll() {
  for (;;) {
    std::unique_lock<std::mutex> lock(mutex);
    wake.wait(lock, [this] { return stopping || !jobs.empty(); });
    if (stopping) {
      return;
    }
    Job job = std::move(jobs.front());
    jobs.pop_front();
    lock.unlock();
    try {
      answer(job);
    } catch (const ApiError &error) {
      respondError(*job.exchange, error);
    } catch (const std::exception &error) {
      respondError(*job.exchange, ApiError(500, "server_error", error.what()));
    }
  }
}

void Api::answer(Job &job) {
  if (job.exchange->closed()) {
    return;
  }
  TextRequest request =
      (job.chat ? readChatRequest : readCompletionRequest)(model, settings, scheduler.context(), job.body);
  char id[64];
  snprintf(id, sizeof(id), "%s-%llx%06llx", job.chat ? "chatcmpl" : "cmpl", static_cast<unsigned long long>(started),
           static_cast<unsigned long long>(++answers));
  request.shape.id = id;
  request.shape.created = static_cast<uint64_t>(time(nullptr));
  const bool logprobs = request.shape.logprobs;
  auto completion = std::make_shared<Completion>(model, std::move(request.shape), job.exchange, request.choices);
  std::vector<Generation> generations(request.choices);
  for (uint32_t i = 0; i < request.choices; ++i) {
    Generation &generation = generations[i];
    generation.ids = request.ids;
    generation.sampling = request.sampling;
    generation.seed = request.seed + i;
    generation.tokens = request.tokens;
    generation.logprobs = logprobs;
    generation.topLogprobs = request.topLogprobs;
    generation.ignoreEos = request.ignoreEos;
    generation.deadline = std::chrono::steady_clock::now() + std::chrono::seconds(settings.seconds);
    generation.constraint = cloned(request.constraint);
    generation.call = cloned(request.call);
    generation.callStart = request.callStart;
    generation.consumer = completion->choice(i);
  }
  if (!scheduler.submit(std::move(generations))) {
    throw busy();
  }
}

} // namespace lap::server
