//===- FeedbackFactor.cpp - moments into feedback ------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// In double, and damped: a share of the mean diagonal is added to every diagonal element, which makes the matrix
// positive definite whatever was observed. Pivots that rounding pushed below the damping are lifted to it, so the
// factorization cannot fail and inputs that are always zero need no special case.
//===----------------------------------------------------------------------===//
#include "targets/common/packing/ErrorFeedback.h"

#include "targets/common/PackedLayout.h"

#include "llvm/ADT/STLExtras.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <numeric>

namespace lapidary {

namespace {

// Of the mean diagonal. On two small models with 12,000 to 38,000 calibration tokens, 0.01 to 0.3 differ by less than
// 10 % of the KL divergence and the models disagree about the best.
constexpr double damping = 0.1;

class Square {
public:
  explicit Square(uint64_t size) : size(size), values(size * size) {}
  double *row(uint64_t i) { return values.data() + i * size; }
  double &at(uint64_t i, uint64_t j) { return values[i * size + j]; }
  const uint64_t size;

private:
  std::vector<double> values;
};

/// Places of a block: groups by falling energy (equals in order), columns in order inside them.
std::vector<uint32_t> orderOf(llvm::ArrayRef<float> moments, uint64_t stride, uint64_t first, uint64_t columns) {
  std::vector<double> energy(columns / LAP_GROUP);
  for (uint64_t i = 0; i < columns; ++i) {
    double value = moments[(first + i) * stride + i];
    energy[i / LAP_GROUP] += value > 0 ? value : 0; // a NaN would make the order undefined
  }
  std::vector<uint32_t> groups(energy.size());
  std::iota(groups.begin(), groups.end(), 0);
  llvm::sort(groups, [&](uint32_t a, uint32_t b) { return energy[a] != energy[b] ? energy[a] > energy[b] : a < b; });
  std::vector<uint32_t> order;
  for (uint32_t group : groups) {
    for (uint32_t i = 0; i < LAP_GROUP; ++i) {
      order.push_back(group * LAP_GROUP + i);
    }
  }
  return order;
}

/// a = M D M^T in place: D on the diagonal, M above it. Works from the last column to the first; the updates of one
/// column run along rows.
void factorUpper(Square &a) {
  for (uint64_t k = a.size; k-- > 0;) {
    double pivot = a.at(k, k) = std::max(a.at(k, k), 1.0);
    // Column k becomes row k of a scratch copy, so that the inner loop is contiguous.
    std::vector<double> column(k);
    for (uint64_t i = 0; i < k; ++i) {
      column[i] = a.at(i, k);
    }
    for (uint64_t i = 0; i < k; ++i) {
      double factor = column[i] / pivot;
      a.at(i, k) = factor;
      double *row = a.row(i);
      for (uint64_t j = i; j < k; ++j) {
        row[j] -= factor * column[j];
      }
    }
  }
}

/// The rows of M^-1 above the diagonal, written as feedback[k][j].
std::vector<float> invertUpper(Square &m) {
  std::vector<float> feedback(m.size * m.size);
  std::vector<double> row(m.size);
  for (uint64_t j = 0; j < m.size; ++j) {
    // Row j of M^-1: r[j] = 1, r[k] = -sum over j <= i < k of r[i] M[i][k].
    std::fill(row.begin(), row.end(), 0.0);
    row[j] = 1;
    for (uint64_t i = j; i < m.size; ++i) {
      double known = row[i];
      const double *from = m.row(i);
      for (uint64_t k = i + 1; k < m.size; ++k) {
        row[k] -= known * from[k];
      }
    }
    for (uint64_t k = j + 1; k < m.size; ++k) {
      feedback[k * m.size + j] = static_cast<float>(row[k]);
    }
  }
  return feedback;
}

} // namespace

/// The block's moments in units of the damping, by place and damped. The identity when nothing was observed.
static Square dampedMoments(llvm::ArrayRef<float> moments, uint64_t stride, uint64_t first,
                            llvm::ArrayRef<uint32_t> order) {
  Square matrix(order.size());
  double trace = 0;
  bool finite = true;
  for (uint64_t i = 0; i < order.size(); ++i) {
    const float *row = &moments[(first + order[i]) * stride];
    for (uint64_t j = 0; j < order.size(); ++j) {
      matrix.at(i, j) = row[order[j]];
      finite &= std::isfinite(row[order[j]]);
    }
    trace += matrix.at(i, i);
  }
  const double added = damping * trace / static_cast<double>(order.size());
  const bool observed = added > 0 && finite;
  for (uint64_t i = 0; i < order.size(); ++i) {
    for (uint64_t j = 0; j < order.size(); ++j) {
      matrix.at(i, j) = (observed ? matrix.at(i, j) / added : 0) + (i == j);
    }
  }
  return matrix;
}

ErrorFeedback::Block ErrorFeedback::factor(llvm::ArrayRef<float> moments, uint64_t stride, uint64_t first,
                                           uint64_t columns) {
  Block block{first, columns, orderOf(moments, stride, first, columns), {}, {}, {}};
  Square matrix = dampedMoments(moments, stride, first, block.order);
  block.moments.assign(matrix.row(0), matrix.row(columns));
  factorUpper(matrix);
  for (uint64_t i = 0; i < columns; ++i) {
    block.weight.push_back(static_cast<float>(matrix.at(i, i)));
  }
  block.feedback = invertUpper(matrix);
  return block;
}

ErrorFeedback::ErrorFeedback(llvm::ArrayRef<float> moments, uint64_t columns)
    : columns(columns), paddedColumns(padColumns(columns)) {
  const uint64_t stride = momentStride(columns);
  assert(moments.size() == paddedColumns * stride && "moments of another width");
  for (uint64_t first = 0; first < paddedColumns; first += stride) {
    blocks.push_back(factor(moments, stride, first, std::min(stride, paddedColumns - first)));
  }
}

} // namespace lapidary
