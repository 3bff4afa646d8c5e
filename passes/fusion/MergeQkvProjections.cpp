//===- MergeQkvProjections.cpp - merge-qkv-projections -----------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The projections of one attention block read the same normed rows; stacked they are one product:
//
//   %q = gemma.linear %h, %wq          %w = gemma.concat_rows %wq, %wk, %wv
//   %k = gemma.linear %h, %wk    ->    %y = gemma.linear %h, %w
//   %v = gemma.linear %h, %wv          %q, %k, %v = gemma.slice_columns %y from 0, .., ..
//
// What a projection is for is read off its uses: heads are split, normed and rotated, then appended to a cache (K, V)
// or compared with one (Q). Layers whose V is the raw K projection (gemma4-spec 4.4) have two products, layers that
// share K/V one, which stays alone.
//===----------------------------------------------------------------------===//
#include "passes/fusion/MergeLinears.h"
#include "passes/fusion/Passes.h"

#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SetVector.h"

#include <array>
#include <optional>

using namespace mlir;

namespace lapidary {
#define GEN_PASS_DEF_MERGEQKVPROJECTIONS
#include "passes/fusion/Passes.h.inc"

namespace {
/// In the order in which their weights are stacked.
enum class Role { Query, Key, Value };

/// The projections of one input, by role, then in program order.
using Projections = std::array<SmallVector<gemma::LinearOp>, 3>;

/// What one use makes of a projection: a role, or nothing when the op is no end of the chain.
std::optional<Role> roleOfUse(OpOperand &use) {
  Operation *user = use.getOwner();
  unsigned index = use.getOperandNumber();
  if (isa<gemma::KvUpdateOp>(user) && index < 2) {
    return index == 0 ? Role::Key : Role::Value;
  }
  if (isa<gemma::HeadScoresOp, gemma::SlidingAttentionOp, gemma::GlobalAttentionOp>(user) && index == 0) {
    return Role::Query;
  }
  return std::nullopt;
}

/// True for ops between a projection and its attention; their first operand carries it.
bool isBetween(OpOperand &use) {
  return use.getOperandNumber() == 0 && isa<gemma::SplitHeadsOp, gemma::MergeHeadsOp, gemma::RmsNormOp, gemma::RotaryOp,
                                            gemma::NormRotaryOp, gemma::StaticRoundOp>(use.getOwner());
}

/// The role of a product all of whose uses end in attention; K when it is both K and V.
std::optional<Role> roleOf(gemma::LinearOp linear) {
  llvm::SetVector<Value> values;
  values.insert(linear.getResult());
  std::optional<Role> role;
  for (size_t next = 0; next < values.size(); ++next) {
    Value value = values[next];
    for (OpOperand &use : value.getUses()) {
      if (std::optional<Role> end = roleOfUse(use)) {
        role = role ? std::min(*role, *end) : *end;
      } else if (isBetween(use)) {
        values.insert(use.getOwner()->getResult(0));
      } else {
        return std::nullopt;
      }
    }
  }
  return role;
}

struct MergeQkvProjections : impl::MergeQkvProjectionsBase<MergeQkvProjections> {
  void runOnOperation() override {
    WeightReaders readers(getOperation());
    llvm::MapVector<std::pair<Block *, Value>, Projections> groups;
    getOperation().walk([&](gemma::LinearOp linear) {
      if (!readers.isMergeable(linear)) {
        return;
      }
      if (std::optional<Role> role = roleOf(linear)) {
        groups[{linear->getBlock(), linear.getInput()}][static_cast<size_t>(*role)].push_back(linear);
      }
    });
    IRRewriter rewriter(&getContext());
    for (auto &[key, projections] : groups) {
      SmallVector<gemma::LinearOp> linears =
          llvm::to_vector(llvm::concat<gemma::LinearOp>(projections[0], projections[1], projections[2]));
      if (linears.size() > 1 && succeeded(mergeLinears(rewriter, linears))) {
        numMerged += linears.size() - 1;
      }
    }
  }
};
} // namespace
} // namespace lapidary
