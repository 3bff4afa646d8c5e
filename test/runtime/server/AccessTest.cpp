//===- AccessTest.cpp - who may ask ---------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Keys, and pages and names of other sites.
//===----------------------------------------------------------------------===//
#include "runtime/src/server/Access.h"
#include "test/runtime/TestFiles.h"

#include <gtest/gtest.h>

using namespace lap::server;

namespace {

unsigned statusOf(const Settings &settings, bool loopback, const HttpRequest &request) {
  HttpResponse refusal;
  return mayAsk(settings, loopback, request, &refusal) ? 200 : refusal.status;
}

HttpRequest from(const std::string &host, const std::string &origin = {}, const std::string &authorization = {}) {
  return {"GET", "/v1/models", host, origin, authorization, ""};
}

} // namespace

TEST(Access, OnThisMachineOnlyItsOwnNamesAreAnswered) {
  Settings settings;
  for (const char *host : {"localhost", "localhost:8080", "127.0.0.1:1", "127.9.9.9", "[::1]:80", "[::1]", ""}) {
    EXPECT_EQ(statusOf(settings, true, from(host)), 200u) << host;
  }
  for (const char *host : {"evil.example", "localhost.evil.example", "evil.example:80", "[::2]", "10.0.0.1"}) {
    EXPECT_EQ(statusOf(settings, true, from(host)), 403u) << host;
    EXPECT_EQ(statusOf(settings, false, from(host)), 200u) << host; // the owner opened it to a network
  }
}

TEST(Access, PagesOfOtherSitesAreRefused) {
  Settings settings;
  EXPECT_EQ(statusOf(settings, true, from("localhost:1", "http://localhost:1")), 200u);
  EXPECT_EQ(statusOf(settings, true, from("localhost:1", "http://localhost:2")), 403u);
  EXPECT_EQ(statusOf(settings, true, from("localhost:1", "null")), 403u);
  EXPECT_EQ(statusOf(settings, false, from("a.example", "https://a.example")), 200u);
}

TEST(Access, AnyOfTheKeysOpens) {
  Settings settings;
  settings.keys = {"one", "two"};
  for (const char *good : {"Bearer one", "Bearer two"}) {
    EXPECT_EQ(statusOf(settings, true, from("localhost", "", good)), 200u) << good;
  }
  for (const char *bad :
       {"", "one", "Bearer ", "Bearer on", "Bearer onee", "Bearer oneone", "bearer one", "Basic one"}) {
    EXPECT_EQ(statusOf(settings, true, from("localhost", "", bad)), 401u) << bad;
  }
  HttpRequest open = from("localhost");
  for (const char *path : {"/", "/health"}) {
    open.path = path;
    EXPECT_EQ(statusOf(settings, true, open), 200u) << path;
  }
}

TEST(Access, KeysAreLinesOfAFile) {
  TemporaryFile file("keys");
  std::vector<std::string> keys;
  std::string error;
  file.write("# comment\r\n\nfirst\r\nsecond");
  ASSERT_TRUE(readKeys(file.path.c_str(), &keys, &error)) << error;
  EXPECT_EQ(keys, (std::vector<std::string>{"first", "second"}));
  keys.clear();
  file.write("# nothing\n");
  EXPECT_FALSE(readKeys(file.path.c_str(), &keys, &error));
  EXPECT_NE(error.find("holds no key"), std::string::npos) << error;
  EXPECT_FALSE(readKeys("/nonexistent", &keys, &error));
  EXPECT_NE(error.find("/nonexistent"), std::string::npos) << error;
}
