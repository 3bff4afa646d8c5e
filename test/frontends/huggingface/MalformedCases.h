//===- MalformedCases.h - a table of named bad checkpoints ----------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Each case starts from a small valid checkpoint on disk and damages it in one way. The test opens it as `lapidary
// check` does and expects the exact code, and the words a user needs in the message or its place.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_TEST_FRONTENDS_HUGGINGFACE_MALFORMEDCASES_H
#define LAPIDARY_TEST_FRONTENDS_HUGGINGFACE_MALFORMEDCASES_H

#include "support/Diagnostics.h"
#include "test/frontends/TinyCheckpoint.h"

#include <functional>

namespace lapidary::test {

struct MalformedCase {
  std::string name;
  ErrorCode code;                 ///< of the first error
  std::vector<std::string> words; ///< each in message, place or help of the first error
  std::function<void(TinyModel &, const TempDirectory &)> damage;
  Variant variant = Variant::Edge;
};

std::vector<MalformedCase> headerCases();
std::vector<MalformedCase> indexCases();
std::vector<MalformedCase> configCases();
std::vector<MalformedCase> tensorCases();
std::vector<MalformedCase> quantizedCases();

} // namespace lapidary::test

#endif // LAPIDARY_TEST_FRONTENDS_HUGGINGFACE_MALFORMEDCASES_H
