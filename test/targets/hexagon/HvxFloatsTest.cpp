// HvxFloatsTest.cpp - what HvxFloats does without instructions of floats, against the model of it.
// SPDX-License-Identifier: Apache-2.0
//
// Runs under an emulator of version 66: how rows of caches and scales are spread over lanes, how floats become whole
// numbers, comparisons, shifts and halves. One program without a test library; it says what is wrong and ends with 1.
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
    memory[i] = static_cast<Element>(i * 37 % 251 - (sizeof(Element) == 2 ? 0 : 125));
  }
  HvxFloats::Float got[rows];
  Model::Float expected[rows];
  HvxFloats::rows(memory + 3, memory + 193, got);
  Model::rows(memory + 3, memory + 193, expected);
  for (int row = 0; row < rows; ++row) {
    expectSame(what, got[row], expected[row]);
  }
}

/// Whole numbers and ties around powers of two, and what is just beside them.
static void checkNearest() {
  for (int power = -4; power < 21; ++power) {
    float values[32], rounded[32];
    for (int i = 0; i < 32; ++i) {
      const float about = ldexpf(1.0f, power) + 0.5f * static_cast<float>(i / 4);
      values[i] = i % 4 == 0   ? about
                  : i % 4 == 1 ? nextafterf(about, 1e9f)
                  : i % 4 == 2 ? nextafterf(about, 0.0f)
                               : -about;
      rounded[i] = rintf(values[i]);
    }
    alignas(128) int32_t lanes[32], expected[32];
    storeAligned(nearest<HvxFloats>(HvxFloats::load(values)).lanes, lanes);
    for (int i = 0; i < 32; ++i) {
      expected[i] = static_cast<int32_t>(rounded[i]);
      rounded[i] = static_cast<float>(expected[i]); // no -0
    }
    expectSame("nearest", lanes, expected, 32);
    expectSame("nearest of the model", nearest<Model>(Model::load(values)).lanes, expected, 32);
    expectSame("toFloat", HvxFloats::toFloat(HvxFloats::loadWords(expected)), Model::load(rounded));
  }
  const float zeros[32] = {0.0f, -0.0f, 0x1p-126f, -0x1p-140f, 0.5f, -0.5f, 1.5f, -1.5f};
  expectSame("nearest of zeros", nearest<HvxFloats>(HvxFloats::load(zeros)), nearest<Model>(Model::load(zeros)));
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
  expectSame("shiftLeftBy", H::shiftLeftBy(x, y), Model::shiftLeftBy(p, q));
  expectSame("shiftRightBy", H::shiftRightBy(x, y), Model::shiftRightBy(p, q));
  expectSame("shiftRight", H::shiftRight(x, 23), Model::shiftRight(p, 23));
  expectSame("signOf", H::signOf(x), Model::signOf(p));
  expectSame("leastWord", H::leastWord(x, y), Model::leastWord(p, q));
  expectSame("exclusive", H::exclusive(x, y), Model::exclusive(p, q));
  const H::Float f = H::toFloat(x), g = H::toFloat(y);
  const Model::Float r = Model::toFloat(p), s = Model::toFloat(q);
  expectSame("select", H::select(H::isLessWord(x, y), f, g), Model::select(Model::isLessWord(p, q), r, s));
  expectSame("swapHalves", H::swapHalves(g), Model::swapHalves(s));
  int8_t bytes[32], expected[32];
  H::storeBytes(y, bytes), Model::storeBytes(q, expected);
  expectSame("storeBytes", bytes, expected, 32);
  for (int lane = 0; lane < 32; ++lane) {
    int32_t one[32] = {};
    one[lane] = 1;
    ++checks;
    if (!H::any(H::isLessWord(H::splatWord(0), H::loadWords(one)))) {
      printf("any: lane %d is not seen\n", lane);
      ++failures;
    }
  }
  ++checks;
  failures += H::any(H::isLessWord(x, x));
}

int main() {
  checkRows<float>("rows of f32");
  checkRows<uint16_t>("rows of bf16");
  checkRows<int8_t>("rows of int8");
  checkNearest();
  checkLanes();
  printf(failures == 0 && checks > 100 ? "Success!\n" : "%d of %d checks failed\n", failures, checks);
  return failures != 0 || checks <= 100;
}
