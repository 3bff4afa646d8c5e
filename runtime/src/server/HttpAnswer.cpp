//===- HttpAnswer.cpp - an answer, whole or in parts ----------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The writing half of HttpConnection. One write is in progress at most; parts that come meanwhile wait in `parts`.
//===----------------------------------------------------------------------===//
#include "runtime/src/server/HttpConnection.h"

#include <boost/asio/error.hpp>
#include <boost/asio/write.hpp>

namespace lap::server {

namespace asio = boost::asio;

namespace {

constexpr auto WriteTime = std::chrono::seconds(60);

} // namespace

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
  if (phase == Phase::Whole || phase == Phase::Parts) {
    return; // answered twice
  }
  phase = Phase::Whole;
  writing = true;
  context.metrics.refused += response.status >= 400;
  whole = headed(response);
  whole.content_length(response.body.size());
  whole.body() = headOnly ? std::string() : std::move(response.body);
  stream.expires_after(WriteTime);
  http::async_write(stream, whole, [self = shared_from_this()](beast::error_code failure, size_t) {
    self->writing = false;
    self->finished(failure);
  });
}

void HttpConnection::beginParts(std::string type) {
  if (phase != Phase::Waiting) {
    return;
  }
  phase = Phase::Parts;
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
  http::async_write_header(stream, *writer,
                           [self = shared_from_this()](beast::error_code failure, size_t) { self->wrote(failure); });
}

void HttpConnection::sendPart(std::string part) {
  if (phase == Phase::Parts && !ended) {
    parts.push_back(std::move(part));
    writeNextPart();
  }
}

void HttpConnection::endParts() {
  ended = true;
  writeNextPart();
}

/// Writes one part, or the end if there are no more.
void HttpConnection::writeNextPart() {
  if (writing || phase != Phase::Parts || (parts.empty() && !ended)) {
    return;
  }
  if (parts.empty() && old) {
    return finished({});
  }
  writing = true;
  stream.expires_after(WriteTime);
  if (parts.empty()) {
    phase = Phase::Whole; // nothing more comes
    return asio::async_write(stream, http::make_chunk_last(),
                             [self = shared_from_this()](beast::error_code failure, size_t) {
                               self->writing = false;
                               self->finished(failure);
                             });
  }
  const auto written = [self = shared_from_this()](beast::error_code failure, size_t) {
    self->exchange->unsent -= self->parts.front().size();
    self->parts.pop_front();
    self->wrote(failure);
  };
  if (old) {
    asio::async_write(stream, asio::buffer(parts.front()), written);
  } else {
    asio::async_write(stream, http::make_chunk(asio::buffer(parts.front())), written);
  }
}

/// The header or a part has been written.
void HttpConnection::wrote(beast::error_code failure) {
  writing = false;
  stream.expires_never();
  if (failure || exchange->gone) {
    return finished(failure ? failure : beast::error_code(asio::error::eof));
  }
  writeNextPart();
}

} // namespace lap::server
