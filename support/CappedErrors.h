//===- CappedErrors.h - the first twenty problems of one file -------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// One cause (a missing block, the wrong config.json) can make every one of a million tensors wrong. Each file shows its
// first limits::problemsPerFile errors and then how many more there are.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_SUPPORT_CAPPEDERRORS_H
#define LAPIDARY_SUPPORT_CAPPEDERRORS_H

#include "support/Diagnostics.h"
#include "support/Limits.h"
#include "support/Quote.h"

#include <utility>

namespace lapidary {

class CappedErrors {
public:
  /// `file` is the name shown when problems are left out.
  CappedErrors(Diagnostics &diagnostics, std::string file) : diagnostics(diagnostics), file(std::move(file)) {}
  CappedErrors(const CappedErrors &) = delete;
  CappedErrors &operator=(const CappedErrors &) = delete;
  /// Reports how many problems were not shown, if any.
  ~CappedErrors() {
    if (count > limits::problemsPerFile) {
      diagnostics.error(ErrorCode::MoreProblems,
                        countText(count - limits::problemsPerFile) + " more problems are not shown", file,
                        "mend the first one and check again; most often they have one cause");
    }
  }

  /// As Diagnostics::error; returns false.
  bool error(ErrorCode code, std::string message, std::string where = "", std::string help = "") {
    if (++count <= limits::problemsPerFile) {
      diagnostics.error(code, std::move(message), std::move(where), std::move(help));
    }
    return false;
  }

  /// True when error() was called.
  bool any() const { return count != 0; }
  /// True when further errors would not be shown, so that callers can skip costly help texts.
  bool full() const { return count >= limits::problemsPerFile; }

private:
  Diagnostics &diagnostics;
  std::string file;
  uint64_t count = 0;
};

} // namespace lapidary

#endif // LAPIDARY_SUPPORT_CAPPEDERRORS_H
