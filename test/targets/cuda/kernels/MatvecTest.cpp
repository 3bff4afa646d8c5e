//===- MatvecTest.cpp - products of one row against their definition ---------===//
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//
#include "KernelFixture.h"
#include "ProductScene.h"

#include "targets/common/PackedLayout.h"

namespace lapidary::cuda::test {

namespace {

class Matvec : public testing::TestWithParam<ProductKind> {
protected:
  double tolerance() const { return 0x1p-20; }
};
class MatvecOfRowFormats : public Matvec {};
class MatvecOfExperts : public Matvec {};
class MatvecOfScalesInSteps : public Matvec {};

TEST_P(Matvec, EqualsTheReferenceOfEveryShape) {
  const bool routed = GetParam().routed;
  for (unsigned columns : {32u, 64u, 96u, 160u, 352u, 1536u, 2080u}) {
    for (unsigned tiles : {1u, 3u}) {
      if (columns > 1000 && tiles > 1) {
        continue;
      }
      ProductScene({GetParam(), tiles, columns, routed ? 7u : 2u, routed ? 5u : 1u, routed ? 2u : 1u})
          .check("matvec", tolerance());
    }
  }
}

TEST_P(Matvec, EqualsTheReferenceForFewRows) {
  for (unsigned rows = 1; rows <= 11; ++rows) {
    ProductScene({GetParam(), 2, rows % 3 == 0 ? 96u : 352u, rows, GetParam().routed ? 3u : 1u})
        .check("matvec", tolerance());
  }
}

TEST_P(MatvecOfRowFormats, RoundsThePartsOfAStackToTheirSteps) {
  for (unsigned rows : {1u, 3u}) {
    ProductScene({GetParam(), 7, 96, rows, 1, 1, true}).check("matvec", tolerance());
  }
}

TEST_P(MatvecOfExperts, FindsItsExpertAmongMoreThanAWarp) {
  ProductScene({GetParam(), 1, 32, 60, 70, 1}).check("matvec", tolerance());
}

TEST_P(MatvecOfScalesInSteps, HasTheBitsOfBf16Scales) {
  for (unsigned rows : {1u, 5u, 8u}) {
    ProductScene({GetParam(), 3, 352, rows, GetParam().routed ? 3u : 1u}).checkBitsOfWideScales("matvec");
  }
}

std::string caseName(const testing::TestParamInfo<ProductKind> &info) { return formatsOf(info.param); }

INSTANTIATE_TEST_SUITE_P(Formats, Matvec, testing::ValuesIn(productKinds().begin(), productKinds().end()), caseName);
INSTANTIATE_TEST_SUITE_P(Formats, MatvecOfRowFormats, testing::ValuesIn(kindsWhere([](const ProductKind &kind) {
                           return isRowScaled(kind.weight);
                         })),
                         caseName);
INSTANTIATE_TEST_SUITE_P(Formats, MatvecOfScalesInSteps, testing::ValuesIn(kindsWhere([](const ProductKind &kind) {
                           return hasScaleSteps(kind.weight);
                         })),
                         caseName);
INSTANTIATE_TEST_SUITE_P(Formats, MatvecOfExperts,
                         testing::ValuesIn(kindsWhere([](const ProductKind &kind) { return kind.routed; })), caseName);

} // namespace

} // namespace lapidary::cuda::test
