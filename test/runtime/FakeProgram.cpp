//===- FakeProgram.cpp - a program without kernels, for runtime tests -----===//
// SPDX-License-Identifier: Apache-2.0
//
// See FakeProgram.h. Linked into the unit tests and, with the zig-built runtime, into a real static-PIE. The tokenizer
// has byte pieces only: every byte of a text is one id, a space is U+2581.
//===----------------------------------------------------------------------===//
#include "test/runtime/FakeProgram.h"
#include "runtime/src/Profile.h"
#include "runtime/src/chat/TemplateProgram.h"
#include "runtime/src/tokenizer/TokenizerTables.h"

#include <stdio.h>
#include <string.h>

namespace {

struct TokenizerBlock {
  lap_tokenizer header;
  uint32_t offsets[FakeVocab + 1]; // an even number: what follows stays aligned
  char text[FakeVocab * 8];
  uint8_t flags[272];
  uint32_t vocabulary[512];
  uint32_t mergeSlots[2];
};

/// U: before a user's message, M: before the model's, \n after each.
constexpr signed char ChatTemplate[] = {
#include "test/runtime/FakeChatTemplate.inc"
};

struct Fake {
  lap_program program;
  lap_cache caches[2]; // all positions, the ring
  char name[16], target[32], features[16], json[64], licenses[32];
  alignas(8) TokenizerBlock tokenizer;
  alignas(8) signed char chat[sizeof(ChatTemplate)];
};

} // namespace

extern "C" {
// Under the name the runtime knows. Not const: the constructor below fills in tables a compiler would write.
extern Fake fake __asm__("lap_program_data");
Fake fake = {};
}

FakeScript fakeScript = {};
lap_program &fakeDescriptor() { return fake.program; }

namespace {

template <typename T> lap_blob blobOf(const T &member, uint64_t bytes) {
  return {uint64_t(reinterpret_cast<const char *>(&member) - reinterpret_cast<const char *>(&fake)), bytes};
}

lap_blob text(char *to, const char *from) {
  strcpy(to, from);
  return blobOf(*to, strlen(from) + 1);
}

uint64_t inside(const void *member) {
  return uint64_t(static_cast<const char *>(member) - reinterpret_cast<const char *>(&fake.tokenizer));
}

void addPiece(uint32_t id, const char *piece, uint8_t flags) {
  TokenizerBlock &block = fake.tokenizer;
  uint32_t at = block.offsets[id];
  memcpy(block.text + at, piece, strlen(piece));
  block.offsets[id + 1] = at + uint32_t(strlen(piece));
  block.flags[id] = flags;
  uint32_t slot = lap_piece_slot(piece, strlen(piece), block.header.vocabulary_bits);
  while (block.vocabulary[slot] != LAP_NO_ID) {
    slot = (slot + 1) % 512;
  }
  block.vocabulary[slot] = id;
}

void fillTokenizer() {
  TokenizerBlock &block = fake.tokenizer;
  lap_tokenizer &t = block.header;
  memcpy(t.magic, LAP_TOKENIZER_MAGIC, 8);
  t.version = LAP_TOKENIZER_VERSION;
  t.flags = LAP_TOKENIZER_BYTE_FALLBACK;
  t.total_bytes = sizeof(block);
  t.pieces = FakeVocab;
  t.unk = LAP_NO_ID, t.bos = 2, t.space = 259;
  t.max_piece_bytes = 12;
  t.vocabulary_bits = 9, t.merge_bits = 1;
  memset(block.vocabulary, 0xff, sizeof(block.vocabulary));
  memset(block.mergeSlots, 0xff, sizeof(block.mergeSlots));
  memset(t.ascii, 0xff, sizeof(t.ascii));
  t.ascii[' '] = 259;
  t.piece_offsets = inside(block.offsets), t.piece_text = inside(block.text), t.piece_flags = inside(block.flags);
  t.vocabulary_slots = inside(block.vocabulary);
  t.merge_list = t.trie_nodes = t.trie_edge_bytes = t.trie_edge_nodes = inside(block.mergeSlots);
  t.merge_slots = inside(block.mergeSlots);
  addPiece(0, "<pad>", LAP_PIECE_SPECIAL);
  addPiece(1, "<eos>", LAP_PIECE_SPECIAL);
  addPiece(2, "<bos>", LAP_PIECE_SPECIAL);
  for (uint32_t byte = 0; byte < 256; ++byte) {
    char piece[8];
    snprintf(piece, sizeof(piece), "<0x%02X>", byte);
    addPiece(FakeFirstByte + byte, piece, LAP_PIECE_BYTE);
    t.byte_pieces[byte] = FakeFirstByte + byte;
  }
  addPiece(259, "\xE2\x96\x81", 0);
  static const char *const controls[] = {"<|channel>", "<channel|>", "<|tool_call>", "<tool_call|>", "<|\"|>"};
  for (uint32_t i = 0; i < 5; ++i) {
    addPiece(FakeChannelOpen + i, controls[i], LAP_PIECE_ADDED | LAP_PIECE_SPECIAL);
  }
}

constexpr uint32_t HeadDim = 16, Ring = 16; // elements, slots

void fillCaches() {
  uint64_t offset = 0;
  for (uint32_t i = 0; i < 2; ++i) {
    lap_cache &c = fake.caches[i];
    c.slots = i == 0 ? FakeContext : Ring, c.window = i == 0 ? 0 : FakeWindow;
    c.kv_heads = 1, c.head_dim = HeadDim, c.element = LAP_F32, c.key_step = c.value_step = 1;
    c.key_offset = offset;
    c.value_offset = offset + HeadDim * c.slots * sizeof(float);
    offset = c.value_offset + HeadDim * c.slots * sizeof(float);
  }
}

__attribute__((constructor)) void fillDescriptor() {
  lap_program &p = fake.program;
  p.abi_version = LAP_ABI_VERSION;
  p.descriptor_bytes = sizeof(fake);
  p.vocab = FakeVocab, p.vocab_padded = FakeVocabPadded, p.hidden = 32;
  p.context = FakeContext, p.chunk = FakeChunk, p.layers = 3, p.prompt_layers = 1;
  p.arena_bytes = FakeChunk * sizeof(int32_t), p.cache_bytes = 2 * (HeadDim * (FakeContext + Ring) * sizeof(float));
  p.lane_scratch_bytes = 64;
  p.weight_bytes = FakeWeightBytes, p.resident_weight_bytes = 50000, p.weight_bytes_per_token = 65000;
  p.temperature = 1, p.top_p = 0.95f, p.top_k = 64;
  p.bos = 2, p.eos_count = 1, p.eos[0] = FakeEos;
  p.suppress_count = 1, p.suppress[0] = FakeSuppressed;
  static const uint8_t sha[32] = {0x9f, 0x6d, 0x8b, 0xb5, 0x50, 0x59, 0x1a, 0x54, 0x10, 0xaa, 0x72,
                                  0xb9, 0x97, 0xe7, 0xd4, 0x9e, 0x3e, 0xed, 0x1c, 0xe0, 0x25, 0xe8,
                                  0x36, 0x28, 0xad, 0xda, 0xf4, 0x38, 0x2d, 0x22, 0x95, 0xbd};
  memcpy(p.weight_sha256, sha, 32);
  p.model_name = text(fake.name, "fake");
  p.target = text(fake.target, "x86_64-linux");
  p.cpu_features = text(fake.features, "sse2 popcnt");
  p.info_json = text(fake.json, "{\"model\":\"fake\"}");
  p.licenses = text(fake.licenses, "fake licence\n");
  fillCaches();
  p.caches = blobOf(fake.caches, sizeof(fake.caches));
  fillTokenizer();
  p.tokenizer = blobOf(fake.tokenizer, sizeof(fake.tokenizer));
  memcpy(fake.chat, ChatTemplate, sizeof(fake.chat));
  p.chat_format = blobOf(fake.chat, sizeof(fake.chat));
}

lap_row_place placeOf(const lap_step *step, uint32_t row) {
  return step->places ? step->places[row] : lap_row_place{step->caches, step->position + row, 0};
}

/// The first column of the key at a position.
int32_t &keyAt(const lap_cache &cache, uint8_t *caches, uint32_t position) {
  const uint32_t slot = position % cache.slots;
  return reinterpret_cast<int32_t *>(caches + cache.key_offset)[slot / 16 * 16 * HeadDim + slot % 16];
}

/// The last column of the value at a position.
int32_t &valueAt(const lap_cache &cache, uint8_t *caches, uint32_t position) {
  const uint32_t slot = position % cache.slots, block = HeadDim / 16 - 1;
  return reinterpret_cast<int32_t *>(caches + cache.value_offset)[(block * cache.slots + slot) * 16 + 15];
}

} // namespace

void fakePredict(const lap_step *step, uint32_t lane, uint32_t lanes) {
  const lap::OpTimer timer(step, lane, "predict");
  int32_t *next = reinterpret_cast<int32_t *>(step->arena);
  for (uint32_t r = lane; r < step->tokens; r += lanes) {
    const lap_row_place at = placeOf(step, r);
    for (const lap_cache &cache : fake.caches) {
      keyAt(cache, at.caches, at.position) = valueAt(cache, at.caches, at.position) = step->ids[r];
    }
  }
  lap_op_barrier(step, lane, lanes);
  for (uint32_t r = lane; r < step->tokens; r += lanes) {
    const lap_row_place at = placeOf(step, r);
    int32_t ids[FakeContext];
    for (uint32_t p = 0; p <= at.position; ++p) {
      const lap_cache &cache = fake.caches[p + FakeWindow > at.position];
      const int32_t key = keyAt(cache, at.caches, p), value = valueAt(cache, at.caches, p);
      ids[p] = key == value ? key : 0; // both halves of a cache must have been kept
    }
    const uint32_t count = at.position + 1;
    const bool scripted = count >= fakeScript.start && count - fakeScript.start < fakeScript.count;
    next[r] = scripted ? fakeScript.ids[count - fakeScript.start] : fakeNext(ids, count);
  }
  lap_op_barrier(step, lane, lanes);
}

void fakeLogits(const lap_step *step, uint32_t row, float *logits, uint32_t lane, uint32_t lanes) {
  int32_t next = reinterpret_cast<int32_t *>(step->arena)[row];
  for (uint32_t v = lane; v < FakeVocabPadded; v += lanes) {
    logits[v] = v >= FakeVocab ? 1e30f : int32_t(v) == next ? 8 : v == FakeSuppressed ? 9 : step->weights[v] / 256.0f;
  }
}

extern "C" {

// Weak: on a GPU the fake has others (test/runtime/cuda/FakeGpuProgram.cpp).
__attribute__((weak)) void lap_program_extend(const lap_step *step, uint32_t lane, uint32_t lanes) {
  fakePredict(step, lane, lanes);
}

__attribute__((weak)) void lap_program_step(const lap_step *step, uint32_t lane, uint32_t lanes) {
  fakePredict(step, lane, lanes);
  fakeLogits(step, step->tokens - 1, step->logits, lane, lanes);
}

__attribute__((weak)) void lap_program_score(const lap_step *step, uint32_t lane, uint32_t lanes) {
  fakePredict(step, lane, lanes);
  for (uint32_t r = 0; r < step->tokens; ++r) {
    fakeLogits(step, r, step->logits + r * FakeVocabPadded, lane, lanes);
  }
}
}
