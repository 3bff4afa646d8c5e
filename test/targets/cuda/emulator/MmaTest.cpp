//===- MmaTest.cpp - fragments of tensor core products ---------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The kernel loads the registers of every lane from memory and stores the result; the test packs matrices whose
// elements all differ into registers by the tables of the PTX ISA (9.7.14.5, "Matrix Fragments for mma.m16n8k32" and
// the like), element by element, and compares with a plain product.
//===----------------------------------------------------------------------===//
#include "EmulatorFixture.h"

#include <cmath>
#include <cstring>
#include <random>

namespace lapidary::cuda::emulator::test {

namespace {

struct Place {
  int row, column;
};

// Element i of a lane's fragment. 8-bit types, K = 32.
Place placeA8(int lane, int i) {
  const int group = lane >> 2, thread = lane % 4;
  const int row = (0 <= i && i < 4) || (8 <= i && i < 12) ? group : group + 8;
  return {row, i < 8 ? thread * 4 + (i & 3) : thread * 4 + (i & 3) + 16};
}
Place placeB8(int lane, int i) {
  const int group = lane >> 2, thread = lane % 4;
  return {i < 4 ? thread * 4 + (i & 3) : thread * 4 + (i & 3) + 16, group};
}
// 8-bit types, K = 16.
Place placeA8K16(int lane, int i) {
  const int group = lane >> 2, thread = lane % 4;
  return {i < 4 ? group : group + 8, thread * 4 + (i & 3)};
}
Place placeB8K16(int lane, int i) { return {lane % 4 * 4 + i, lane >> 2}; }
// 16-bit types, K = 16.
Place placeA16(int lane, int i) {
  const int group = lane >> 2, thread = lane % 4;
  const int row = (0 <= i && i < 2) || (4 <= i && i < 6) ? group : group + 8;
  return {row, i < 4 ? thread * 2 + (i & 1) : thread * 2 + (i & 1) + 8};
}
Place placeB16(int lane, int i) {
  const int group = lane >> 2, thread = lane % 4;
  return {i < 2 ? thread * 2 + (i & 1) : thread * 2 + (i & 1) + 8, group};
}
Place placeC(int lane, int i) {
  const int group = lane >> 2, thread = lane % 4;
  return {i < 2 ? group : group + 8, thread * 2 + (i & 1)};
}

/// A kernel that calls `intrinsic` with the lane's words at %x and stores the four results at %y.
std::string mmaKernel(const std::string &intrinsic, int a, int b, const std::string &type, const std::string &c) {
  std::string loads, arguments, types;
  for (int i = 0; i < a + b + 4; ++i) {
    const std::string &of = i < a + b ? type : c, number = std::to_string(i);
    loads += "  %p" + number + " = getelementptr [" + std::to_string(a + b + 4) +
             " x i32], ptr addrspace(1) %xs, i32 " + "%lane, i32 " + number + "\n  %w" + number + " = load " + of +
             ", ptr addrspace(1) %p" + number + ", align 4\n";
    arguments += (i ? ", " : "") + of + " %w" + number;
    types += (i ? ", " : "") + of;
  }
  std::string stores;
  for (int i = 0; i < 4; ++i) {
    const std::string number = std::to_string(i);
    stores += "  %r" + number + " = extractvalue {" + c + ", " + c + ", " + c + ", " + c + "} %d, " + number +
              "\n  %q" + number + " = getelementptr [4 x i32], ptr addrspace(1) %ys, i32 %lane, i32 " + number +
              "\n  store " + c + " %r" + number + ", ptr addrspace(1) %q" + number + "\n";
  }
  const std::string result = "{" + c + ", " + c + ", " + c + ", " + c + "}";
  return "declare " + result + " @" + intrinsic + "(" + types + ")\n" + R"(
define ptx_kernel void @k(i64 %x, i64 %y) {
  %lane = call i32 @llvm.nvvm.read.ptx.sreg.laneid()
  %xs = inttoptr i64 %x to ptr addrspace(1)
  %ys = inttoptr i64 %y to ptr addrspace(1)
)" + loads +
         "  %d = call " + result + " @" + intrinsic + "(" + arguments + ")\n" + stores + "  ret void\n}\n";
}

/// What the kernel above makes of these registers: 32 lanes of `words`.
template <typename C> std::vector<C> runMma(const std::string &kernel, const std::vector<uint32_t> &registers) {
  Kernels kernels(kernel);
  kernels.load();
  Buffer<uint32_t> x(registers);
  Buffer<C> y(32 * 4);
  EXPECT_EQ(launch(kernels.function("k"), 1, 32, 0, x.address, y.address), CUDA_SUCCESS);
  return y.read();
}

template <typename T> struct Matrix {
  int rows, columns;
  std::vector<T> values = std::vector<T>(size_t(rows) * columns);
  T &at(Place p) { return values[size_t(p.row) * columns + p.column]; }
  T &at(int row, int column) { return at({row, column}); }
};

/// Bytes of A and B, words of C, as `intrinsic` takes them, against a plain product.
template <typename A, typename B>
void checkIntegers(const std::string &intrinsic, int depth, Place (*placeA)(int, int), Place (*placeB)(int, int)) {
  std::mt19937 random(7);
  const int aWords = depth / 8, bWords = depth / 16, words = aWords + bWords + 4;
  Matrix<A> a{16, depth};
  Matrix<B> b{depth, 8};
  Matrix<int32_t> c{16, 8};
  // Products of 32 random bytes: no two places of A or B are alike to all the sums they are in.
  std::generate(a.values.begin(), a.values.end(), [&] { return A(random()); });
  std::generate(b.values.begin(), b.values.end(), [&] { return B(random()); });
  std::generate(c.values.begin(), c.values.end(), [&] { return int32_t(random() % 1000000) - 500000; });
  std::vector<uint32_t> registers(size_t(32) * words);
  for (int lane = 0; lane < 32; ++lane) {
    auto *bytes = reinterpret_cast<uint8_t *>(&registers[size_t(lane) * words]);
    for (int i = 0; i < 4 * aWords; ++i) {
      bytes[i] = uint8_t(a.at(placeA(lane, i)));
    }
    for (int i = 0; i < 4 * bWords; ++i) {
      bytes[4 * aWords + i] = uint8_t(b.at(placeB(lane, i)));
    }
    for (int i = 0; i < 4; ++i) {
      registers[size_t(lane) * words + aWords + bWords + i] = uint32_t(c.at(placeC(lane, i)));
    }
  }
  const std::vector<int32_t> d = runMma<int32_t>(mmaKernel(intrinsic, aWords, bWords, "i32", "i32"), registers);
  for (int lane = 0; lane < 32; ++lane) {
    for (int i = 0; i < 4; ++i) {
      const Place place = placeC(lane, i);
      int32_t sum = c.at(place);
      for (int k = 0; k < depth; ++k) {
        sum += int32_t(a.at(place.row, k)) * int32_t(b.at(k, place.column));
      }
      EXPECT_EQ(d[size_t(lane) * 4 + i], sum) << intrinsic << ", row " << place.row << ", column " << place.column;
    }
  }
}

TEST(Mma, SignedBytes) { checkIntegers<int8_t, int8_t>("llvm.nvvm.mma.m16n8k32.row.col.s8", 32, placeA8, placeB8); }
TEST(Mma, UnsignedBySignedBytes) {
  checkIntegers<uint8_t, int8_t>("llvm.nvvm.mma.m16n8k32.row.col.u8.s8", 32, placeA8, placeB8);
}
TEST(Mma, SignedBytesOfHalfTheDepth) {
  checkIntegers<int8_t, int8_t>("llvm.nvvm.mma.m16n8k16.row.col.s8", 16, placeA8K16, placeB8K16);
}

uint16_t bf16(float x) {
  uint32_t bits;
  std::memcpy(&bits, &x, 4);
  return uint16_t(bits >> 16);
}

TEST(Mma, Bf16) {
  Matrix<float> a{16, 16}, b{16, 8}, c{16, 8};
  for (size_t i = 0; i < a.values.size(); ++i) {
    a.values[i] = float(i) - 100; // all exact in bf16, all different
  }
  for (size_t i = 0; i < b.values.size(); ++i) {
    b.values[i] = (float(i) - 50) / 8;
  }
  for (size_t i = 0; i < c.values.size(); ++i) {
    c.values[i] = float(i) * 3;
  }
  std::vector<uint32_t> registers(32 * 10);
  for (int lane = 0; lane < 32; ++lane) {
    uint16_t halves[12];
    for (int i = 0; i < 8; ++i) {
      halves[i] = bf16(a.at(placeA16(lane, i)));
    }
    for (int i = 0; i < 4; ++i) {
      halves[8 + i] = bf16(b.at(placeB16(lane, i)));
      std::memcpy(&registers[size_t(lane) * 10 + 6 + i], &c.at(placeC(lane, i)), 4);
    }
    std::memcpy(&registers[size_t(lane) * 10], halves, sizeof(halves));
  }
  const std::vector<float> d =
      runMma<float>(mmaKernel("llvm.nvvm.mma.m16n8k16.row.col.bf16", 4, 2, "i32", "float"), registers);
  for (int lane = 0; lane < 32; ++lane) {
    for (int i = 0; i < 4; ++i) {
      const Place place = placeC(lane, i);
      float sum = c.at(place); // all these sums are exact
      for (int k = 0; k < 16; ++k) {
        sum += a.at(place.row, k) * b.at(k, place.column);
      }
      EXPECT_EQ(d[size_t(lane) * 4 + i], sum) << "row " << place.row << ", column " << place.column;
    }
  }
}

/// Four 8 x 8 matrices whose elements are their number, row and column; lane i gives row i % 8 of matrix i / 8.
void checkLdmatrix(const std::string &name, int count, bool transposed) {
  std::string type = "{i32", extract;
  for (int i = 1; i < count; ++i) {
    type += ", i32";
  }
  type = count == 1 ? "i32" : type + "}";
  for (int i = 0; i < count; ++i) {
    const std::string n = std::to_string(i);
    extract += count == 1 ? "  %r0 = add i32 %m, 0\n" : "  %r" + n + " = extractvalue " + type + " %m, " + n + "\n";
    extract += "  %q" + n + " = getelementptr [4 x i32], ptr addrspace(1) %ys, i32 %lane, i32 " + n +
               "\n  store i32 %r" + n + ", ptr addrspace(1) %q" + n + "\n";
  }
  Kernels kernels("@s = internal addrspace(3) global [32 x <4 x i32>] undef, align 16\ndeclare " + type + " @" + name +
                  "(ptr addrspace(3))\n" + R"(
define ptx_kernel void @k(i64 %x, i64 %y) {
  %lane = call i32 @llvm.nvvm.read.ptx.sreg.laneid()
  %xs = inttoptr i64 %x to ptr addrspace(1)
  %ys = inttoptr i64 %y to ptr addrspace(1)
  %from = getelementptr <4 x i32>, ptr addrspace(1) %xs, i32 %lane
  %row = load <4 x i32>, ptr addrspace(1) %from
  %own = getelementptr <4 x i32>, ptr addrspace(3) @s, i32 %lane
  store <4 x i32> %row, ptr addrspace(3) %own
  call void @llvm.nvvm.bar.warp.sync(i32 -1)
  %m = call )" + type +
                  " @" + name + "(ptr addrspace(3) %own)\n" + extract + "  ret void\n}\n");
  kernels.load();
  std::vector<uint16_t> elements(4 * 8 * 8);
  for (size_t i = 0; i < elements.size(); ++i) {
    elements[i] = uint16_t(i);
  }
  Buffer<uint16_t> x(elements), y(32 * 4 * 2);
  ASSERT_EQ(launch(kernels.function("k"), 1, 32, 0, x.address, y.address), CUDA_SUCCESS);
  const std::vector<uint16_t> got = y.read();
  for (int lane = 0; lane < 32; ++lane) {
    for (int m = 0; m < count; ++m) {
      for (int half = 0; half < 2; ++half) {
        int row = lane / 4, column = lane % 4 * 2 + half;
        if (transposed) {
          std::swap(row, column);
        }
        EXPECT_EQ(got[size_t(lane) * 8 + m * 2 + half], m * 64 + row * 8 + column) << name << ", lane " << lane;
      }
    }
  }
}

TEST(Ldmatrix, OneMatrix) { checkLdmatrix("llvm.nvvm.ldmatrix.sync.aligned.m8n8.x1.b16.p3", 1, false); }
TEST(Ldmatrix, TwoMatrices) { checkLdmatrix("llvm.nvvm.ldmatrix.sync.aligned.m8n8.x2.b16.p3", 2, false); }
TEST(Ldmatrix, FourMatrices) { checkLdmatrix("llvm.nvvm.ldmatrix.sync.aligned.m8n8.x4.b16.p3", 4, false); }
TEST(Ldmatrix, OneTransposed) { checkLdmatrix("llvm.nvvm.ldmatrix.sync.aligned.m8n8.x1.trans.b16.p3", 1, true); }
TEST(Ldmatrix, TwoTransposed) { checkLdmatrix("llvm.nvvm.ldmatrix.sync.aligned.m8n8.x2.trans.b16.p3", 2, true); }
TEST(Ldmatrix, FourTransposed) { checkLdmatrix("llvm.nvvm.ldmatrix.sync.aligned.m8n8.x4.trans.b16.p3", 4, true); }

} // namespace
} // namespace lapidary::cuda::emulator::test
