//===- ElementwiseOps.cpp - verifiers of elementwise kernels --------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Every operand has the size of `out`.
//===----------------------------------------------------------------------===//
#include "dialects/kernel/Verify.h"

using namespace mlir;
using namespace lapidary::kernel;

LogicalResult GeluMulOp::verify() {
  return success(succeeded(expectStepOf(*this, bufferOf(getOut()), getStepAttr())) &&
                 succeeded(expectSameSize(*this, "the gate", bufferOf(getGate()), bufferOf(getOut()))) &&
                 succeeded(expectSameSize(*this, "up", bufferOf(getUp()), bufferOf(getOut()))));
}

LogicalResult AddOp::verify() {
  return success(succeeded(expectSameSize(*this, "lhs", bufferOf(getLhs()), bufferOf(getOut()))) &&
                 succeeded(expectSameSize(*this, "rhs", bufferOf(getRhs()), bufferOf(getOut()))));
}

LogicalResult ScaleOp::verify() { return expectSameSize(*this, "the input", bufferOf(getInput()), bufferOf(getOut())); }

LogicalResult SoftcapOp::verify() {
  return success(succeeded(expectPositive(*this, "cap", getCap())) &&
                 succeeded(expectSameSize(*this, "the input", bufferOf(getInput()), bufferOf(getOut()))));
}

LogicalResult SelectLastOp::verify() {
  BufferType input = bufferOf(getInput());
  BufferType expected = BufferType::get(getContext(), /*perToken=*/false, 1, input.getColumns(), input.getElement());
  return expectType(*this, "out", getOut().getType(), expected);
}
