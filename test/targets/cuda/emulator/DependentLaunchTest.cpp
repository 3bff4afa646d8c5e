//===- DependentLaunchTest.cpp - kernels that may overlap earlier ones ------===//
// SPDX-License-Identifier: Apache-2.0
//
// What kernels may do before griddepcontrol.wait when they are launched with the attribute for programmatic dependent
// launch, and what is said otherwise.
//===----------------------------------------------------------------------===//
#include "EmulatorFixture.h"

#include <cstdlib>
#include <functional>

namespace lapidary::cuda::emulator::test {

namespace {

constexpr const char *declarations = R"(
@s = internal addrspace(3) global [4 x i32] undef, align 16
declare void @llvm.nvvm.griddepcontrol.wait()
declare void @llvm.nvvm.griddepcontrol.launch.dependents()
declare void @llvm.nvvm.cp.async.bulk.prefetch.L2(ptr addrspace(1), i32, i64, i1)
declare void @llvm.nvvm.cp.async.ca.shared.global.4(ptr addrspace(3), ptr addrspace(1))
declare void @llvm.nvvm.cp.async.wait.all()
)";
constexpr const char *wait = "  call void @llvm.nvvm.griddepcontrol.wait()\n";
constexpr const char *load = "  %v = load i32, ptr addrspace(1) %from\n";
constexpr const char *store = "  store i32 5, ptr addrspace(1) %to\n";

/// Kernel @k(i64 %x, i64 %y), whose body sees %from and %to, and @write(i64 %x), which writes to x[0].
std::string kernels(const std::string &body) {
  return declarations + std::string(R"(
define ptx_kernel void @write(i64 %x) {
  %xs = inttoptr i64 %x to ptr addrspace(1)
  store i32 1, ptr addrspace(1) %xs
  ret void
}
define ptx_kernel void @k(i64 %x, i64 %y) {
  %thread = call i32 @llvm.nvvm.read.ptx.sreg.tid.x()
  %from = inttoptr i64 %x to ptr addrspace(1)
  %to = inttoptr i64 %y to ptr addrspace(1)
  call void @llvm.nvvm.griddepcontrol.launch.dependents()
)") + body +
         "  ret void\n}\n";
}

CUresult launchEx(CUstream stream, CUfunction function, CUdeviceptr x, CUdeviceptr y, CUlaunchAttribute attribute) {
  void *parameters[] = {&x, &y};
  const CUlaunchConfig config = {1, 1, 1, 2, 1, 1, 0, stream, &attribute, 1};
  return cuLaunchKernelEx(&config, function, parameters, nullptr);
}

constexpr CUlaunchAttribute overlap = {CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_STREAM_SERIALIZATION, 0, {1}};

/// Runs `launches` in a process of its own, which ends with 3 if the kernel was reported.
void expect(const std::string &body, const char *message,
            const std::function<CUresult(Kernels &, CUdeviceptr, CUdeviceptr)> &launches) {
  Kernels built(kernels(body));
  auto run = [&] {
    built.load();
    Buffer<int32_t> x(4), y(4);
    const CUresult result = launches(built, x.address, y.address);
    std::_Exit(result == CUDA_SUCCESS ? 0 : result == CUDA_ERROR_ILLEGAL_ADDRESS ? 3 : 4);
  };
  EXPECT_EXIT(run(), testing::ExitedWithCode(*message ? 3 : 0), *message ? message : "^$");
}

CUresult overlapping(Kernels &built, CUdeviceptr x, CUdeviceptr y) {
  return launchEx(nullptr, built.function("k"), x, y, overlap);
}

/// Behind a kernel that writes to x.
CUresult afterWriting(Kernels &built, CUdeviceptr x, CUdeviceptr y) {
  const CUresult result = launch(built.function("write"), 1, 1, 0, x);
  return result == CUDA_SUCCESS ? overlapping(built, x, y) : result;
}

TEST(DependentLaunch, ReadsWeightsEarlyAndTheRestBehindTheWait) {
  expect(load + std::string(wait) + "  %one = icmp eq i32 %thread, 0\n  br i1 %one, label %b, label %e\nb:\n" + store +
             "  br label %e\ne:\n",
         "", overlapping);
  expect(wait + std::string(load), "", afterWriting);
}

TEST(DependentLaunch, ReadsTooEarlyWhatKernelsWrite) {
  expect(load + std::string(wait),
         "kernel 'k', block \\(0, 0, 0\\), thread \\(0, 0, 0\\): reads 4 bytes before griddepcontrol.wait, in memory "
         "that kernels write: at byte 0 of an allocation of 16 bytes\n  at instruction .* of 'k': %v = load i32",
         afterWriting);
}

TEST(DependentLaunch, CopiesTooEarlyWhatKernelsWrite) {
  const std::string copy = "  call void @llvm.nvvm.cp.async.ca.shared.global.4(ptr addrspace(3) @s, ptr addrspace(1) "
                           "%from)\n  call void @llvm.nvvm.cp.async.wait.all()\n";
  const std::string one =
      "  %one = icmp eq i32 %thread, 0\n  br i1 %one, label %b, label %e\nb:\n" + copy + "  br label %e\ne:\n" + wait;
  expect(one, "", overlapping);
  expect(one, "reads 4 bytes before griddepcontrol.wait", afterWriting);
}

TEST(DependentLaunch, WritesTooEarly) {
  expect(store + std::string(wait),
         "writes 4 bytes before griddepcontrol.wait, while earlier kernels may still use them", overlapping);
  expect("  %old = atomicrmw add ptr addrspace(1) %to, i32 1 monotonic\n" + std::string(wait),
         "writes 4 bytes before griddepcontrol.wait", overlapping);
}

TEST(DependentLaunch, EndsWithoutAWait) {
  const std::string half = "  %one = icmp eq i32 %thread, 0\n  br i1 %one, label %b, label %e\nb:\n" +
                           std::string(wait) + "  br label %e\ne:\n";
  expect(half, "thread \\(1, 0, 0\\): ends without griddepcontrol.wait", overlapping);
  expect("", "thread \\(0, 0, 0\\): ends without griddepcontrol.wait", overlapping);
}

TEST(DependentLaunch, IsAnyKernelWithoutTheAttribute) {
  expect(load, "", [](Kernels &built, CUdeviceptr x, CUdeviceptr y) {
    launch(built.function("write"), 1, 1, 0, x);
    launchEx(nullptr, built.function("k"), x, y, {overlap.id, 0, {0}});
    return launch(built.function("k"), 1, 1, 0, x, y);
  });
}

TEST(DependentLaunch, IsCaptured) {
  expect(load + std::string(wait), "reads 4 bytes before griddepcontrol.wait",
         [](Kernels &built, CUdeviceptr x, CUdeviceptr y) {
           CUstream stream = nullptr;
           CUgraph graph = nullptr;
           CUgraphExec executable = nullptr;
           cuStreamCreate(&stream, 0);
           cuStreamBeginCapture_v2(stream, 0);
           launchOn(stream, built.function("write"), 1, 1, 0, x);
           launchEx(stream, built.function("k"), x, y, overlap);
           cuStreamEndCapture(stream, &graph);
           cuGraphInstantiateWithFlags(&executable, graph, 0);
           return cuGraphLaunch(executable, stream);
         });
}

TEST(DependentLaunch, RefusesWhatTheDeviceDoesNotHave) {
  Kernels built(kernels(wait));
  auto run = [&](const char *capability, CUlaunchAttribute attribute) {
    setenv("LAPIDARY_EMULATED_CAPABILITY", capability, 1);
    built.load();
    Buffer<int32_t> x(4);
    const CUresult result = launchEx(nullptr, built.function("k"), x.address, x.address, attribute);
    std::_Exit(result == CUDA_ERROR_INVALID_VALUE ? 3 : 4);
  };
  EXPECT_EXIT(run("89", overlap), testing::ExitedWithCode(3), "needs compute capability 9.0");
  EXPECT_EXIT(run("90", {4, 0, {1}}), testing::ExitedWithCode(3), "launch attribute 4 is not emulated");
}

TEST(DependentLaunch, PrefetchesWithinAnAllocation) {
  auto prefetch = [](const char *address, const char *bytes) {
    return std::string(address) + "  call void @llvm.nvvm.cp.async.bulk.prefetch.L2(ptr addrspace(1) %at, i32 " +
           bytes + ", i64 0, i1 false)\n" + wait;
  };
  const char *start = "  %at = getelementptr i8, ptr addrspace(1) %from, i32 0\n";
  const char *second = "  %at = getelementptr i8, ptr addrspace(1) %from, i32 4\n";
  expect(prefetch(start, "16"), "", overlapping);
  expect(prefetch(start, "32"), "prefetches 32 bytes out of bounds: at byte 0 of an allocation of 16", overlapping);
  expect(prefetch(start, "8"), "prefetches 8 bytes, expected a multiple of 16", overlapping);
  expect(prefetch(start, "0"), "prefetches 0 bytes, expected", overlapping);
  expect(prefetch(second, "16"), "at an address that is one \\(at byte 4", overlapping);
}

} // namespace
} // namespace lapidary::cuda::emulator::test
