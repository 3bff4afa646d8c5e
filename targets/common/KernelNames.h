// KernelNames.h - the names of the kernels, without linking Halide.
// SPDX-License-Identifier: Apache-2.0
//
// A kernel's name says everything about it: dtype-op-tile-isa, for example `w4g32_bf16s-matvec-16x1-vnni`. The compiler
// asks here for the kernels an op needs, lapidary-kernelgen uses the same function to list and to build them, so a name
// is spelled in one place. The C symbol is the name with '-' replaced by '_'.
#ifndef LAPIDARY_TARGETS_COMMON_KERNELNAMES_H
#define LAPIDARY_TARGETS_COMMON_KERNELNAMES_H

#include "lapidary/ProgramAbi.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace lapidary {

/// One entry per kernel algorithm; the order is that of `lapidary-kernelgen --list`.
enum class KernelOp {
  Matvec,
  Matmat,
  Embed,
  Quantize,
  QuantizeResidual,
  QuantizeStatic,
  QuantizeRow,
  RmsNorm,
  RmsNormStatic,
  ResidualNorm,
  NormRotary,
  KvAppend,
  AttentionSlice,
  AttentionMerge,
  GeluMul,
  GeluMulStatic,
  Add,
  Scale,
  Softcap,
  CombineExperts,
};

/// The dtype part of a kernel's name. Ops on activations only are always `f32`.
inline std::string_view formatName(lap_format format) {
  switch (format) {
  case LAP_F32:
    return "f32";
  case LAP_BF16:
    return "bf16";
  case LAP_W8G32:
    return "w8g32_bf16s";
  case LAP_W4G32:
    return "w4g32_bf16s";
  case LAP_W4G32S8:
    return "w4g32_i8s";
  case LAP_W2ROW:
    return "w2row_f32s";
  case LAP_W4ROW:
    return "w4row_f32s";
  case LAP_W8ROW:
    return "w8row_f32s";
  case LAP_I8:
    return "i8";
  }
  return "unknown";
}

namespace detail {
struct KernelShape {
  KernelOp op;
  std::string_view middle; // op-tile
  // The formats the op distinguishes; an op without any is always f32.
  enum { None, Weight, Cache } variants;
};

inline constexpr KernelShape kernelShapes[] = {
    {KernelOp::Matvec, "matvec-16x1", KernelShape::Weight},
    {KernelOp::Matmat, "matmat-16x8", KernelShape::Weight},
    {KernelOp::Embed, "embed-1x32", KernelShape::Weight},
    {KernelOp::Quantize, "quantize-1x32", KernelShape::None},
    {KernelOp::QuantizeResidual, "quantize_residual-1x32", KernelShape::None},
    {KernelOp::QuantizeStatic, "quantize_static-1x32", KernelShape::None},
    {KernelOp::QuantizeRow, "quantize_row-1x32", KernelShape::None},
    {KernelOp::RmsNorm, "rms_norm-1x16", KernelShape::None},
    {KernelOp::RmsNormStatic, "rms_norm_static-1x16", KernelShape::None},
    {KernelOp::ResidualNorm, "residual_norm-1x16", KernelShape::None},
    {KernelOp::NormRotary, "norm_rotary-1x16", KernelShape::None},
    {KernelOp::KvAppend, "kv_append-1x16", KernelShape::Cache},
    {KernelOp::AttentionSlice, "attention_slice-8x16", KernelShape::Cache},
    {KernelOp::AttentionMerge, "attention_merge-8x16", KernelShape::None},
    {KernelOp::GeluMul, "gelu_mul-1x16", KernelShape::None},
    {KernelOp::GeluMulStatic, "gelu_mul_static-1x16", KernelShape::None},
    {KernelOp::Add, "add-1x16", KernelShape::None},
    {KernelOp::Scale, "scale-1x16", KernelShape::None},
    {KernelOp::Softcap, "softcap-1x16", KernelShape::None},
    {KernelOp::CombineExperts, "combine_experts-1x16", KernelShape::None},
};
} // namespace detail

/// The kernel of `op` for `format` on `isa` ("avx2", "avx512", "vnni"). `format` is the weight's format for
/// Matvec, Matmat and Embed, the cache's element for KvAppend and AttentionSlice, and ignored otherwise.
inline std::string kernelName(KernelOp op, lap_format format, std::string_view isa) {
  for (const detail::KernelShape &shape : detail::kernelShapes) {
    if (shape.op == op) {
      std::string name(shape.variants == detail::KernelShape::None ? "f32" : formatName(format));
      return name.append("-").append(shape.middle).append("-").append(isa);
    }
  }
  return {};
}

/// The formats that `op` has kernels for (one entry, LAP_F32, when it does not distinguish any).
inline std::vector<lap_format> kernelFormats(KernelOp op) {
  for (const detail::KernelShape &shape : detail::kernelShapes) {
    if (shape.op != op) {
      continue;
    }
    if (shape.variants == detail::KernelShape::Weight) {
      return {LAP_F32, LAP_BF16, LAP_W8G32, LAP_W4G32, LAP_W4G32S8, LAP_W2ROW, LAP_W4ROW, LAP_W8ROW};
    }
    if (shape.variants == detail::KernelShape::Cache) {
      return {LAP_F32, LAP_BF16, LAP_I8};
    }
  }
  return {LAP_F32};
}

/// The C symbol of a kernel.
inline std::string kernelSymbol(std::string_view name) {
  std::string symbol(name);
  std::replace(symbol.begin(), symbol.end(), '-', '_');
  return symbol;
}

} // namespace lapidary

#endif
