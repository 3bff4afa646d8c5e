//===- WgmmaKernel.h - kernels with wgmma in LLVM's text form ----------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The inline assembly that targets/cuda/emulator/WgmmaText.h describes, for tests that write kernels.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_TEST_TARGETS_CUDA_EMULATOR_WGMMAKERNEL_H
#define LAPIDARY_TEST_TARGETS_CUDA_EMULATOR_WGMMAKERNEL_H

#include <string>
#include <vector>

namespace lapidary::cuda::emulator::test {

/// Names of SSA values.
using Names = std::vector<std::string>;

/// "%name0", "%name1", ..
Names numbered(const std::string &name, unsigned count);

struct WgmmaShape {
  enum Elements { S8, Bf16, F16 };
  unsigned n;
  Elements elements;
  unsigned sums() const { return n / 2; }
  bool floats() const { return elements != S8; }
  std::string sumType() const { return floats() ? "float" : "i32"; }
};

/// Declarations of what these kernels call besides.
std::string wgmmaDeclarations();

/// Instructions that make `results` of `sums`: a product with A (4 i32) and a descriptor (i64).
std::string product(const WgmmaShape &shape, const Names &results, const Names &sums, const Names &a,
                    const std::string &descriptor);
/// wgmma.fence or wgmma.wait_group N ("wgmma.wait_group.sync.aligned 0;") that passes values of one type through.
std::string passThrough(const std::string &assembly, const std::string &type, const Names &results,
                        const Names &values);
inline std::string fence(const std::string &type, const Names &results, const Names &values) {
  return passThrough("wgmma.fence.sync.aligned;", type, results, values);
}
inline std::string waitFor(unsigned groups, const std::string &type, const Names &results, const Names &values) {
  return passThrough("wgmma.wait_group.sync.aligned " + std::to_string(groups) + ";", type, results, values);
}
constexpr const char *commit = "  call void @llvm.nvvm.wgmma.commit_group.sync.aligned()\n";

} // namespace lapidary::cuda::emulator::test

#endif // LAPIDARY_TEST_TARGETS_CUDA_EMULATOR_WGMMAKERNEL_H
