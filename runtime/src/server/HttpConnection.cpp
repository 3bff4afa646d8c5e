//===- HttpConnection.cpp - one client ------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// See HttpConnection.h.
//===----------------------------------------------------------------------===//
#include "runtime/src/server/HttpConnection.h"

#include "runtime/src/server/Access.h"
#include "runtime/src/server/Json.h"

#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>

namespace lap::server {

namespace asio = boost::asio;

namespace {

constexpr auto RequestTime = std::chrono::seconds(30), IdleTime = std::chrono::seconds(60);
constexpr auto WriteTime = std::chrono::seconds(60), LingerTime = std::chrono::seconds(2);

HttpResponse errorResponse(unsigned status, const char *type, const std::string &message) {
  return {status, "application/json", errorJson(ApiError(status, type, message)), ""};
}

} // namespace

/// What the handler holds. The connection lives until its answer is complete or the client is gone.
class HttpConnection::Answer : public Exchange, public std::enable_shared_from_this<Answer> {
public:
  explicit Answer(std::shared_ptr<HttpConnection> connection)
      : connection(std::move(connection)), executor(this->connection->stream.get_executor()) {}

  void respond(HttpResponse response) override {
    later([response = std::move(response)](HttpConnection &c) mutable { c.respond(std::move(response)); });
  }
  void begin(std::string type) override {
    later([type = std::move(type)](HttpConnection &c) mutable { c.beginParts(std::move(type)); });
  }
  void send(std::string part) override {
    if ((unsent += part.size()) > UnsentBytes) {
      gone = true; // it does not read
    }
    if (!gone) {
      later([part = std::move(part)](HttpConnection &c) mutable { c.sendPart(std::move(part)); });
    }
  }
  void end() override {
    later([](HttpConnection &c) { c.endParts(); });
  }
  bool closed() const override { return gone; }

  std::atomic<bool> gone{false};
  std::atomic<size_t> unsent{0};

private:
  template <typename Body> void later(Body body) {
    asio::post(executor, [self = shared_from_this(), body = std::move(body)]() mutable {
      if (self->connection->answer == self) { // else it has ended
        body(*self->connection);
      }
    });
  }
  std::shared_ptr<HttpConnection> connection;
  asio::any_io_executor executor;
};

HttpConnection::HttpConnection(tcp::socket socket, HttpContext &context) : stream(std::move(socket)), context(context) {
  ++context.metrics.connections;
}

HttpConnection::~HttpConnection() { --context.metrics.connections; }

void HttpConnection::refuse() {
  keep = false;
  respond(errorResponse(503, "server_error", "too many connections; try again later"));
}

void HttpConnection::readHeader() {
  stream.expires_after(parser ? IdleTime : RequestTime);
  parser.emplace();
  parser->header_limit(HeaderBytes);
  parser->body_limit(context.settings.bodyBytes);
  http::async_read_header(stream, buffer, *parser, [self = shared_from_this()](beast::error_code failure, size_t) {
    if (failure) {
      return self->onRead(failure);
    }
    self->stream.expires_after(RequestTime);
    if (!beast::iequals(self->parser->get()[http::field::expect], "100-continue")) {
      return self->readBody();
    }
    static const std::string go = "HTTP/1.1 100 Continue\r\n\r\n";
    asio::async_write(self->stream, asio::buffer(go), [self](beast::error_code failed, size_t) {
      return failed ? self->closeSocket() : self->readBody();
    });
  });
}

void HttpConnection::readBody() {
  http::async_read(stream, buffer, *parser,
                   [self = shared_from_this()](beast::error_code failure, size_t) { self->onRead(failure); });
}

void HttpConnection::onRead(beast::error_code failure) {
  if (!failure) {
    return handle();
  }
  keep = false;
  headOnly = false;
  if (failure == http::error::body_limit) {
    return respond(errorResponse(413, "invalid_request_error",
                                 "the body has more than " + std::to_string(context.settings.bodyBytes) + " bytes"));
  }
  if (failure == http::error::header_limit || failure == http::error::buffer_overflow) {
    return respond(errorResponse(431, "invalid_request_error",
                                 "the header has more than " + std::to_string(HeaderBytes) + " bytes"));
  }
  if (failure.category() == http::make_error_code(http::error::bad_method).category() &&
      failure != http::error::end_of_stream && failure != http::error::partial_message) {
    return respond(errorResponse(400, "invalid_request_error", "not an HTTP request: " + failure.message()));
  }
  closeSocket(); // it left, or was too slow
}

void HttpConnection::handle() {
  auto &message = parser->get();
  keep = message.keep_alive() && !context.stopping;
  old = message.version() < 11;
  headOnly = message.method() == http::verb::head;
  HttpRequest request;
  request.method = headOnly ? "GET" : std::string(message.method_string());
  request.path = std::string(message.target().substr(0, message.target().find('?')));
  request.host = std::string(message[http::field::host]);
  request.origin = std::string(message[http::field::origin]);
  request.authorization = std::string(message[http::field::authorization]);
  request.body = std::move(message.body());
  HttpResponse refusal;
  if (!mayAsk(context.settings, context.loopback, request, &refusal)) {
    return respond(std::move(refusal));
  }
  stream.expires_never();
  ++context.exchanges;
  answer = std::make_shared<Answer>(shared_from_this());
  watch();
  context.handler(std::move(request), answer);
}

/// Notices that the client left while its answer is being made.
void HttpConnection::watch() {
  stream.socket().async_wait(tcp::socket::wait_read, [self = shared_from_this(),
                                                      of = std::weak_ptr<Answer>(answer)](beast::error_code failure) {
    std::shared_ptr<Answer> watched = of.lock();
    if (!watched || self->answer != watched) {
      return;
    }
    char byte;
    const ssize_t got = failure ? -1 : recv(self->stream.socket().native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    if (got == 0 || failure) { // data means that the next request is already there
      self->finished(failure ? failure : beast::error_code(asio::error::eof));
    }
  });
}

http::response<http::string_body> HttpConnection::headed(const HttpResponse &response) const {
  http::response<http::string_body> out;
  out.result(response.status);
  out.version(old ? 10 : 11);
  out.keep_alive(keep);
  out.set(http::field::content_type, response.type);
  out.set(http::field::cache_control, "no-store");
  out.set("X-Content-Type-Options", "nosniff");
  out.set("Content-Security-Policy", response.policy.empty() ? "default-src 'none'" : response.policy);
  if (response.status == 401) {
    out.set(http::field::www_authenticate, "Bearer");
  }
  return out;
}

void HttpConnection::respond(HttpResponse response) {
  context.metrics.refused += response.status >= 400;
  whole = headed(response);
  whole.content_length(response.body.size());
  whole.body() = headOnly ? std::string() : std::move(response.body);
  stream.expires_after(WriteTime);
  http::async_write(stream, whole,
                    [self = shared_from_this()](beast::error_code failure, size_t) { self->finished(failure); });
}

void HttpConnection::beginParts(std::string type) {
  HttpResponse response;
  response.type = std::move(type);
  keep = keep && !old;
  head.emplace(http::response<http::empty_body>(headed(response).base()));
  head->chunked(!old);
  head->keep_alive(keep);
  writer.emplace(*head);
  parts.clear();
  ended = false;
  writing = true;
  stream.expires_after(WriteTime);
  http::async_write_header(stream, *writer, [self = shared_from_this()](beast::error_code failure, size_t) {
    self->writing = false;
    return failure ? self->finished(failure) : self->writeNextPart();
  });
}

void HttpConnection::sendPart(std::string part) {
  parts.push_back(std::move(part));
  writeNextPart();
}

void HttpConnection::endParts() {
  ended = true;
  writeNextPart();
}

void HttpConnection::writeNextPart() {
  if (writing || !answer || (parts.empty() && !ended)) {
    return;
  }
  writing = true;
  stream.expires_after(WriteTime);
  const auto written = [self = shared_from_this(), of = answer](beast::error_code failure, size_t) {
    self->writing = false;
    if (self->answer != of) {
      return;
    }
    if (failure || self->parts.empty()) {
      return self->finished(failure);
    }
    of->unsent -= self->parts.front().size();
    self->parts.pop_front();
    self->stream.expires_never();
    self->writeNextPart();
  };
  if (parts.empty()) {
    return old ? written({}, 0) : asio::async_write(stream, http::make_chunk_last(), written);
  }
  const auto bytes = asio::buffer(parts.front());
  if (old) {
    asio::async_write(stream, bytes, written);
  } else {
    asio::async_write(stream, http::make_chunk(bytes), written);
  }
}

/// The answer is complete, or never will be.
void HttpConnection::finished(beast::error_code failure) {
  if (answer) {
    answer->gone = true;
    answer.reset();
    --context.exchanges;
  }
  if (failure || !keep || context.stopping) {
    return closeSocket();
  }
  readHeader();
}

/// Says goodbye and reads what still comes for a moment: closing at once would destroy an answer on its way.
void HttpConnection::closeSocket() {
  beast::error_code ignored;
  stream.socket().shutdown(tcp::socket::shutdown_send, ignored);
  if (ignored) {
    return;
  }
  stream.expires_after(LingerTime);
  auto rest = std::make_shared<std::array<char, 4096>>();
  auto left = std::make_shared<size_t>(context.settings.bodyBytes);
  auto drain = std::make_shared<std::function<void()>>();
  *drain = [self = shared_from_this(), rest, left, weak = std::weak_ptr<std::function<void()>>(drain)] {
    self->stream.async_read_some(asio::buffer(*rest),
                                 [self, rest, left, again = weak.lock()](beast::error_code failure, size_t bytes) {
                                   if (!failure && bytes < *left) {
                                     *left -= bytes;
                                     (*again)();
                                   }
                                 });
  };
  (*drain)();
}

} // namespace lap::server
