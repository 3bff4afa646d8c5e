//===- HttpConnection.cpp - one client ------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// See HttpConnection.h. HttpAnswer.cpp writes answers.
//===----------------------------------------------------------------------===//
#include "runtime/src/server/HttpConnection.h"

#include "runtime/src/server/Access.h"
#include "runtime/src/server/Json.h"

#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>

namespace lap::server {

namespace asio = boost::asio;

namespace {

constexpr auto RequestTime = std::chrono::seconds(30), IdleTime = std::chrono::seconds(60);
constexpr auto LingerTime = std::chrono::seconds(2);

HttpResponse errorResponse(unsigned status, const char *type, const std::string &message) {
  return {status, "application/json", errorJson(ApiError(status, type, message)), ""};
}

} // namespace

/// What the handler holds. The connection lives until its answer is complete or the client is gone.
class HttpConnection::Answer : public Exchange {
public:
  Answer(std::shared_ptr<HttpConnection> connection, std::shared_ptr<ExchangeState> state)
      : connection(std::move(connection)), state(std::move(state)), executor(this->connection->stream.get_executor()) {}
  ~Answer() override {
    later([](HttpConnection &c) { c.abandon(); });
  }

  void respond(HttpResponse response) override {
    later([response = std::move(response)](HttpConnection &c) mutable { c.respond(std::move(response)); });
  }
  void begin(std::string type) override {
    later([type = std::move(type)](HttpConnection &c) mutable { c.beginParts(std::move(type)); });
  }
  void send(std::string part) override {
    if ((state->unsent += part.size()) > UnsentBytes) {
      state->gone = true; // it does not read
    }
    later([part = std::move(part)](HttpConnection &c) mutable { c.sendPart(std::move(part)); });
  }
  void end() override {
    later([](HttpConnection &c) { c.endParts(); });
  }
  bool closed() const override { return state->gone; }

private:
  template <typename Body> void later(Body body) {
    if (!state->gone) {
      asio::post(executor, [connection = connection, state = state, body = std::move(body)]() mutable {
        if (connection->exchange == state) { // else it has ended
          body(*connection);
        }
      });
    }
  }
  std::shared_ptr<HttpConnection> connection;
  std::shared_ptr<ExchangeState> state;
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

/// The request that has been read; its body is moved out of the parser's.
HttpRequest HttpConnection::takeRequest() {
  auto &message = parser->get();
  HttpRequest request;
  request.method = headOnly ? "GET" : std::string(message.method_string());
  request.path = std::string(message.target().substr(0, message.target().find('?')));
  request.host = std::string(message[http::field::host]);
  request.origin = std::string(message[http::field::origin]);
  request.authorization = std::string(message[http::field::authorization]);
  request.body = std::move(message.body());
  return request;
}

void HttpConnection::handle() {
  const auto &message = parser->get();
  keep = message.keep_alive() && !context.stopping;
  old = message.version() < 11;
  headOnly = message.method() == http::verb::head;
  HttpRequest request = takeRequest();
  HttpResponse refusal;
  if (!mayAsk(context.settings, context.loopback, request, &refusal)) {
    return respond(std::move(refusal));
  }
  stream.expires_never();
  ++context.exchanges;
  exchange = std::make_shared<ExchangeState>();
  phase = Phase::Waiting;
  watch();
  try {
    context.handler(std::move(request), std::make_shared<Answer>(shared_from_this(), exchange));
  } catch (const std::exception &) { // the answer was dropped, which is an error for its client alone
  }
}

/// Notices that the client left while its answer is being made. Data means that the next request is already there.
void HttpConnection::watch() {
  stream.socket().async_wait(
      tcp::socket::wait_read, [self = shared_from_this(), watched = exchange](beast::error_code failure) {
        char byte;
        const int socket = self->stream.socket().native_handle();
        if (self->exchange == watched && (failure || recv(socket, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0)) {
          self->left();
        }
      });
}

/// The client has gone, or does not read. What is being written ends by itself.
void HttpConnection::left() {
  exchange->gone = true;
  keep = false;
  if (!writing) {
    finished(asio::error::eof);
  }
}

/// The handler let go of the exchange.
void HttpConnection::abandon() {
  if (phase == Phase::Waiting) {
    respond(errorResponse(500, "server_error", "the request was not answered"));
  } else if (phase == Phase::Parts && !ended) {
    left(); // the client must not take it for a whole answer
  }
}

/// The answer is complete, or never will be. Nothing is being read or written.
void HttpConnection::finished(beast::error_code failure) {
  phase = Phase::Reading;
  parts.clear();
  if (exchange) {
    exchange->gone = true;
    exchange.reset();
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
