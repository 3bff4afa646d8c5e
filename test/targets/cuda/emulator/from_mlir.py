#!/usr/bin/env python3
"""A kernel of MLIR's gpu dialect, through MLIR's own tools to the emulated GPU, as a program uses it: libcuda.so.1 is
opened for this process alone, and finds libkernels.so beside itself.
SPDX-License-Identifier: Apache-2.0

Usage: from_mlir.py LLVM_TOOLS EMULATE_KERNELS LIBCUDA
"""
import ctypes
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

# sum[0] += x[i] of a block of 64: by shuffles in a warp, through shared memory between warps; one atomic add per block.
KERNEL = """
gpu.module @kernels {
  gpu.func @sum(%x: i64, %sum: i64) workgroup(%partial: memref<2xi32, #gpu.address_space<workgroup>>)
      kernel attributes {nvvm.reqntid = array<i32: 64, 1, 1>} {
    %thread = gpu.thread_id x
    %block = gpu.block_id x
    %threads = gpu.block_dim x
    %first = arith.muli %block, %threads : index
    %at = arith.addi %first, %thread : index
    %i = arith.index_cast %at : index to i64
    %xs = llvm.inttoptr %x : i64 to !llvm.ptr<1>
    %from = llvm.getelementptr %xs[%i] : (!llvm.ptr<1>, i64) -> !llvm.ptr<1>, i32
    %own = llvm.load %from : !llvm.ptr<1> -> i32
    %width = arith.constant 32 : i32
    %c1 = arith.constant 1 : index
    %c0 = arith.constant 0 : index
    %c5 = arith.constant 5 : index
    %one = arith.constant 1 : i32
    %warpSum, %last = scf.for %step = %c0 to %c5 step %c1 iter_args(%v = %own, %distance = %one) -> (i32, i32) {
      %other, %valid = gpu.shuffle xor %v, %distance, %width : i32
      %next = arith.addi %v, %other : i32
      %double = arith.addi %distance, %distance : i32
      scf.yield %next, %double : i32, i32
    }
    %c32 = arith.constant 32 : index
    %warp = arith.divui %thread, %c32 : index
    %lane = gpu.lane_id
    %leads = arith.cmpi eq, %lane, %c0 : index
    scf.if %leads {
      memref.store %warpSum, %partial[%warp] : memref<2xi32, #gpu.address_space<workgroup>>
    }
    gpu.barrier
    %begins = arith.cmpi eq, %thread, %c0 : index
    scf.if %begins {
      %a = memref.load %partial[%c0] : memref<2xi32, #gpu.address_space<workgroup>>
      %b = memref.load %partial[%c1] : memref<2xi32, #gpu.address_space<workgroup>>
      %total = arith.addi %a, %b : i32
      %to = llvm.inttoptr %sum : i64 to !llvm.ptr<1>
      %before = llvm.atomicrmw add %to, %total monotonic : !llvm.ptr<1>, i32
    }
    gpu.return
  }
}
"""
PIPELINE = ("builtin.module(convert-scf-to-cf,gpu.module(convert-gpu-to-nvvm,convert-arith-to-llvm),convert-cf-to-llvm,"
            "reconcile-unrealized-casts)")


def run(command, text):
    done = subprocess.run(command, input=text, text=True, capture_output=True)
    if done.returncode != 0:
        sys.exit(f"{command[0]} failed:\n{done.stderr}")
    return done.stdout


def build(tools, emulate, folder):
    """The library of the kernel, libkernels.so in `folder`."""
    lowered = run([f"{tools}/mlir-opt", f"--pass-pipeline={PIPELINE}"], KERNEL)
    body = re.search(r"gpu\.module @kernels[^{]*\{(.*)\}\s*\}\s*$", lowered, re.DOTALL).group(1)
    (folder / "kernels.ll").write_text(run([f"{tools}/mlir-translate", "--mlir-to-llvmir"], body))
    run([emulate, str(folder / "kernels.ll"), str(folder / "libkernels.so")], "")


def check(what, result):
    if result != 0:
        sys.exit(f"{what} returned {result}")


def check_limits(cuda):
    major, total, address = ctypes.c_int(), ctypes.c_size_t(), ctypes.c_uint64()
    check("cuDeviceGetAttribute", cuda.cuDeviceGetAttribute(ctypes.byref(major), 75, 0))
    check("cuDeviceTotalMem", cuda.cuDeviceTotalMem_v2(ctypes.byref(total), 0))
    if (major.value, total.value) != (12, 3000000):
        sys.exit(f"capability {major.value}.x and {total.value} bytes, expected 12.x and 3000000")
    if cuda.cuMemAlloc_v2(ctypes.byref(address), ctypes.c_size_t(3000001)) != 2:
        sys.exit("more memory than there is was allocated")


def main():
    tools, emulate, library = sys.argv[1:]
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        build(tools, emulate, folder)
        shutil.copy(library, folder / "libcuda.so.1")
        os.environ.pop("LAPIDARY_EMULATED_KERNELS", None)
        os.environ |= {"LAPIDARY_EMULATED_CAPABILITY": "120", "LAPIDARY_EMULATED_MEMORY": "3000000"}
        cuda = ctypes.CDLL(str(folder / "libcuda.so.1"))  # RTLD_LOCAL
        check("cuInit", cuda.cuInit(0))
        check_limits(cuda)
        module, kernel = ctypes.c_void_p(), ctypes.c_void_p()
        image = b".version 8.0\n.target sm_80\n.visible .entry sum(\n"
        check("cuModuleLoadDataEx", cuda.cuModuleLoadDataEx(ctypes.byref(module), image, 0, None, None))
        check("cuModuleGetFunction", cuda.cuModuleGetFunction(ctypes.byref(kernel), module, b"sum"))
        numbers = (ctypes.c_int32 * 256)(*(i * i - 7 for i in range(256)))
        x, total = ctypes.c_uint64(), ctypes.c_uint64()
        check("cuMemAlloc", cuda.cuMemAlloc_v2(ctypes.byref(x), ctypes.c_size_t(1024)))
        check("cuMemAlloc", cuda.cuMemAlloc_v2(ctypes.byref(total), ctypes.c_size_t(4)))
        check("cuMemcpyHtoD", cuda.cuMemcpyHtoD_v2(x, numbers, ctypes.c_size_t(1024)))
        check("cuMemsetD8", cuda.cuMemsetD8_v2(total, 0, ctypes.c_size_t(4)))
        parameters = (ctypes.c_void_p * 2)(ctypes.addressof(x), ctypes.addressof(total))
        check("cuLaunchKernel", cuda.cuLaunchKernel(kernel, 4, 1, 1, 64, 1, 1, 0, None, parameters, None))
        got = ctypes.c_int32()
        check("cuMemcpyDtoH", cuda.cuMemcpyDtoH_v2(ctypes.byref(got), total, ctypes.c_size_t(4)))
        if got.value != sum(numbers):
            sys.exit(f"the sum is {got.value}, expected {sum(numbers)}")
    print("sum of 256 numbers: ok")


if __name__ == "__main__":
    main()
