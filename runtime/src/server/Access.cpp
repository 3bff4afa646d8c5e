//===- Access.cpp - who may ask -------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// See Access.h.
//===----------------------------------------------------------------------===//
#include "runtime/src/server/Access.h"

#include "runtime/src/server/Json.h"

#include <cerrno>
#include <cstdio>
#include <cstring>

namespace lap::server {

namespace {

bool refuse(unsigned status, const char *type, const std::string &message, HttpResponse *out) {
  *out = {status, "application/json", errorJson(ApiError(status, type, message)), ""};
  return false;
}

/// Compares in a time that does not depend on where the texts differ.
bool sameSecret(const std::string &a, const std::string &b) {
  unsigned difference = a.size() == b.size() ? 0 : 1;
  for (size_t i = 0; i < a.size(); ++i) {
    difference |= static_cast<unsigned char>(a[i]) ^ static_cast<unsigned char>(b.empty() ? 0 : b[i % b.size()]);
  }
  return difference == 0;
}

/// "localhost:8080" to "localhost", "[::1]:8080" to "[::1]".
std::string hostName(const std::string &host) {
  const size_t bracket = host.find(']');
  const size_t colon = host.find(':', bracket == std::string::npos ? 0 : bracket);
  return host.substr(0, colon);
}

bool isThisMachine(const std::string &name) {
  return name == "localhost" || name == "[::1]" || name.rfind("127.", 0) == 0;
}

bool hasKey(const Settings &settings, const std::string &authorization) {
  const std::string scheme = "Bearer ";
  if (authorization.compare(0, scheme.size(), scheme) != 0) {
    return false;
  }
  const std::string given = authorization.substr(scheme.size());
  bool found = false;
  for (const std::string &key : settings.keys) {
    found = sameSecret(given, key) || found;
  }
  return found;
}

} // namespace

bool mayAsk(const Settings &settings, bool loopback, const HttpRequest &request, HttpResponse *out_refusal) {
  if (loopback && !request.host.empty() && !isThisMachine(hostName(request.host))) {
    return refuse(403, "permission_error", "this server answers to localhost only, not to '" + request.host + "'",
                  out_refusal);
  }
  if (!request.origin.empty() && request.origin != "http://" + request.host &&
      request.origin != "https://" + request.host) {
    return refuse(403, "permission_error", "pages of '" + request.origin + "' may not use this server", out_refusal);
  }
  const bool open = request.path == "/" || request.path == "/health";
  if (!settings.keys.empty() && !open && !hasKey(settings, request.authorization)) {
    return refuse(401, "authentication_error", "missing or wrong API key; send 'Authorization: Bearer KEY'",
                  out_refusal);
  }
  return true;
}

bool readKeys(const char *path, std::vector<std::string> *out, std::string *out_error) {
  FILE *file = fopen(path, "re");
  if (!file) {
    *out_error = std::string("cannot open ") + path + ": " + strerror(errno);
    return false;
  }
  char line[1024];
  while (fgets(line, sizeof(line), file)) {
    line[strcspn(line, "\r\n")] = 0;
    if (line[0] != 0 && line[0] != '#') {
      out->push_back(line);
    }
  }
  fclose(file);
  if (out->empty()) {
    *out_error = std::string(path) + " holds no key; expected one a line";
  }
  return !out->empty();
}

} // namespace lap::server
