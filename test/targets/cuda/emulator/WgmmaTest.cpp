//===- WgmmaTest.cpp - products of a warpgroup: fragments and descriptors ----===//
// SPDX-License-Identifier: Apache-2.0
//
// As in MmaTest.cpp: matrices whose elements all differ are put into registers and shared memory element by element, by
// the tables of the PTX ISA (9.7.15.5.1, "Register Fragments", "Canonical Layouts" and "Matrix Descriptor Format"), and
// the sums are compared with plain ones. Two products add to each other, so that one also starts inside a pattern.
//===----------------------------------------------------------------------===//
#include "EmulatorFixture.h"
#include "WgmmaKernel.h"

#include <cmath>
#include <cstring>
#include <random>

namespace lapidary::cuda::emulator::test {

namespace {

constexpr int threads = 128, rows = 64, rowBytes = 32;
constexpr int products = 2; // that add to the same sums

struct Place {
  int row, column;
};

// Register fragments: byte b of register r of A, register r of the sums. The matrix of A is [64][32 bytes].
Place placeA(int thread, int r, int b) {
  const int warp = thread / 32, group = thread % 32 >> 2, inGroup = thread % 4;
  return {16 * warp + group + (r % 2 == 0 ? 0 : 8), (r < 2 ? 0 : 16) + 4 * inGroup + b};
}
Place placeD(int thread, int r) {
  const int warp = thread / 32, group = thread % 32 >> 2, inGroup = thread % 4;
  return {16 * warp + group + (r % 4 < 2 ? 0 : 8), 8 * (r / 4) + 2 * inGroup + (r & 1)};
}

/// A layout of B in shared memory, K-major: what a descriptor says, and where byte `k` of the K bytes of column n is.
struct Layout {
  const char *name;
  unsigned swizzleBits; ///< B of Swizzle<B, 4, 3>
  unsigned mode;        ///< bits 62 and 63 of the descriptor
  unsigned leading, stride;

  /// Bytes of a row of the pattern.
  unsigned patternBytes() const { return 16u << swizzleBits; }
  unsigned place(unsigned n, unsigned k) const {
    // Canonical layouts in bytes, T = 16: ((8,m),(T,2k)):((1T,SBO),(1,LBO)) and ((8,m),(T,2k)):((wT,SBO),(1,T)).
    const unsigned plain =
        n % 8 * patternBytes() + n / 8 * stride + k % 16 + k / 16 * (swizzleBits == 0 ? leading : 16);
    const unsigned mask = ((1u << swizzleBits) - 1) << 7;
    return plain ^ ((plain & mask) >> 3);
  }
  /// Where product p of a row of K bytes starts: inside the pattern, or behind all of it.
  unsigned start(unsigned p, unsigned n) const {
    return patternBytes() >= (p + 1) * rowBytes ? p * rowBytes : p * bytes(n);
  }
  uint64_t descriptor(unsigned from) const {
    return uint64_t(from >> 4) | uint64_t(leading >> 4) << 16 | uint64_t(stride >> 4) << 32 | uint64_t(mode) << 62;
  }
  /// Of one product's B, whole patterns.
  unsigned bytes(unsigned n) const {
    return (std::max(n / 8 * stride, swizzleBits == 0 ? 2 * leading : 0) + 1023) / 1024 * 1024;
  }
};

constexpr Layout layouts[] = {
    {"rowsOfPiecesTogether", 0, 0, 128, 256}, // the two halves of 8 rows, then the next 8 rows
    {"halvesApart", 0, 0, 8192, 128},         // all first halves, then all second ones
    {"swizzled32", 1, 3, 16, 256},            //
    {"swizzled64", 2, 2, 16, 512},            //
    {"swizzled128", 3, 1, 16, 1024},          //
    {"swizzled128WithGapsBetweenRows", 3, 1, 16, 2048},
};

/// @k(x, b, y, descriptors): x [thread][sums, A of product 0, A of product 1], b is copied to shared memory.
std::string kernelText(const WgmmaShape &shape, unsigned sharedBytes) {
  const unsigned words = shape.sums() + 4 * products;
  const std::string type = shape.sumType(), w = std::to_string(words), s = std::to_string(shape.sums());
  std::string loads, stores;
  for (unsigned i = 0; i < words; ++i) {
    const bool isSum = i < shape.sums();
    const std::string name = isSum ? "%c" + std::to_string(i) : "%a" + std::to_string(i - shape.sums());
    loads += "  %p" + std::to_string(i) + " = getelementptr i32, ptr addrspace(1) %mine, i32 " + std::to_string(i) +
             "\n  " + name + " = load " + (isSum ? type : "i32") + ", ptr addrspace(1) %p" + std::to_string(i) + "\n";
  }
  for (unsigned i = 0; i < shape.sums(); ++i) {
    const std::string n = std::to_string(i);
    stores += "  %q" + n + " = getelementptr i32, ptr addrspace(1) %out, i32 " + n + "\n  store " + type + " %r" + n +
              ", ptr addrspace(1) %q" + n + "\n";
  }
  const Names a = numbered("f", 8);
  return wgmmaDeclarations() + "@s = internal addrspace(3) global [" + std::to_string(sharedBytes) +
         " x i8] undef, align 1024\n" + R"(
define ptx_kernel void @k(i64 %x, i64 %b, i64 %y, i64 %descriptor0, i64 %descriptor1) {
entry:
  %thread = call i32 @llvm.nvvm.read.ptx.sreg.tid.x()
  %xs = inttoptr i64 %x to ptr addrspace(1)
  %bs = inttoptr i64 %b to ptr addrspace(1)
  %ys = inttoptr i64 %y to ptr addrspace(1)
  %mine = getelementptr [)" +
         w + " x i32], ptr addrspace(1) %xs, i32 %thread\n  %out = getelementptr [" + s +
         " x i32], ptr addrspace(1) %ys, i32 %thread\n" + R"(  br label %copy
copy:
  %i = phi i32 [ %thread, %entry ], [ %next, %copy ]
  %from = getelementptr i32, ptr addrspace(1) %bs, i32 %i
  %word = load i32, ptr addrspace(1) %from
  %to = getelementptr i32, ptr addrspace(3) @s, i32 %i
  store i32 %word, ptr addrspace(3) %to
  %next = add i32 %i, 128
  %more = icmp slt i32 %next, )" +
         std::to_string(sharedBytes / 4) + R"(
  br i1 %more, label %copy, label %done
done:
  call void @llvm.nvvm.fence.proxy.async.shared_cta()
  call void @llvm.nvvm.barrier.cta.sync.aligned.all(i32 0)
  %shared = ptrtoint ptr addrspace(3) @s to i64
  %low = and i64 %shared, 262143
  %base = lshr i64 %low, 4
  %d0 = add i64 %descriptor0, %base
  %d1 = add i64 %descriptor1, %base
)" + loads +
         fence(type, numbered("g", shape.sums()), numbered("c", shape.sums())) + fence("i32", a, numbered("a", 8)) +
         product(shape, numbered("h", shape.sums()), numbered("g", shape.sums()), {a[0], a[1], a[2], a[3]}, "%d0") +
         product(shape, numbered("m", shape.sums()), numbered("h", shape.sums()), {a[4], a[5], a[6], a[7]}, "%d1") +
         commit + waitFor(0, type, numbered("r", shape.sums()), numbered("m", shape.sums())) + stores +
         "  ret void\n}\n";
}

/// A [64][32 bytes], B [n][32 bytes] of each product, and the sums they are added to.
struct Matrices {
  std::vector<uint8_t> a, b;
  std::vector<uint32_t> c;
};

float fromBf16(uint16_t half) {
  const uint32_t bits = uint32_t(half) << 16;
  float value;
  std::memcpy(&value, &bits, 4);
  return value;
}
uint16_t toBf16(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, 4);
  return uint16_t(bits >> 16);
}

/// IEEE 754 binary16, normal numbers and zero: sign, 5 bits of exponent with bias 15, 10 of mantissa.
float fromF16(uint16_t half) {
  const int exponent = half >> 10 & 31, mantissa = half & 1023;
  const float magnitude = exponent == 0 ? 0.0f : std::ldexp(float(1024 + mantissa), exponent - 25);
  return half & 0x8000 ? -magnitude : magnitude;
}
uint16_t toF16(float value) {
  int exponent;
  const float mantissa = std::frexp(std::fabs(value), &exponent); // 0.5 and more
  const uint16_t magnitude = value == 0 ? 0 : uint16_t((exponent + 14) << 10 | (int(mantissa * 2048) & 1023));
  return uint16_t(magnitude | (std::signbit(value) ? 0x8000 : 0));
}

float element(const WgmmaShape &shape, const uint8_t *at) {
  uint16_t half;
  std::memcpy(&half, at, 2);
  return shape.elements == WgmmaShape::F16 ? fromF16(half) : fromBf16(half);
}

/// Random bytes; as floats multiples of 1/4 of at most 16, whose sums are exact.
std::vector<uint8_t> randomRows(size_t count, const WgmmaShape &shape, std::mt19937 &random) {
  std::vector<uint8_t> bytes(count * rowBytes);
  for (size_t i = 0; i < bytes.size(); ++i) {
    bytes[i] = uint8_t(random());
  }
  for (size_t i = 0; shape.floats() && i < bytes.size(); i += 2) {
    const float value = float(int(random() % 127) - 63) / 4;
    const uint16_t half = shape.elements == WgmmaShape::F16 ? toF16(value) : toBf16(value);
    std::memcpy(&bytes[i], &half, 2);
  }
  return bytes;
}

Matrices randomMatrices(const WgmmaShape &shape) {
  std::mt19937 random(shape.n);
  Matrices m{
      randomRows(size_t(rows) * products, shape, random), randomRows(size_t(shape.n) * products, shape, random), {}};
  for (unsigned i = 0; i < rows * shape.n; ++i) {
    const int32_t whole = int32_t(random() % 20001) - 10000;
    const float real = float(whole);
    uint32_t bits;
    std::memcpy(&bits, &real, 4);
    m.c.push_back(shape.floats() ? bits : uint32_t(whole));
  }
  return m;
}

double expected(const WgmmaShape &shape, const Matrices &m, unsigned row, unsigned column) {
  float real;
  std::memcpy(&real, &m.c[row * shape.n + column], 4);
  double sum = shape.floats() ? double(real) : double(int32_t(m.c[row * shape.n + column]));
  for (unsigned p = 0; p < products; ++p) {
    const uint8_t *a = &m.a[(p * rows + row) * rowBytes], *b = &m.b[(p * shape.n + column) * rowBytes];
    for (int k = 0; k < rowBytes; k += shape.floats() ? 2 : 1) {
      sum += shape.floats() ? double(element(shape, a + k)) * double(element(shape, b + k))
                            : double(int8_t(a[k])) * int8_t(b[k]);
    }
  }
  return sum;
}

std::vector<uint32_t> registersOf(const WgmmaShape &shape, const Matrices &m) {
  const unsigned words = shape.sums() + 4 * products;
  std::vector<uint32_t> registers(threads * words);
  for (int thread = 0; thread < threads; ++thread) {
    uint32_t *own = &registers[thread * words];
    for (unsigned r = 0; r < shape.sums(); ++r) {
      const Place place = placeD(thread, int(r));
      own[r] = m.c[unsigned(place.row) * shape.n + unsigned(place.column)];
    }
    for (int r = 0; r < 4 * products; ++r) {
      for (int b = 0; b < 4; ++b) {
        const Place place = placeA(thread, r % 4, b);
        reinterpret_cast<uint8_t *>(own + shape.sums() + r)[b] =
            m.a[size_t((r / 4 * rows + place.row) * rowBytes + place.column)];
      }
    }
  }
  return registers;
}

void check(const WgmmaShape &shape, const Layout &layout) {
  const Matrices m = randomMatrices(shape);
  const unsigned bytes = layout.bytes(shape.n) * products;
  std::vector<uint8_t> shared(bytes, 0xee);
  for (unsigned p = 0; p < products; ++p) {
    for (unsigned n = 0; n < shape.n; ++n) {
      for (unsigned k = 0; k < rowBytes; ++k) {
        const unsigned from = layout.start(p, shape.n);
        // Inside a pattern the second product's K are the next bytes of its rows.
        const unsigned at = from < layout.bytes(shape.n) ? layout.place(n, k + from) : from + layout.place(n, k);
        shared[at] = m.b[(p * shape.n + n) * rowBytes + k];
      }
    }
  }
  Kernels kernels(kernelText(shape, bytes));
  kernels.load();
  Buffer<uint32_t> x(registersOf(shape, m)), y(size_t(threads) * shape.sums());
  Buffer<uint8_t> b(shared);
  ASSERT_EQ(launch(kernels.function("k"), 1, threads, 0, x.address, b.address, y.address,
                   layout.descriptor(layout.start(0, shape.n)), layout.descriptor(layout.start(1, shape.n))),
            CUDA_SUCCESS);
  const std::vector<uint32_t> got = y.read();
  for (int thread = 0; thread < threads; ++thread) {
    for (unsigned r = 0; r < shape.sums(); ++r) {
      const Place place = placeD(thread, int(r));
      const uint32_t bits = got[unsigned(thread) * shape.sums() + r];
      float real;
      std::memcpy(&real, &bits, 4);
      ASSERT_EQ(shape.floats() ? double(real) : double(int32_t(bits)),
                expected(shape, m, unsigned(place.row), unsigned(place.column)))
          << layout.name << ", n " << shape.n << ": row " << place.row << ", column " << place.column;
    }
  }
}

TEST(Wgmma, MultipliesBytesInEveryLayout) {
  for (const Layout &layout : layouts) {
    check({64, WgmmaShape::S8}, layout);
  }
}

TEST(Wgmma, MultipliesBf16InEveryLayout) {
  for (const Layout &layout : layouts) {
    check({64, WgmmaShape::Bf16}, layout);
  }
}

TEST(Wgmma, MultipliesF16InEveryLayout) {
  for (const Layout &layout : layouts) {
    check({64, WgmmaShape::F16}, layout);
  }
}

TEST(Wgmma, MultipliesSmallAndLargeShapes) {
  for (unsigned n : {8u, 24u, 48u, 128u, 256u}) {
    check({n, WgmmaShape::S8}, layouts[4]);
    check({n, WgmmaShape::Bf16}, layouts[1]);
    check({n, WgmmaShape::F16}, layouts[4]);
  }
}

} // namespace
} // namespace lapidary::cuda::emulator::test
