//===- AttentionOps.td - K/V caches and attention -----*- tablegen -*-===//
// SPDX-License-Identifier: Apache-2.0
//
// Caches are planned memory outside the arena that lives between calls; these are the only ops that touch it.
//===--------------------------------------------------------------------------===//
#ifndef LAPIDARY_DIALECTS_KERNEL_ATTENTIONOPS_TD
#define LAPIDARY_DIALECTS_KERNEL_ATTENTIONOPS_TD

include "dialects/kernel/ComputeOp.td"

def Kernel_KvCacheOp : Kernel_Op<"kv_cache", [Symbol]> {
  let summary = "The planned K/V cache of one layer";
  let description = [{
    A gemma.kv_cache after lowering: heads and dim of one position, the window (0 means all positions are visible), and
    where K and V lie in the cache block.

    ```mlir
    kernel.kv_cache @kv.0 heads 1 dim 16 window 8
      geometry <slots = 528, element = "f32", key = 0, value = 33792>
    kernel.kv_cache @kv.1 heads 1 dim 16 window 8 key_step 3.0e-02 value_step 2.5e-02
      geometry <slots = 528, element = "i8", key = 67584, value = 76032>
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, I64Attr:$heads, I64Attr:$dim, I64Attr:$window,
                       OptionalAttr<F32Attr>:$key_step, OptionalAttr<F32Attr>:$value_step, Kernel_CacheAttr:$geometry);
  let assemblyFormat = "$sym_name `heads` $heads `dim` $dim `window` $window (`key_step` $key_step^)? "
      "(`value_step` $value_step^)? `geometry` $geometry attr-dict";
  let hasVerifier = 1;
}

def Kernel_KvAppendOp : Kernel_ComputeOp<"kv_append", [DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "Writes K and V rows into a cache";
  let description = [{
    Row r of the call goes to slot `(position + r) % slots`. K arrives normed and rotated, V normed.

    ```mlir
    kernel.kv_append @kv.0, %k, %v
      : !kernel.buffer<tokens x 16 x f32>, !kernel.buffer<tokens x 16 x f32>
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$cache, Kernel_F32:$key, Kernel_F32:$value,
                        OptionalAttr<StrArrayAttr>:$kernels);
  let assemblyFormat = "$cache `,` $key `,` $value (`kernels` $kernels^)? `:` type(operands) attr-dict";
  let extraClassDeclaration = [{
    ::llvm::SmallVector<::mlir::Value> getWrittenBuffers() { return {}; }
    /// The K/V heads of the cache.
    RowItems getRowItems();
  }];
}

def Kernel_KvNormAppendOp : Kernel_ComputeOp<"kv_norm_append", [
    AttrSizedOperandSegments, DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "Norms K and V, rotates K, and writes both into a cache";
  let description = [{
    kernel.norm_rotary of `key` (with `weight` and `table`), kernel.rms_norm of `value` (without weight) and
    kernel.kv_append in one, for targets where an op costs more than its work; `key` and `value` stay as they are. With
    `query`, its kernel.norm_rotary into `out` (which may be the query), too.

    ```mlir
    kernel.kv_norm_append @kv.0, %k, %v, %w, %t eps 1.0e-6
      : !kernel.buffer<tokens x 16 x f32>, !kernel.buffer<tokens x 16 x f32>, !kernel.packed<16, <f32>, "vector">,
        !kernel.buffer<tokens x 16 x f32>
    kernel.kv_norm_append @kv.0, %k, %v, %w, %t eps 1.0e-6 query %q, %qw heads 4 into %q
      : !kernel.buffer<tokens x 16 x f32>, !kernel.buffer<tokens x 16 x f32>, !kernel.packed<16, <f32>, "vector">,
        !kernel.buffer<tokens x 16 x f32>, !kernel.buffer<tokens x 64 x f32>, !kernel.packed<16, <f32>, "vector">,
        !kernel.buffer<tokens x 64 x f32>
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$cache, Kernel_F32:$key, Kernel_F32:$value, Kernel_Packed:$weight,
                        Kernel_F32:$table, F32Attr:$eps, Optional<Kernel_F32>:$query,
                        Optional<Kernel_Packed>:$queryWeight, OptionalAttr<I64Attr>:$heads, Optional<Kernel_F32>:$out,
                        OptionalAttr<StrArrayAttr>:$kernels);
  let assemblyFormat = "$cache `,` $key `,` $value `,` $weight `,` $table `eps` $eps (`query` $query^ `,` $queryWeight "
      "`heads` $heads `into` $out)? (`kernels` $kernels^)? `:` type(operands) attr-dict";
  let extraClassDeclaration = [{
    ::llvm::SmallVector<::mlir::Value> getWrittenBuffers() {
      return getOut() ? ::llvm::SmallVector<::mlir::Value>{getOut()} : ::llvm::SmallVector<::mlir::Value>();
    }
  }];
}

def Kernel_AttentionOp : Kernel_ComputeOp<"attention", [DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "Attention of query rows over a cache";
  let description = [{
    Reads the cache after the kv_append of the same call. The window is that of the cache. Rows of `query` and `out`
    hold `heads` heads. `out` may be an integer buffer: then the result is rounded as kernel.quantize does (i8: with
    `step`), where the target says that its kernels can.

    ```mlir
    kernel.attention @kv.0, %q heads 4 into %o
      : !kernel.buffer<tokens x 64 x f32>, !kernel.buffer<tokens x 64 x f32>
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$cache, Kernel_F32:$query, I64Attr:$heads, OptionalAttr<F32Attr>:$step,
                        Kernel_F32OrIntegers:$out, OptionalAttr<StrArrayAttr>:$kernels);
  let assemblyFormat = "$cache `,` $query `heads` $heads (`step` $step^)? `into` $out (`kernels` $kernels^)? `:` "
      "type(operands) attr-dict";
}

#endif
