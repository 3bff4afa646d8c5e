//===- MatmatTest.cpp - products of many rows against their definition ---------===//
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//
#include "KernelFixture.h"
#include "ProductScene.h"

#include "targets/common/PackedLayout.h"

namespace lapidary::cuda::test {

namespace {

class Matmat : public testing::TestWithParam<ProductKind> {
protected:
  double tolerance() const { return GetParam().weight == LAP_BF16 ? 0x1p-16 : 0x1p-20; }
};
class MatmatOfRowFormats : public Matmat {};
class MatmatOfExperts : public Matmat {};
class MatmatOfScalesInSteps : public Matmat {};
/// Kernels for devices of capability 9.0 only; outputs of row formats are equal to the last bit, as those of the
/// others. Group formats round an activation, and a weight of 8 bits, to f16.
class MatmatByWarpgroup : public Matmat {
protected:
  double tolerance() const {
    constexpr double f16 = 0x1p-11;
    return !isGrouped(GetParam().weight)         ? Matmat::tolerance()
           : integerBits(GetParam().weight) == 4 ? f16 + 0x1p-19
                                                 : 2 * f16 + 0x1p-19;
  }
  static unsigned experts() { return GetParam().routed ? 3 : 1; }
  static unsigned rowsPerSource() { return GetParam().routed ? 2 : 1; }
  /// "matmat-128x128"
  static std::string op() {
    const std::string prefix = GetParam().namePrefix("matmat");
    for (const Kernel &kernel : allKernels()) {
      if (kernel.exactly != 0 && llvm::StringRef(kernel.name).starts_with(prefix)) {
        return "matmat-" + std::to_string(kernel.tile[0]) + "x" + std::to_string(kernel.tile[1]);
      }
    }
    return "";
  }
};

class MatmatOfGroupsByWarpgroup : public MatmatByWarpgroup {};
class MatmatOfScalesInStepsByWarpgroup : public MatmatByWarpgroup {};

TEST_P(Matmat, EqualsTheReferenceOfEveryShape) {
  const bool routed = GetParam().routed;
  for (unsigned columns : {32u, 64u, 96u, 160u, 352u}) {
    for (unsigned tiles : {1u, 3u, 5u}) {
      const unsigned rows = (columns / 32 * 13 + tiles * 17) % 70 + 1;
      ProductScene({GetParam(), tiles, columns, rows, routed ? 5u : 1u, routed ? 2u : 1u}).check("matmat", tolerance());
    }
  }
}

TEST_P(Matmat, EqualsTheReferenceForFewAndForManyRows) {
  for (unsigned rows : {1u, 2u, 7u, 8u, 9u, 17u, 31u, 32u, 33u, 64u, 65u, 130u}) {
    ProductScene({GetParam(), 2, 64, rows, GetParam().routed ? 3u : 1u}).check("matmat", tolerance());
  }
}

TEST_P(MatmatOfRowFormats, RoundsThePartsOfAStackToTheirSteps) {
  ProductScene({GetParam(), 7, 96, 9, 1, 1, true}).check("matmat", tolerance());
}

TEST_P(MatmatOfExperts, FindsItsExpertAmongMoreThanAWarp) {
  ProductScene({GetParam(), 1, 32, 60, 70, 1}).check("matmat", tolerance());
}

TEST_P(MatmatByWarpgroup, EqualsTheReferenceOfEveryShape) {
  for (unsigned columns : {32u, 64u, 96u, 128u, 160u, 352u, 672u}) {
    for (unsigned tiles : {1u, 3u, 9u}) {
      const unsigned rows = (columns / 32 * 13 + tiles * 17) % 140 + 1;
      ProductScene({GetParam(), tiles, columns, rows, experts(), rowsPerSource()}).check(op().c_str(), tolerance());
    }
  }
}

TEST_P(MatmatByWarpgroup, EqualsTheReferenceForFewAndForManyRows) {
  for (unsigned rows : {1u, 7u, 8u, 9u, 63u, 64u, 65u, 127u, 128u, 129u, 300u}) {
    ProductScene({GetParam(), 2, 64, rows, experts(), rowsPerSource()}).check(op().c_str(), tolerance());
  }
}

TEST_P(MatmatByWarpgroup, RoundsThePartsOfAStackToTheirSteps) {
  ProductScene({GetParam(), 7, 96, 70, experts(), rowsPerSource(), true}).check(op().c_str(), tolerance());
}

TEST_P(MatmatOfGroupsByWarpgroup, TakesScalesOfAnyMagnitude) {
  // More groups than a warp looks at together.
  ProductScene({GetParam(), 2, 1120, 20, experts(), rowsPerSource(), false, true}).check(op().c_str(), tolerance());
  for (unsigned columns : {32u, 96u, 352u}) {
    ProductScene({GetParam(), 9, columns, 70 + columns % 67, experts(), rowsPerSource(), false, true})
        .check(op().c_str(), tolerance());
  }
}

TEST_P(MatmatOfScalesInSteps, HasTheBitsOfBf16Scales) {
  ProductScene({GetParam(), 5, 160, 70, GetParam().routed ? 3u : 1u}).checkBitsOfWideScales("matmat");
}

TEST_P(MatmatOfScalesInStepsByWarpgroup, HasTheBitsOfBf16Scales) {
  ProductScene({GetParam(), 9, 352, 140, experts(), rowsPerSource()}).checkBitsOfWideScales(op().c_str());
}

std::string caseName(const testing::TestParamInfo<ProductKind> &info) { return formatsOf(info.param); }

INSTANTIATE_TEST_SUITE_P(Formats, Matmat, testing::ValuesIn(productKinds().begin(), productKinds().end()), caseName);
INSTANTIATE_TEST_SUITE_P(Formats, MatmatOfRowFormats, testing::ValuesIn(kindsWhere([](const ProductKind &kind) {
                           return isRowScaled(kind.weight);
                         })),
                         caseName);
INSTANTIATE_TEST_SUITE_P(Formats, MatmatByWarpgroup, testing::ValuesIn(kindsWhere([](const ProductKind &kind) {
                           return isRowScaled(kind.weight) || (kind.weight == LAP_BF16 && !kind.routed) ||
                                  kind.input == LAP_ROWS_Q8;
                         })),
                         caseName);
INSTANTIATE_TEST_SUITE_P(Formats, MatmatOfGroupsByWarpgroup, testing::ValuesIn(kindsWhere([](const ProductKind &kind) {
                           return kind.input == LAP_ROWS_Q8;
                         })),
                         caseName);
INSTANTIATE_TEST_SUITE_P(Formats, MatmatOfScalesInSteps, testing::ValuesIn(kindsWhere([](const ProductKind &kind) {
                           return hasScaleSteps(kind.weight);
                         })),
                         caseName);
INSTANTIATE_TEST_SUITE_P(Formats, MatmatOfScalesInStepsByWarpgroup,
                         testing::ValuesIn(kindsWhere([](const ProductKind &kind) {
                           return hasScaleSteps(kind.weight) && kind.input == LAP_ROWS_Q8;
                         })),
                         caseName);
INSTANTIATE_TEST_SUITE_P(Formats, MatmatOfExperts,
                         testing::ValuesIn(kindsWhere([](const ProductKind &kind) { return kind.routed; })), caseName);

} // namespace

} // namespace lapidary::cuda::test
