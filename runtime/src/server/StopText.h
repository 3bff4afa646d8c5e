//===- StopText.h - texts at which an answer ends, as strings -------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The chat's StopText with the server's strings in and out.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_RUNTIME_SERVER_STOPTEXT_H
#define LAPIDARY_RUNTIME_SERVER_STOPTEXT_H

#include "runtime/src/chat/StopText.h"

#include <string>
#include <vector>

namespace lap::server {

/// Throws std::bad_alloc.
class StopText {
public:
  /// At most lap::StopText::Capacity, none empty.
  explicit StopText(std::vector<std::string> stops);

  /// The text that is certain now. After a stop text was found there is none any more.
  std::string push(const std::string &text);
  /// The text has ended: what was held back.
  std::string finish();
  bool found() const { return hit; }

private:
  std::vector<std::string> stops; // `matcher` refers to them
  lap::StopText matcher;
  bool hit = false;
};

} // namespace lap::server

#endif // LAPIDARY_RUNTIME_SERVER_STOPTEXT_H
