//===- Passes.td - the passes of the lower and plan phases ----*- tablegen -*-===//
// SPDX-License-Identifier: Apache-2.0
//
// From ops that mean something to ops that run: buffers, kernels, barriers, one arena, and for CPU targets the calls of
// the op drivers. docs/pipeline.md gives the order. Every pass keeps locations.
//===--------------------------------------------------------------------------===//
#ifndef LAPIDARY_PASSES_LOWERING_PASSES_TD
#define LAPIDARY_PASSES_LOWERING_PASSES_TD

include "mlir/Pass/PassBase.td"

class Lowering_Pass<string argument> : Pass<argument, "::mlir::ModuleOp"> {
  let dependentDialects = ["::lapidary::gemma::GemmaDialect", "::lapidary::kernel::KernelDialect"];
}

defvar targetOption = Option<"targetName", "target", "std::string", /*default=*/"",
                             "Target to lower for, as --target= spells it; empty: the first of this build">;
defvar chunkOption = Option<"chunk", "chunk", "unsigned", /*default=*/"512", "Most tokens per call">;

def LowerGemmaToKernel : Lowering_Pass<"lower-gemma-to-kernel"> {
  let summary = "Turn tensors into buffers and gemma ops into kernel ops";
  let description = [{
    Every tensor becomes a `kernel.alloc` buffer or a view of one: split_heads and merge_heads vanish, slice_columns is a
    `kernel.columns`, norms and elementwise ops overwrite their input where nothing reads it later. The final product
    writes the caller's logits. K/V results stand for their cache. Functions lose arguments and results.

    ```mlir
    // before
    func.func @step(%ids: tensor<?xi32>, %positions: tensor<?xi32>) -> tensor<1x512xf32> {
      %h = gemma.rms_norm %x, %w eps 1.0e-6 : tensor<1x96xf32>, !kernel.packed<96, <f32>, "vector">
      %y = gemma.linear %h, %e : (tensor<1x96xf32>, !kernel.packed<512x96, <bf16>, "tiles16">) -> tensor<1x512xf32>
    // after
    func.func @step() {
      kernel.rms_norm %x, %w heads 1 eps 1.0e-6 into %x : ...
      %l = kernel.logits : !kernel.buffer<1 x 512 x f32>
      kernel.matmul %x, %e into %l : ...
    ```
  }];
  let options = [targetOption, chunkOption];
  let dependentDialects = ["::lapidary::gemma::GemmaDialect", "::lapidary::kernel::KernelDialect",
                           "::mlir::func::FuncDialect"];
  let statistics = [
    Statistic<"numInPlace", "in-place", "Number of results that overwrite an operand">,
    Statistic<"numBuffers", "buffers", "Number of buffers allocated">];
}

def FuseKvNorms : Lowering_Pass<"fuse-kv-norms"> {
  let summary = "Fuse the norms of K and V with the write into their cache";
  let description = [{
    For targets that ask for it (`TargetBackend::fusesKvNorms`). The query's norm joins where it has the same rows, angles
    and eps and nothing is in its way. Normed keys and values that something else reads are left alone.

    ```mlir
    // before
    kernel.norm_rotary %q, %qw, %t heads 4 eps 1.0e-6 into %q : ...
    kernel.norm_rotary %k, %w, %t heads 1 eps 1.0e-6 into %k : ...
    kernel.rms_norm %v heads 1 eps 1.0e-6 into %v : ...
    kernel.kv_append @kv.0, %k, %v : ...
    // after
    kernel.kv_norm_append @kv.0, %k, %v, %w, %t eps 1.0e-6 query %q, %qw heads 4 into %q : ...
    ```
  }];
  let options = [targetOption];
  let statistics = [Statistic<"numFused", "caches-fused", "Number of cache writes that took their norms along">];
}

def SelectKernels : Lowering_Pass<"select-kernels"> {
  let summary = "Ask the target which kernels run each op";
  let description = [{
    Sets `kernels` on every compute op to the names the target answers, in the order of the op driver's parameters. Ops
    that need none stay without.

    ```mlir
    kernel.quantize %x into %q kernels ["f32-quantize-1x32-avx2"] : ...
    ```
  }];
  let options = [targetOption];
  let statistics = [Statistic<"numSelected", "ops-with-kernels", "Number of ops that got kernels">];
}

def InsertBarriers : Lowering_Pass<"insert-barriers"> {
  let summary = "Insert the barriers the lanes need, and no others";
  let description = [{
    All lanes run all ops and may be apart by any number of ops. An op that reads what an op since the last barrier
    wrote, or overwrites what one read or wrote, needs a barrier in front of it; columns of one buffer that do not meet
    are independent, and so are ops in which every lane works on whole rows of its own. Every function ends with a barrier, so that the caller can read what it wrote.

    ```mlir
    kernel.quantize %x into %q : ...
    kernel.barrier
    kernel.matmul %q, %w into %y : ...
    kernel.barrier
    return
    ```
  }];
  let statistics = [Statistic<"numBarriers", "barriers", "Number of barriers inserted">];
}

def PlanMemory : Lowering_Pass<"plan-memory"> {
  let summary = "Place all buffers of a program in one arena";
  let description = [{
    A buffer lives from the barrier before its first use to the barrier after its last: between two barriers lanes may be
    at different ops. Buffers whose lives meet get different places, largest first, each at the lowest offset that is
    free; offsets are multiples of 64. All functions share one arena. Sets `kernel.arena_bytes` on the module.

    ```mlir
    %0 = kernel.alloc at 0 : !kernel.buffer<tokens x 96 x f32>
    ```
  }];
  let options = [chunkOption];
  let statistics = [
    Statistic<"arenaBytes", "arena-bytes", "Bytes of the arena">,
    Statistic<"bytesWithoutReuse", "bytes-without-reuse", "Bytes the largest function would need without reuse">];
}

def LowerKernelToLlvm : Lowering_Pass<"lower-kernel-to-llvm"> {
  let summary = "Turn planned functions into calls of the op drivers";
  let description = [{
    For targets whose programs link the runtime's op drivers. Each function becomes `lap_program_<name>`, each op a call
    of its driver with a constant argument block (the C structs of ProgramAbi.h, byte for byte) and its kernels.

    ```mlir
    // before
    kernel.quantize %x into %q kernels ["f32-quantize-1x32-avx2"] : ...
    // after
    llvm.mlir.global internal constant @"lap_args.step.0"("...") {alignment = 8 : i64}
    llvm.call @lap_op_quantize(%step, %args, %kernel, %lane, %lanes) : (!llvm.ptr, !llvm.ptr, !llvm.ptr, i32, i32) -> ()
    ```
  }];
  let options = [targetOption];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect"];
  let statistics = [Statistic<"numCalls", "driver-calls", "Number of op driver calls">];
}

#endif
