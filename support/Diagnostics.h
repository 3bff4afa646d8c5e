//===- Diagnostics.h - errors written for the person who must act ---------===//
// SPDX-License-Identifier: Apache-2.0
//
// Bad input is a diagnostic, never an assert. Every diagnostic has a code from ErrorCodes.def (`lapidary explain
// E0214` prints its long text), says what is wrong and where, what was found and expected, and what to do:
//
//   error[E0214]: tensor 'b' overlaps tensor 'a': starts at byte 96, expected 128
//     --> model.safetensors: bytes 96..160
//     help: the file does not follow the safetensors rules; download it again and compare its sha256
//
// Messages start in lower case and end without a full stop. Everything that reads files we do not trust takes a
// Diagnostics& and returns false / std::nullopt after reporting.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_SUPPORT_DIAGNOSTICS_H
#define LAPIDARY_SUPPORT_DIAGNOSTICS_H

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace lapidary {

enum class ErrorCode : uint16_t {
#define LAPIDARY_ERROR(CODE, NAME, EXIT, SUMMARY, EXPLANATION) NAME = CODE,
#include "support/ErrorCodes.def"
};

enum class Severity { Error, Warning, Note };

/// One message. `where` and `help` may be empty.
struct Diagnostic {
  Severity severity = Severity::Error;
  ErrorCode code;
  std::string message;
  std::string where;
  std::string help;
};

/// "E0214" for errors, "W0301" for warnings (codes 300..399 are warnings).
std::string codeName(ErrorCode code);

/// Process exit code of an error, from ErrorCodes.def (command-line.md: 2 input, 4 memory, 5 I/O).
int exitCodeOf(ErrorCode code);

/// Collects diagnostics and hands each to a handler as it comes.
class Diagnostics {
public:
  using Handler = std::function<void(const Diagnostic &)>;
  explicit Diagnostics(Handler handler = nullptr) : handler(std::move(handler)) {}

  /// Reports an error and returns false, so that callers can `return diags.error(...)`.
  bool error(ErrorCode code, std::string message, std::string where = "", std::string help = "");
  void warning(ErrorCode code, std::string message, std::string where = "", std::string help = "");

  bool hadError() const { return errors != 0; }
  unsigned errorCount() const { return errors; }
  const std::vector<Diagnostic> &all() const { return diagnostics; }
  /// Exit code of the first error, 0 when there was none.
  int exitCode() const;

private:
  Handler handler;
  std::vector<Diagnostic> diagnostics;
  unsigned errors = 0;
};

/// The human form shown above, with a final newline; `color` adds ANSI colours.
std::string formatDiagnostic(const Diagnostic &diagnostic, bool color);

} // namespace lapidary

#endif // LAPIDARY_SUPPORT_DIAGNOSTICS_H
