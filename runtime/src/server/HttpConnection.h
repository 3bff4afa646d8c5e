//===- HttpConnection.h - one client --------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Reads a request, waits for its answer while watching whether the client is still there, writes the answer, reads the
// next request. Everything but the thread-safe face of Exchange runs on the thread of the io_context.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_RUNTIME_SERVER_HTTPCONNECTION_H
#define LAPIDARY_RUNTIME_SERVER_HTTPCONNECTION_H

#include "runtime/src/server/Http.h"

#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>

#include <atomic>
#include <deque>
#include <optional>

namespace lap::server {

namespace beast = boost::beast;
namespace http = boost::beast::http;
using tcp = boost::asio::ip::tcp;

/// What connections share.
struct HttpContext {
  const Settings &settings;
  Metrics &metrics;
  HttpHandler handler;
  bool loopback = true;  // only reachable from this machine
  bool stopping = false; // answers are the last of their connections
  std::atomic<uint32_t> exchanges{0};
};

/// What a connection and the holder of its answer both know.
struct ExchangeState {
  std::atomic<bool> gone{false}; // the client left, or the answer is complete
  std::atomic<size_t> unsent{0}; // bytes of parts
};

class HttpConnection : public std::enable_shared_from_this<HttpConnection> {
public:
  HttpConnection(tcp::socket socket, HttpContext &context);
  ~HttpConnection();
  void start() { readHeader(); }
  /// Answers without reading anything; for clients beyond the limit.
  void refuse();

private:
  class Answer; // the Exchange

  void readHeader();
  void readBody();
  void onRead(beast::error_code failure);
  HttpRequest takeRequest();
  void handle();
  void respond(HttpResponse response);
  void beginParts(std::string type);
  void sendPart(std::string part);
  void endParts();
  void writeNextPart();
  void wrote(beast::error_code failure);
  void left();
  void abandon();
  void finished(beast::error_code failure);
  void watch();
  void closeSocket();
  http::response<http::string_body> headed(const HttpResponse &response) const;

  beast::tcp_stream stream;
  HttpContext &context;
  beast::flat_buffer buffer;
  std::optional<http::request_parser<http::string_body>> parser;
  http::response<http::string_body> whole;                           // being written
  std::optional<http::response<http::empty_body>> head;              // of an answer in parts
  std::optional<http::response_serializer<http::empty_body>> writer; // of head
  std::deque<std::string> parts;                                     // the first is being written
  enum class Phase { Reading, Waiting, Whole, Parts } phase = Phase::Reading;
  bool writing = false;                             // never two at once
  bool ended = false;                               // no more parts come
  bool keep = false, headOnly = false, old = false; // of the request: keep the connection, HEAD, HTTP/1.0
  std::shared_ptr<ExchangeState> exchange;          // of the request that waits for its answer
};

} // namespace lap::server

#endif // LAPIDARY_RUNTIME_SERVER_HTTPCONNECTION_H
