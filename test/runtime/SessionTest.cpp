//===- SessionTest.cpp - chunks, lanes, rewind, limits, allocations -------===//
// SPDX-License-Identifier: Apache-2.0
//
// Through the public C API, on the fake program: what a session computes must not depend on how calls are cut or how
// many lanes run, and nothing is allocated once it exists.
//===----------------------------------------------------------------------===//
#include "lapidary/lapidary.h"
#include "test/runtime/TestFiles.h"

#include <atomic>
#include <cerrno>
#include <gtest/gtest.h>
#include <vector>

namespace {

std::atomic<uint64_t> allocations{0};

#if __has_feature(address_sanitizer)
extern "C" int __sanitizer_install_malloc_and_free_hooks(void (*)(const volatile void *, size_t),
                                                         void (*)(const volatile void *));
const int hooked = __sanitizer_install_malloc_and_free_hooks([](const volatile void *, size_t) { ++allocations; },
                                                             [](const volatile void *) {});
#endif

} // namespace

#if !__has_feature(address_sanitizer)
// glibc keeps the real allocator under these names; the ones below count.
extern "C" void *__libc_malloc(size_t);
extern "C" void *__libc_calloc(size_t, size_t);
extern "C" void *__libc_realloc(void *, size_t);
extern "C" void *__libc_memalign(size_t, size_t);
extern "C" void *malloc(size_t bytes) {
  ++allocations;
  return __libc_malloc(bytes);
}
extern "C" void *calloc(size_t count, size_t bytes) {
  ++allocations;
  return __libc_calloc(count, bytes);
}
extern "C" void *realloc(void *old, size_t bytes) {
  ++allocations;
  return __libc_realloc(old, bytes);
}
extern "C" void *aligned_alloc(size_t alignment, size_t bytes) {
  ++allocations;
  return __libc_memalign(alignment, bytes);
}
extern "C" int posix_memalign(void **out, size_t alignment, size_t bytes) {
  ++allocations;
  *out = __libc_memalign(alignment, bytes);
  return *out ? 0 : ENOMEM;
}
#endif

namespace {

struct Opened {
  TemporaryFile file{"session"};
  lap_model *model = nullptr;
  lap_session *session = nullptr;
  lap_error error{};

  explicit Opened(uint32_t threads = 1, uint32_t chunk = 0, uint32_t scoreRows = 0, uint32_t context = 0) {
    file.write(goodFile());
    lap_model_options modelOptions{sizeof(modelOptions), file.path.c_str()};
    EXPECT_EQ(lap_model_open(&modelOptions, &model, &error), LAP_OK) << error.message;
    lap_session_options options{sizeof(options), threads, context, chunk, scoreRows, 0, 0, nullptr};
    EXPECT_EQ(lap_session_create(model, &options, &session, &error), LAP_OK) << error.message;
  }
  ~Opened() {
    lap_session_free(session);
    lap_model_close(model);
  }
  int32_t greedy() {
    lap_sampling sampling{sizeof(sampling), 0, 1, 0};
    int32_t id = -1;
    EXPECT_EQ(lap_session_sample(session, &sampling, &id, &error), LAP_OK) << error.message;
    return id;
  }
};

std::vector<int32_t> someIds(size_t count) {
  std::vector<int32_t> ids;
  for (size_t i = 0; i < count; ++i) {
    ids.push_back(int32_t((i * 31 + 5) % FakeVocab));
  }
  return ids;
}

} // namespace

TEST(Session, AnswersDoNotDependOnLanesOrChunks) {
  auto ids = someIds(29);
  for (uint32_t threads : {1, 2, 3, 8}) {
    for (uint32_t chunk : {1, 3, 8}) {
      Opened o(threads, chunk);
      ASSERT_EQ(lap_session_prefill(o.session, ids.data(), ids.size(), &o.error), LAP_OK);
      auto sequence = ids;
      for (int i = 0; i < 20; ++i) {
        int32_t id = o.greedy();
        ASSERT_EQ(id, fakeNext(sequence.data(), uint32_t(sequence.size()))) << threads << " lanes, chunk " << chunk;
        sequence.push_back(id);
        ASSERT_EQ(lap_session_decode(o.session, id, &o.error), LAP_OK);
      }
      EXPECT_EQ(lap_session_position(o.session), 49u);
    }
  }
}

TEST(Session, ScoreGivesTheRowOfEveryToken) {
  auto ids = someIds(21);
  Opened o(2, 0, 21);
  ASSERT_EQ(lap_session_score(o.session, ids.data(), ids.size(), &o.error), LAP_OK) << o.error.message;
  for (uint32_t row = 0; row < ids.size(); ++row) {
    const float *logits = lap_session_logits(o.session, row);
    ASSERT_NE(logits, nullptr);
    EXPECT_EQ(logits[fakeNext(ids.data(), row + 1)], 8) << row;
  }
  EXPECT_EQ(lap_session_logits(o.session, ids.size()), nullptr);
  EXPECT_EQ(lap_session_score(o.session, ids.data(), 22, &o.error), LAP_INVALID_ARGUMENT);
}

TEST(Session, RefusesWhatDoesNotFitAndStaysUsable) {
  auto ids = someIds(FakeContext);
  Opened o;
  ASSERT_EQ(lap_session_prefill(o.session, ids.data(), 60, &o.error), LAP_OK);
  EXPECT_EQ(lap_session_extend(o.session, ids.data(), 5, &o.error), LAP_CONTEXT_FULL);
  EXPECT_STREQ(o.error.message, "5 tokens do not fit: the context has 64 tokens, 60 are used");
  EXPECT_EQ(lap_session_position(o.session), 60u);
  ASSERT_EQ(lap_session_prefill(o.session, ids.data() + 60, 4, &o.error), LAP_OK);
  EXPECT_EQ(lap_session_decode(o.session, 3, &o.error), LAP_CONTEXT_FULL);
  EXPECT_EQ(o.greedy(), fakeNext(ids.data(), FakeContext)); // the logits survived the refusal
}

TEST(Session, RefusesWrongIds) {
  Opened o;
  int32_t ids[] = {1, FakeVocab};
  EXPECT_EQ(lap_session_prefill(o.session, ids, 2, &o.error), LAP_INVALID_ARGUMENT);
  EXPECT_STREQ(o.error.message, "token 1 is 265, expected 0..264");
  ids[1] = -1;
  EXPECT_EQ(lap_session_extend(o.session, ids, 2, &o.error), LAP_INVALID_ARGUMENT);
  EXPECT_EQ(lap_session_prefill(o.session, ids, 0, &o.error), LAP_INVALID_ARGUMENT);
  int32_t id = 0;
  EXPECT_EQ(lap_session_sample(o.session, nullptr, &id, &o.error), LAP_INVALID_ARGUMENT); // nothing read yet
  EXPECT_EQ(lap_session_position(o.session), 0u);
}

TEST(Session, RefusesOptionsBeyondTheProgram) {
  Opened o;
  lap_session *other = nullptr;
  const lap_session_options cases[] = {{sizeof(lap_session_options), 65, 0, 0, 0, 0, 0, nullptr},
                                       {sizeof(lap_session_options), 1, FakeContext + 1, 0, 0, 0, 0, nullptr},
                                       {sizeof(lap_session_options), 1, 0, FakeChunk + 1, 0, 0, 0, nullptr}};
  for (const auto &options : cases) {
    EXPECT_EQ(lap_session_create(o.model, &options, &other, &o.error), LAP_INVALID_ARGUMENT);
  }
  EXPECT_EQ(other, nullptr);
}

TEST(Session, RewindsToTheStartAndWithinAChunk) {
  auto ids = someIds(30);
  Opened o(2);
  ASSERT_EQ(lap_session_prefill(o.session, ids.data(), 30, &o.error), LAP_OK);
  EXPECT_EQ(lap_session_rewind(o.session, 10, &o.error), LAP_INVALID_ARGUMENT);
  ASSERT_EQ(lap_session_rewind(o.session, 22, &o.error), LAP_OK);
  EXPECT_EQ(lap_session_logits(o.session, 0), nullptr);
  ASSERT_EQ(lap_session_prefill(o.session, ids.data() + 22, 8, &o.error), LAP_OK);
  EXPECT_EQ(o.greedy(), fakeNext(ids.data(), 30));
  ASSERT_EQ(lap_session_rewind(o.session, 0, &o.error), LAP_OK);
  ASSERT_EQ(lap_session_prefill(o.session, ids.data(), 3, &o.error), LAP_OK);
  EXPECT_EQ(o.greedy(), fakeNext(ids.data(), 3));
  EXPECT_EQ(lap_session_rewind(o.session, 4, &o.error), LAP_INVALID_ARGUMENT);
}

TEST(Session, TwoSessionsOfOneModelAreIndependent) {
  Opened o(2);
  lap_session *other = nullptr;
  ASSERT_EQ(lap_session_create(o.model, nullptr, &other, &o.error), LAP_OK);
  auto ids = someIds(10);
  ASSERT_EQ(lap_session_prefill(o.session, ids.data(), 10, &o.error), LAP_OK);
  ASSERT_EQ(lap_session_prefill(other, ids.data(), 2, &o.error), LAP_OK);
  EXPECT_EQ(o.greedy(), fakeNext(ids.data(), 10));
  lap_session_free(other);
}

TEST(Session, AllocatesNothingPerToken) {
  auto ids = someIds(20);
  Opened o(2, 0, 4);
  lap_sampling sampling{sizeof(sampling), 1, 0.95f, 64};
  int32_t id = 0;
  ASSERT_GT(allocations, 0u); // the counter works
  // Once through first: the workers' own start may still be allocating (it does under AddressSanitizer).
  ASSERT_EQ(lap_session_prefill(o.session, ids.data(), ids.size(), nullptr), LAP_OK);
  uint64_t before = allocations;
  for (int round = 0; round < 3; ++round) {
    lap_session_rewind(o.session, 0, nullptr);
    lap_session_prefill(o.session, ids.data(), ids.size(), nullptr);
    for (int i = 0; i < 30; ++i) {
      lap_session_sample(o.session, &sampling, &id, nullptr);
      lap_session_decode(o.session, id, nullptr);
    }
    lap_session_score(o.session, ids.data(), 4, nullptr);
  }
  EXPECT_EQ(allocations, before);
  EXPECT_EQ(lap_session_position(o.session), 54u);
}

TEST(Session, RefusesMemoryTheMachineDoesNotHave) {
  Opened o;
  lap_program &program = fakeDescriptor();
  uint64_t kept = program.cache_bytes;
  program.cache_bytes = uint64_t(1) << 55;
  lap_session *other = nullptr;
  EXPECT_EQ(lap_session_create(o.model, nullptr, &other, &o.error), LAP_OUT_OF_MEMORY);
  EXPECT_NE(std::string(o.error.message).find("bytes needed"), std::string::npos) << o.error.message;
  program.cache_bytes = UINT64_MAX - 10;
  EXPECT_EQ(lap_session_create(o.model, nullptr, &other, &o.error), LAP_OUT_OF_MEMORY);
  program.cache_bytes = kept;
}

TEST(Session, GivesBackTextByteByByte) {
  Opened o;
  lap_text_stream *stream = nullptr;
  ASSERT_EQ(lap_text_stream_create(o.model, &stream, &o.error), LAP_OK);
  int32_t ids[64];
  size_t count = 0, bytes = 0;
  const std::string text = "a \xE4\xB8\xAD";
  ASSERT_EQ(lap_model_tokenize(o.model, text.data(), text.size(), LAP_TOKENIZE_BOS, ids, 64, &count, &o.error), LAP_OK);
  ASSERT_EQ(count, 6u);
  EXPECT_EQ(ids[0], 2);
  std::string back;
  for (size_t i = 0; i < count; ++i) {
    const char *piece = lap_text_stream_push(stream, ids[i], &bytes);
    back.append(piece, bytes);
  }
  const char *rest = lap_text_stream_finish(stream, &bytes);
  back.append(rest, bytes);
  EXPECT_EQ(back, text);
  EXPECT_EQ(lap_model_tokenize(o.model, text.data(), text.size(), 0, ids, 2, &count, &o.error), LAP_BUFFER_TOO_SMALL);
  EXPECT_EQ(count, 5u);
  lap_text_stream_free(stream);
}
