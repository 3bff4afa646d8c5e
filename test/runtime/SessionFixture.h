//===- SessionFixture.h - sessions of the fake program --------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// What the tests of sessions share: the fake model opened from a file of its own, ids, the greedy choice.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_TEST_RUNTIME_SESSIONFIXTURE_H
#define LAPIDARY_TEST_RUNTIME_SESSIONFIXTURE_H

#include "lapidary/lapidary.h"
#include "test/runtime/TestFiles.h"

#include <gtest/gtest.h>
#include <vector>

struct OpenedModel {
  TemporaryFile file{"model"};
  lap_model *model = nullptr;

  OpenedModel() {
    file.write(goodFile());
    lap_model_options options{sizeof(options), file.path.c_str()};
    lap_error error{};
    EXPECT_EQ(lap_model_open(&options, &model, &error), LAP_OK) << error.message;
  }
  ~OpenedModel() { lap_model_close(model); }
};

/// Different ids for different seeds, from the first one on.
inline std::vector<int32_t> someIds(size_t count, size_t seed) {
  std::vector<int32_t> ids;
  for (size_t i = 0; i < count; ++i) {
    ids.push_back(int32_t((i * 31 + seed * 101 + 5) % FakeVocab));
  }
  return ids;
}

inline int32_t greedy(lap_session *session) {
  lap_sampling sampling{sizeof(sampling), 0, 1, 0};
  lap_error error{};
  int32_t id = -1;
  EXPECT_EQ(lap_session_sample(session, &sampling, &id, &error), LAP_OK) << error.message;
  return id;
}

#endif // LAPIDARY_TEST_RUNTIME_SESSIONFIXTURE_H
