// HvxFloatsTest.cpp - what HvxFloats does without instructions of floats, against the model of it.
// SPDX-License-Identifier: Apache-2.0
//
// Runs under an emulator of version 66: how rows of caches and scales are spread over lanes, how whole numbers become
// floats and bytes, comparisons, shifts and halves. One program without a test library; it says what is wrong and ends
// with 1.
#include "targets/hexagon/kernels/floats/HvxFloats.h"
#include "targets/hexagon/kernels/floats/ModelFloats.h"
#define LAPIDARY_MODEL_FLOATS Nearest
#include "targets/hexagon/kernels/floats/VectorMath.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

using namespace lap::hexagon;
using Model = ModelFloats<ModelRounding::Nearest>;

static int checks = 0, failures = 0;

template <typename T> static void expectSame(const char *what, const T *got, const T *expected, int count) {
  ++checks;
  for (int i = 0; i < count; ++i) {
    if (memcmp(got + i, expected + i, sizeof(T)) != 0) {
      printf("%s: lane %d is %g instead of %g\n", what, i, static_cast<double>(got[i]),
             static_cast<double>(expected[i]));
      ++failures;
      return;
    }
  }
}

static void expectSame(const char *what, HvxFloats::Word got, Model::Word expected) {
  alignas(128) int32_t lanes[32];
  storeAligned(got.lanes, lanes);
  expectSame(what, lanes, expected.lanes, 32);
}

static void expectSame(const char *what, HvxFloats::Float got, Model::Float expected) {
  float lanes[32];
  HvxFloats::store(got, lanes);
  expectSame(what, lanes, expected.lanes, 32);
}

/// Rows of two places at odd distances from a vector's alignment.
template <typename Element> static void checkRows(const char *what) {
  constexpr int rows = Model::rowsAtOnce<Element>;
  static_assert(rows == HvxFloats::rowsAtOnce<Element>);
  Element memory[400];
  for (int i = 0; i < 400; ++i) {
    memory[i] = static_cast<Element>(i * 37 % 251);
  }
  HvxFloats::Float got[rows];
  Model::Float expected[rows];
  HvxFloats::rows(memory + 3, memory + 193, got);
  Model::rows(memory + 3, memory + 193, expected);
  for (int row = 0; row < rows; ++row) {
    expectSame(what, got[row], expected[row]);
  }
}

/// A row of int8 of two places at odd distances.
static void checkRowWords() {
  int8_t memory[400];
  for (int i = 0; i < 400; ++i) {
    memory[i] = static_cast<int8_t>(i * 37 % 256 - 128);
  }
  const HvxFloats::Word words = HvxFloats::rowWords(memory + 5, memory + 193);
  expectSame("row of int8", words, Model::rowWords(memory + 5, memory + 193));
  expectSame("row of int8 as floats", HvxFloats::toFloat(words),
             Model::toFloat(Model::rowWords(memory + 5, memory + 193)));
}

/// Bytes of one vector of words and of four, to odd addresses.
template <int Count> static void checkBytes() {
  HvxFloats::Word words[Count];
  Model::Word others[Count];
  int32_t numbers[32];
  for (int i = 0; i < Count; ++i) {
    for (int lane = 0; lane < 32; ++lane) {
      numbers[lane] = (i * 32 + lane) * 37 - 3000; // the low byte counts
    }
    words[i] = HvxFloats::loadWords(numbers), others[i] = Model::loadWords(numbers);
  }
  int8_t bytes[Count * 32 + 3], expected[Count * 32 + 3];
  HvxFloats::storeBytes(words, bytes + 3), Model::storeBytes(others, expected + 3);
  expectSame("storeBytes", bytes + 3, expected + 3, Count * 32);
  uint8_t low[Count * 32 + 3], high[Count * 32 + 1], lows[Count * 32], highs[Count * 32];
  HvxFloats::storeBytes(words, low + 3, high + 1), Model::storeBytes(others, lows, highs);
  expectSame("low bytes", low + 3, lows, Count * 32), expectSame("bytes above them", high + 1, highs, Count * 32);
}

static void checkLanes() {
  int32_t a[32], b[32];
  for (int i = 0; i < 32; ++i) {
    a[i] = (i * 7919 - 100000) * (i % 3 - 1), b[i] = i % 31;
  }
  using H = HvxFloats;
  const H::Word x = H::loadWords(a), y = H::loadWords(b);
  const Model::Word p = Model::loadWords(a), q = Model::loadWords(b);
  expectSame("indices", H::indices(), Model::indices());
  expectSame("leastWord", H::leastWord(x, y), Model::leastWord(p, q));
  expectSame("mostWord", H::mostWord(x, y), Model::mostWord(p, q));
  expectSame("shiftLeft", H::shiftLeft(x, 15), Model::shiftLeft(p, 15));
  expectSame("shiftRight", H::shiftRight(x, 14), Model::shiftRight(p, 14));
  const H::Float f = H::toFloat(x), g = H::toFloat(y);
  const Model::Float r = Model::toFloat(p), s = Model::toFloat(q);
  expectSame("select", H::select(H::isLessWord(x, y), f, g), Model::select(Model::isLessWord(p, q), r, s));
  expectSame("swapHalves", H::swapHalves(g), Model::swapHalves(s));
  for (int lane = 0; lane < 32; ++lane) {
    int32_t one[32] = {};
    one[lane] = 1;
    checks += 2;
    const H::Mask found = H::isLessWord(H::splatWord(0), H::loadWords(one)), none = H::isLessWord(x, x);
    if (!H::any(found) || !H::any(H::eitherMask(none, found)) || H::any(H::eitherMask(none, none))) {
      printf("any: lane %d is not seen\n", lane);
      ++failures;
    }
  }
  ++checks;
  failures += H::any(H::isLessWord(x, x));
}

/// Around every power of two: whole floats, the middles between two, and their neighbours.
static void checkNearestFloats() {
  for (int bit = 0; bit < 31; ++bit) {
    int32_t numbers[32];
    for (int lane = 0; lane < 32; ++lane) {
      const int32_t unit = bit > 24 ? 1 << (bit - 24) : 1; // half of a float's last bit
      const int32_t above = lane % 16 / 3 * unit + lane % 3 - 1, number = (1 << bit) + (lane % 16 == 15 ? -1 : above);
      numbers[lane] = lane < 16 ? number : -number;
    }
    expectSame("nearestFloat", HvxFloats::nearestFloat(HvxFloats::loadWords(numbers)),
               Model::nearestFloat(Model::loadWords(numbers)));
  }
  int32_t ends[32] = {0, INT32_MAX, -INT32_MAX, INT32_MAX - 64, INT32_MAX - 63, INT32_MAX - 65};
  expectSame("nearestFloat of the largest", HvxFloats::nearestFloat(HvxFloats::loadWords(ends)),
             Model::nearestFloat(Model::loadWords(ends)));
}

int main() {
  checkNearestFloats();
  checkRows<float>("rows of f32");
  checkRows<uint16_t>("rows of bf16");
  checkRowWords();
  checkBytes<1>();
  checkBytes<4>();
  checkLanes();
  printf(failures == 0 && checks > 92 ? "Success!\n" : "%d of %d checks failed\n", failures, checks);
  return failures != 0 || checks <= 92;
}
