//===- Api.h - paths of the server ----------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Requests for text are prepared (parsed, rendered, tokenized) on a thread of their own, so that a long prompt delays
// no connection; everything else is answered at once.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_RUNTIME_SERVER_API_H
#define LAPIDARY_RUNTIME_SERVER_API_H

#include "runtime/src/server/Http.h"
#include "runtime/src/server/Scheduler.h"

namespace lap::server {

class Api {
public:
  Api(const lap_model &model, const Settings &settings, Scheduler &scheduler, Metrics &metrics);
  ~Api();

  /// False when the system has no thread left.
  bool start();
  /// An HttpHandler.
  void handle(HttpRequest request, std::shared_ptr<Exchange> exchange);

private:
  struct Job {
    bool chat;
    std::string body;
    std::shared_ptr<Exchange> exchange;
  };
  void prepareAll();
  void answer(Job &job);
  void queueText(bool chat, HttpRequest request, std::shared_ptr<Exchange> exchange);
  std::string modelsJson(const std::string &one) const;

  const lap_model &model;
  const Settings &settings;
  Scheduler &scheduler;
  Metrics &metrics;
  uint64_t started, answers = 0; // seconds since 1970; answers begun
  Thread thread;

  std::mutex mutex; // of what follows
  std::condition_variable wake;
  std::deque<Job> jobs;
  bool stopping = false;
};

} // namespace lap::server

#endif // LAPIDARY_RUNTIME_SERVER_API_H
