//===- Settings.h - what a server is told and what it allows --------------===//
// SPDX-License-Identifier: Apache-2.0
//
// This folder is the only part of the runtime that uses the C++ library, exceptions and other people's headers (Boost
// Beast for HTTP, nlohmann for JSON). It is an archive of its own, linked into programs and never into libraries.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_RUNTIME_SERVER_SETTINGS_H
#define LAPIDARY_RUNTIME_SERVER_SETTINGS_H

#include <cstdint>
#include <string>
#include <vector>

namespace lap::server {

struct Settings {
  std::string host = "127.0.0.1";
  uint16_t port = 8080;                         // 0: the system chooses
  std::vector<std::string> keys;                // any of them opens; none: everybody may
  uint32_t parallel = 4;                        // sequences that are computed at once
  uint32_t kept = 4;                            // further sequences kept for conversations that continue
  uint32_t threads = 0, context = 0, chunk = 0; // as in lap_session_options
  uint32_t drafts = 0;                          // as there; made while one sequence runs alone
  uint64_t bodyBytes = 8 << 20;
  uint32_t tokens = UINT32_MAX; // most that one request may generate
  uint32_t connections = 256;
  uint32_t waiting = 256; // requests
  uint32_t seconds = 600; // most that one request may compute
  bool quiet = false;
};

constexpr uint32_t MostChoices = 16; // n
constexpr uint32_t MostTopLogprobs = 20;
constexpr uint32_t MostStops = 16;
constexpr size_t MostStopBytes = 1024; // of one
constexpr uint32_t MostDepth = 128;    // of JSON
constexpr size_t HeaderBytes = 16 << 10;
constexpr size_t UnsentBytes = 4 << 20; // of a client that does not read

} // namespace lap::server

#endif // LAPIDARY_RUNTIME_SERVER_SETTINGS_H
