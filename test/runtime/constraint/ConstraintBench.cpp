//===- ConstraintBench.cpp - what masks cost on a given vocabulary --------===//
// SPDX-License-Identifier: Apache-2.0
//
//   constraint-bench TOKENIZER_DIRECTORY [--texts=N] [--tokens=N] [--follow=TEXT_FILE] [--check] FILE...
//
// For every schema (a file that begins with `{`) or grammar: writes random texts from its masks, or follows a given
// text as a model that writes it would, and prints the time to compile it, and of mask and accept per token: mean over
// everything, the first text alone (nothing is kept yet), the slowest token. docs/structured-output.md has the figures.
//===----------------------------------------------------------------------===//
#include "frontends/tokenizer/CompileTokenizer.h"
#include "runtime/src/tokenizer/Encoder.h"
#include "support/FileIO.h"
#include "test/runtime/constraint/ConstraintFixture.h"

#include <chrono>
#include <cstdlib>
#include <cstring>

using namespace lap::test;

namespace {

struct Settings {
  uint32_t texts = 20, tokens = 200;
  bool check = false;          // now and then, whether every token is allowed exactly if it is accepted
  std::vector<int32_t> follow; // ids of the text to follow; empty: random
};

double nowMs() {
  auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration<double, std::milli>(now).count();
}

struct Times {
  double total = 0, first = 0, slowest = 0;
  uint64_t tokens = 0, firstTokens = 0, unfinished = 0;
};

/// The number of tokens about which a mask and accept disagree, with `left` tokens to come.
uint32_t disagreements(const TextModel &text, lap_constraint *constraint, uint32_t left) {
  const uint64_t *words = nullptr;
  lap_constraint_mask(constraint, left, &words, nullptr);
  std::vector<uint64_t> mask(words, words + (text.program.vocab + 63) / 64);
  uint32_t distance = lap_constraint_tokens_to_finish(constraint);
  uint32_t limit = left > distance ? left - 1 : distance ? distance - 1 : 0;
  uint32_t wrong = 0;
  for (uint32_t id = 0; id < text.program.vocab; ++id) {
    bool accepted = lap_constraint_accept(constraint, int32_t(id), nullptr) == LAP_OK;
    if (accepted) {
      accepted = lap_constraint_tokens_to_finish(constraint) <= limit;
      lap_constraint_rewind(constraint, 1, nullptr);
    }
    bool allowed = mask[id / 64] >> (id % 64) & 1;
    if (allowed != accepted && !lap_model_is_eos(&text.model, int32_t(id))) {
      wrong += wrong < 5 ? std::fprintf(stderr, "token %u '%s' is %s\n", id, tokenText(text, int32_t(id)).c_str(),
                                        allowed ? "allowed but not accepted" : "accepted but not allowed") != 0
                         : 1;
    }
  }
  return wrong;
}

/// One text; adds to `times`. False after an error.
bool writeText(const TextModel &text, lap_constraint *constraint, std::mt19937 &random, const Settings &settings,
               bool first, Times &times) {
  std::vector<int32_t> allowed;
  lap_constraint_reset(constraint);
  size_t followed = 0;
  for (uint32_t left = settings.tokens; left != 0 && !lap_constraint_is_finished(constraint); --left) {
    const uint64_t *words = nullptr;
    lap_error error{};
    if (settings.check && random() % 8 == 0 && disagreements(text, constraint, random() % 2 ? left : 1000000) != 0) {
      return false;
    }
    double start = nowMs();
    if (lap_constraint_mask(constraint, left, &words, &error) != LAP_OK) {
      std::fprintf(stderr, "error: %s\n", error.message);
      return false;
    }
    double spent = nowMs() - start;
    allowed.clear();
    for (uint32_t id = 0; id < text.program.vocab; ++id) {
      if (words[id / 64] >> (id % 64) & 1) {
        allowed.push_back(int32_t(id));
      }
    }
    int32_t id = allowed[random() % allowed.size()];
    if (!settings.follow.empty()) {
      id = followed < settings.follow.size() ? settings.follow[followed++] : 1;
    }
    start = nowMs();
    if (!lap_model_is_eos(&text.model, id) && lap_constraint_accept(constraint, id, &error) != LAP_OK) {
      std::fprintf(stderr, "error: %s\n", error.message);
      return false;
    }
    spent += nowMs() - start;
    ++times.tokens;
    times.total += spent;
    times.slowest = std::max(times.slowest, spent);
    times.firstTokens += first;
    times.first += first ? spent : 0;
    if (lap_model_is_eos(&text.model, id)) {
      break;
    }
  }
  times.unfinished += !lap_constraint_is_complete(constraint);
  return true;
}

std::vector<int32_t> encodeFile(const TextModel &text, const char *path) {
  lapidary::Diagnostics diagnostics;
  std::string content = lapidary::readWholeFile(path, 1u << 22, diagnostics).value_or("");
  while (!content.empty() && content.back() == '\n') {
    content.pop_back();
  }
  std::vector<int32_t> ids(lap_encode_max_ids(content.size()));
  std::vector<uint64_t> scratch(lap_encode_scratch_bytes(content.size()) / 8 + 1);
  uint64_t count = 0;
  lap_encode(text.model.tokenizer, content.data(), content.size(), 0, scratch.data(), scratch.size() * 8, ids.data(),
             ids.size(), &count);
  ids.resize(count);
  return ids;
}

bool measure(const TextModel &text, const char *path, const Settings &settings) {
  lapidary::Diagnostics diagnostics;
  std::optional<std::string> content = lapidary::readWholeFile(path, 1u << 22, diagnostics);
  if (!content) {
    std::fprintf(stderr, "error: cannot read %s\n", path);
    return false;
  }
  Held held;
  double start = nowMs();
  size_t at = content->find_first_not_of(" \t\r\n");
  bool schema = at != std::string::npos && (*content)[at] == '{';
  schema ? fromSchema(text, *content, held) : fromGrammar(text, *content, held);
  double compiled = nowMs() - start;
  if (!held) {
    std::fprintf(stderr, "%s: %s\n", path, held.error.message);
    return false;
  }
  std::mt19937 random(1);
  Times times;
  for (uint32_t i = 0; i < settings.texts; ++i) {
    if (!writeText(text, held.constraint, random, settings, i == 0, times)) {
      return false;
    }
  }
  const char *name = std::strrchr(path, '/');
  std::printf(
      "%-28s compile %7.2f ms | per token: mean %.4f ms, first text %.4f ms, slowest %.2f ms | %llu tokens, %llu "
      "texts not whole\n",
      name ? name + 1 : path, compiled, times.total / double(times.tokens), times.first / double(times.firstTokens),
      times.slowest, (unsigned long long)times.tokens, (unsigned long long)times.unfinished);
  return true;
}

} // namespace

int main(int argc, char **argv) {
  Settings settings;
  lapidary::Diagnostics diagnostics;
  std::optional<lapidary::TokenizerModel> tokenizer;
  if (argc > 2) {
    tokenizer = lapidary::readTokenizer(argv[1], diagnostics);
  }
  if (!tokenizer) {
    std::fprintf(stderr,
                 "usage: constraint-bench TOKENIZER_DIRECTORY [--texts=N] [--tokens=N] [--follow=TEXT_FILE] FILE...\n");
    return 2;
  }
  TextModel text(*tokenizer);
  std::printf("%zu pieces, trie of %llu bytes\n", tokenizer->pieces.size(),
              (unsigned long long)text.model.tokenizer->vocabulary_trie_bytes);
  bool good = true;
  for (int i = 2; i < argc; ++i) {
    if (std::strncmp(argv[i], "--texts=", 8) == 0) {
      settings.texts = uint32_t(std::atoi(argv[i] + 8));
    } else if (std::strncmp(argv[i], "--tokens=", 9) == 0) {
      settings.tokens = uint32_t(std::atoi(argv[i] + 9));
    } else if (std::strncmp(argv[i], "--follow=", 9) == 0) {
      settings.follow = encodeFile(text, argv[i] + 9);
    } else if (std::strcmp(argv[i], "--check") == 0) {
      settings.check = true;
    } else {
      good = measure(text, argv[i], settings) && good;
    }
  }
  return good ? 0 : 1;
}
