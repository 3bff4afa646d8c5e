//===- Explain.h - the long text of every error code -------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// `lapidary explain E0214` reads the table of ErrorCodes.def through this header,
// so that no explanation exists twice.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_SUPPORT_EXPLAIN_H
#define LAPIDARY_SUPPORT_EXPLAIN_H

#include "support/Diagnostics.h"

#include <optional>

namespace lapidary {

/// One row of ErrorCodes.def; the strings are static.
struct ErrorInfo {
  ErrorCode code;
  const char *name;
  int exitCode; ///< 0 for warnings
  const char *summary;
  const char *explanation;
};

/// Every error and warning, by rising code.
const std::vector<ErrorInfo> &allErrors();

/// The row of `code`, nullptr when it is not in the table.
const ErrorInfo *errorInfo(ErrorCode code);

/// The text `lapidary explain NAME` prints, ending in a newline. `name` is "E0214", "W0301", the bare number or the
/// enumerator's name; std::nullopt when there is no such code.
std::optional<std::string> explain(const std::string &name);

} // namespace lapidary

#endif // LAPIDARY_SUPPORT_EXPLAIN_H
