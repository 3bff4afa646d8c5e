//===- CudaTargetTest.cpp - what the CUDA target's name may say -----------------===//
// SPDX-License-Identifier: Apache-2.0
#include "passes/TargetBackend.h"

#include <gtest/gtest.h>

using namespace lapidary;

TEST(CudaTarget, ItsNameTakesSeveralCapabilities) {
  Diagnostics diagnostics;
  auto target = createTarget("cuda-sm_90+sm_80", diagnostics);
  ASSERT_TRUE(target);
  EXPECT_EQ(target->targetString(), "cuda-sm_80+sm_90");
  auto one = createTarget("cuda-sm_80", diagnostics);
  ASSERT_TRUE(one);
  EXPECT_LT(one->codeBytes(), target->codeBytes()) << "a cubin for each";
  EXPECT_FALSE(createTarget("cuda-sm_91", diagnostics));
  EXPECT_FALSE(createTarget("cudasm_90", diagnostics));
}
