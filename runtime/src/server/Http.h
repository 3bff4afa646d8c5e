//===- Http.h - HTTP/1.1, apart from what it is used for ------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Boost Beast parses and writes; this class adds the limits: size of header and body, time for both, number of
// connections, bytes that wait for a slow reader. One thread runs all connections (the one in HttpServer::run); a
// handler is called on it and may answer at once or later, from any thread, through the exchange.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_RUNTIME_SERVER_HTTP_H
#define LAPIDARY_RUNTIME_SERVER_HTTP_H

#include "runtime/src/server/Metrics.h"
#include "runtime/src/server/Settings.h"

#include <functional>
#include <memory>
#include <string>

namespace lap::server {

struct HttpRequest {
  std::string method, path; // path: without query
  std::string host, origin, authorization;
  std::string body;
};

struct HttpResponse {
  unsigned status = 200;
  std::string type = "application/json";
  std::string body;
  std::string policy; // Content-Security-Policy; empty: nothing may load
};

/// One request that waits for its answer. Thread-safe.
class Exchange {
public:
  virtual ~Exchange() = default;
  /// The whole answer. Call once, or begin, send .., end.
  virtual void respond(HttpResponse response) = 0;
  /// An answer whose parts are sent as they come.
  virtual void begin(std::string type) = 0;
  virtual void send(std::string part) = 0;
  virtual void end() = 0;
  /// True when the client has gone, or does not read what is sent to it.
  virtual bool closed() const = 0;
};

using HttpHandler = std::function<void(HttpRequest request, std::shared_ptr<Exchange> exchange)>;

class HttpServer {
public:
  HttpServer(const Settings &settings, Metrics &metrics, HttpHandler handler);
  ~HttpServer();

  /// Binds and listens. False: *out_error says why.
  bool listen(std::string *out_error);
  /// The port that was bound.
  uint16_t port() const;
  /// Serves until stop, or two signals (SIGINT, SIGTERM): the first calls `onSignal`, which says how many seconds
  /// exchanges in progress get.
  void run(std::function<unsigned()> onSignal);
  /// Stops accepting and ends run once the exchanges in progress have ended. Thread-safe.
  void stop(unsigned seconds);

  struct Implementation;

private:
  std::unique_ptr<Implementation> implementation;
};

} // namespace lap::server

#endif // LAPIDARY_RUNTIME_SERVER_HTTP_H
