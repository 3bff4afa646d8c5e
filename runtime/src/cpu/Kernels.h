//===- Kernels.h - the argument lists of the kernels ----------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// A driver receives its kernels as lap_kernel*, because generated code knows only their names, and casts them to these
// types. Shapes and meanings are documented at the algorithms in targets/common/algorithms. Kernels return 0.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_RUNTIME_CPU_KERNELS_H
#define LAPIDARY_RUNTIME_CPU_KERNELS_H

#include "HalideAbi.h"
#include "lapidary/ProgramAbi.h"

namespace lap {

using B = HalideBuffer *;

using FloatMatmulKernel = int(B x, B w, B out);
using GroupMatmulKernel = int(B values, B scales, B sums, B weightScales, B weights, B out);
using SteppedGroupMatmulKernel = int(B values, B scales, B sums, B steps, B weightScales, B weights, B out);
/// At most MaxRowMatmulRows tokens a call.
using RowMatmulKernel = int(B values, B inputScales, B weightScales, B weights, float step, B out);
constexpr uint32_t MaxRowMatmulRows = 64;
using EmbedFloatKernel = int(B w, float scale, B out);
using EmbedGroupKernel = int(B weights, B weightScales, float scale, B out);
using EmbedRowKernel = int(B weights, float weightScale, float scale, B out);
using QuantizeKernel = int(B x, B scales, B sums, B values);
using QuantizeResidualKernel = int(B x, B scales, B values, B rest, B restScales, B restSums, B restValues);
using QuantizeStaticKernel = int(B x, float step, B out);
using QuantizeRowKernel = int(B x, B scale, B high, B middle, B low);
using RmsNormKernel = int(B x, B w, float width, float epsilon, int32_t weighted, B out);
using RmsNormStaticKernel = int(B x, B w, float width, float epsilon, int32_t weighted, float step, B out);
using ResidualNormKernel = int(B residual, B x, B w, float width, float epsilon, float scale, B out);
using NormRotaryKernel = int(B x, B w, B table, float width, float epsilon, B out);
using KvAppendKernel = int(B key, B value, B keyOut, B valueOut);
using KvAppendIntegerKernel = int(B key, B value, float keyStep, float valueStep, B keyOut, B valueOut);
using AttentionSliceKernel = int(B query, B key, B value, B low, B high, int32_t position, int32_t firstBlock,
                                 int32_t blocks, int32_t ringBlocks, B maximum, B total, B sum);
/// Over int8 caches: dimensions of a query row, magnitude of what its elements and the weights are rounded to, and of
/// rows that count as zero (LargestFactor / largest must not overflow).
constexpr int MostIntegerHeadDim = 512;
constexpr float LargestFactor = 32767.0f, LeastQuery = 0x1p-100f;
using AttentionSliceIntegerKernel = int(B query, B queryStep, B key, B value, B low, B high, int32_t position,
                                        int32_t firstBlock, int32_t blocks, int32_t ringBlocks, B maximum, B total,
                                        B sum);
using AttentionMergeKernel = int(B oldMaximum, B oldTotal, B sliceMaximum, B sliceTotal, B oldSum, B sliceSum,
                                 B newMaximum, B newTotal, B newSum);
using GeluMulKernel = int(B gate, B up, B out);
using GeluMulStaticKernel = int(B gate, B up, float step, B out);
using AddKernel = int(B a, B b, float scale, B out);
using ScaleKernel = int(B x, float scale, B out);
using SoftcapKernel = int(B x, float cap, B out);
using CombineExpertsKernel = int(B x, B weights, B out);

template <typename Kernel> Kernel *kernelCast(lap_kernel *kernel) { return reinterpret_cast<Kernel *>(kernel); }

} // namespace lap

#endif // LAPIDARY_RUNTIME_CPU_KERNELS_H
