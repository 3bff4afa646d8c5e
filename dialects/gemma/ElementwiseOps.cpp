//===- ElementwiseOps.cpp - verifiers of elementwise ops ------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Types already match by traits; what remains are the constants.
//===----------------------------------------------------------------------===//
#include "dialects/gemma/Verify.h"

using namespace mlir;
using namespace lapidary::gemma;

LogicalResult ScaleByWeightOp::verify() { return expectShape(*this, "the weight", getWeight().getType(), {1}); }

LogicalResult SoftcapOp::verify() { return expectPositive(*this, "cap", getCap()); }
