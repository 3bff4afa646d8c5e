//===- StopText.h - texts at which an answer ends -------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// A stop text may be spread over several pieces, so what could be its beginning is held back until the next piece
// decides.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_RUNTIME_SERVER_STOPTEXT_H
#define LAPIDARY_RUNTIME_SERVER_STOPTEXT_H

#include <string>
#include <vector>

namespace lap::server {

class StopText {
public:
  /// None of `stops` is empty.
  explicit StopText(std::vector<std::string> stops) : stops(std::move(stops)) {}

  /// The text that is certain now. After a stop text was found there is none any more.
  std::string push(const std::string &text);
  /// The text has ended: what was held back.
  std::string finish();
  bool found() const { return hit; }

private:
  std::vector<std::string> stops;
  std::string held;
  bool hit = false;
};

} // namespace lap::server

#endif // LAPIDARY_RUNTIME_SERVER_STOPTEXT_H
