//===- Diagnostics.cpp - collecting and printing diagnostics ----------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The table of ErrorCodes.def is expanded here once, sorted by code, and serves codeName, exitCodeOf and Explain.h.
// Messages are user text: they may quote names from hostile files, so callers pass names through quoted() (Quote.h).
//===----------------------------------------------------------------------===//
#include "support/Diagnostics.h"

#include "support/Explain.h"

#include <cctype>
#include <cstdio>

namespace lapidary {

namespace {

constexpr ErrorInfo table[] = {
#define LAPIDARY_ERROR(CODE, NAME, EXIT, SUMMARY, EXPLANATION) {ErrorCode::NAME, #NAME, EXIT, SUMMARY, EXPLANATION},
#include "support/ErrorCodes.def"
};

bool isWarningCode(ErrorCode code) { return static_cast<unsigned>(code) / 100 == 3; }

const char *severityWord(Severity severity) {
  switch (severity) {
  case Severity::Error:
    return "error";
  case Severity::Warning:
    return "warning";
  case Severity::Note:
    return "note";
  }
  return "error";
}

const char *severityColor(Severity severity) {
  switch (severity) {
  case Severity::Error:
    return "\033[1;31m";
  case Severity::Warning:
    return "\033[1;35m";
  case Severity::Note:
    return "\033[1;36m";
  }
  return "";
}

/// Appends `text` with every line after the first indented below the label that precedes it.
void appendIndented(std::string &out, const std::string &text, const char *indent) {
  for (char c : text) {
    out += c;
    if (c == '\n') {
      out += indent;
    }
  }
}

} // namespace

std::string codeName(ErrorCode code) {
  char name[8];
  std::snprintf(name, sizeof name, "%c%04u", isWarningCode(code) ? 'W' : 'E', static_cast<unsigned>(code) % 10000);
  return name;
}

int exitCodeOf(ErrorCode code) {
  const ErrorInfo *info = errorInfo(code);
  return info ? info->exitCode : 1;
}

bool Diagnostics::error(ErrorCode code, std::string message, std::string where, std::string help) {
  diagnostics.push_back({Severity::Error, code, std::move(message), std::move(where), std::move(help)});
  ++errors;
  if (handler) {
    handler(diagnostics.back());
  }
  return false;
}

void Diagnostics::warning(ErrorCode code, std::string message, std::string where, std::string help) {
  diagnostics.push_back({Severity::Warning, code, std::move(message), std::move(where), std::move(help)});
  if (handler) {
    handler(diagnostics.back());
  }
}

int Diagnostics::exitCode() const {
  for (const Diagnostic &diagnostic : diagnostics) {
    if (diagnostic.severity == Severity::Error) {
      return exitCodeOf(diagnostic.code);
    }
  }
  return 0;
}

std::string formatDiagnostic(const Diagnostic &diagnostic, bool color) {
  const char *reset = color ? "\033[0m" : "";
  std::string out = color ? severityColor(diagnostic.severity) : "";
  out += severityWord(diagnostic.severity);
  out += "[" + codeName(diagnostic.code) + "]" + reset + ": " + (color ? "\033[1m" : "");
  appendIndented(out, diagnostic.message, "  ");
  out += std::string(reset) + "\n";
  if (!diagnostic.where.empty()) {
    out += std::string("  ") + (color ? "\033[34m" : "") + "-->" + reset + " ";
    appendIndented(out, diagnostic.where, "      ");
    out += "\n";
  }
  if (!diagnostic.help.empty()) {
    out += std::string("  ") + (color ? "\033[36m" : "") + "help:" + reset + " ";
    appendIndented(out, diagnostic.help, "        ");
    out += "\n";
  }
  return out;
}

const std::vector<ErrorInfo> &allErrors() {
  static const std::vector<ErrorInfo> all(std::begin(table), std::end(table));
  return all;
}

const ErrorInfo *errorInfo(ErrorCode code) {
  for (const ErrorInfo &info : table) {
    if (info.code == code) {
      return &info;
    }
  }
  return nullptr;
}

std::optional<std::string> explain(const std::string &name) {
  for (const ErrorInfo &info : table) {
    std::string code = codeName(info.code);
    std::string upper = name;
    if (!upper.empty()) {
      upper[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(upper[0])));
    }
    // "E0214", "e0214", "0214", "214" and the name all mean the same entry.
    if (upper == code || upper == code.substr(1) || upper == code.substr(2) || name == info.name) {
      return code + ": " + info.summary + "\n\n" + info.explanation + "\n";
    }
  }
  return std::nullopt;
}

} // namespace lapidary
