//===- Http.cpp - accepting and stopping ----------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// See Http.h.
//===----------------------------------------------------------------------===//
#include "runtime/src/server/Http.h"

#include "runtime/src/server/HttpConnection.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>

#include <csignal>

namespace lap::server {

namespace asio = boost::asio;

struct HttpServer::Implementation {
  Implementation(const Settings &settings, Metrics &metrics, HttpHandler handler)
      : context{settings, metrics, std::move(handler), true, false, {}} {}

  void accept();
  void stop(unsigned seconds);
  void waitForExchanges();
  void waitForSignal();

  HttpContext context;
  asio::io_context io{1};
  tcp::acceptor acceptor{io};
  asio::signal_set signals{io};
  asio::steady_timer timer{io};
  std::chrono::steady_clock::time_point last; // when exchanges must have ended
  std::function<unsigned()> onSignal;
};

/// One connection after another. A failure (no descriptor left) is tried again after a moment.
void HttpServer::Implementation::accept() {
  acceptor.async_accept([this](beast::error_code failure, tcp::socket socket) {
    if (!acceptor.is_open()) {
      return;
    }
    if (failure) {
      auto pause = std::make_shared<asio::steady_timer>(io, std::chrono::milliseconds(100));
      return pause->async_wait([this, pause](beast::error_code) { accept(); });
    }
    beast::error_code ignored;
    socket.set_option(tcp::no_delay(true), ignored);
    const bool full = context.metrics.connections >= context.settings.connections;
    auto connection = std::make_shared<HttpConnection>(std::move(socket), context);
    full ? connection->refuse() : connection->start();
    accept();
  });
}

void HttpServer::Implementation::stop(unsigned seconds) {
  beast::error_code ignored;
  acceptor.close(ignored);
  context.stopping = true;
  last = std::chrono::steady_clock::now() + std::chrono::seconds(seconds);
  waitForExchanges();
}

void HttpServer::Implementation::waitForExchanges() {
  if (context.exchanges == 0 || std::chrono::steady_clock::now() >= last) {
    // A moment for last bytes to leave, then the connections end with the loop.
    timer.expires_after(std::chrono::milliseconds(50));
    return timer.async_wait([this](beast::error_code) { io.stop(); });
  }
  timer.expires_after(std::chrono::milliseconds(20));
  timer.async_wait([this](beast::error_code) { waitForExchanges(); });
}

void HttpServer::Implementation::waitForSignal() {
  signals.async_wait([this](beast::error_code failure, int) {
    if (failure) {
      return;
    }
    if (context.stopping) {
      return io.stop(); // asked twice
    }
    stop(onSignal());
    waitForSignal();
  });
}

HttpServer::HttpServer(const Settings &settings, Metrics &metrics, HttpHandler handler)
    : implementation(std::make_unique<Implementation>(settings, metrics, std::move(handler))) {}
HttpServer::~HttpServer() = default;

bool HttpServer::listen(std::string *out_error) {
  Implementation &i = *implementation;
  const Settings &settings = i.context.settings;
  beast::error_code failure;
  const auto address = asio::ip::make_address(settings.host == "localhost" ? "127.0.0.1" : settings.host, failure);
  if (failure) {
    *out_error = "'" + settings.host + "' is not an IP address; expected e.g. 127.0.0.1, 0.0.0.0 or ::1";
    return false;
  }
  i.context.loopback = address.is_loopback();
  const tcp::endpoint endpoint(address, settings.port);
  i.acceptor.open(endpoint.protocol(), failure);
  if (!failure) {
    i.acceptor.set_option(tcp::acceptor::reuse_address(true), failure);
    i.acceptor.bind(endpoint, failure);
  }
  if (!failure) {
    i.acceptor.listen(asio::socket_base::max_listen_connections, failure);
  }
  if (failure) {
    *out_error =
        "cannot listen on " + settings.host + " port " + std::to_string(settings.port) + ": " + failure.message();
  }
  return !failure;
}

uint16_t HttpServer::port() const {
  beast::error_code ignored;
  return implementation->acceptor.local_endpoint(ignored).port();
}

void HttpServer::run(std::function<unsigned()> onSignal) {
  Implementation &i = *implementation;
  i.onSignal = std::move(onSignal);
  i.signals.add(SIGINT);
  i.signals.add(SIGTERM);
  i.waitForSignal();
  i.accept();
  i.io.run();
}

void HttpServer::stop(unsigned seconds) {
  asio::post(implementation->io, [this, seconds] { implementation->stop(seconds); });
}

} // namespace lap::server
