//===- Kernels.h - the parameter lists of the GPU kernels ------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// A driver casts the lap_kernel* it is given to lap_gpu_kernel and launches it with one of these lists; the kernels
// themselves are built by targets/cuda/kernels, in files of the same names. `Address` is a device address (64 bits),
// 0 where something is absent. `..Bytes` are distances between rows. Row r of a grid is blockIdx.y unless a comment
// says otherwise; T, R are the kernel's tile (lap_gpu_kernel.tile).
//
// `places` is a device array of lap_row_place, one per token row, for every call (a plain session's rows have the same
// caches): kernels need no other notion of a position. For buffers that hold the last token only, the driver passes the
// address of the last place, so that row 0 is the last token.
//
// Numbers are those of targets/common/algorithms: the same rounding, the same polynomials; sums may run in another
// order.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_RUNTIME_CUDA_KERNELS_H
#define LAPIDARY_RUNTIME_CUDA_KERNELS_H

#include "lapidary/GpuAbi.h"

namespace lap::cuda {

using Address = uint64_t;

// Grid of the elementwise kernels: (ceil(columns / T), rows). All columns are padded ones (multiples of 32).

/// `ids`: the token of each row, in a matrix of row tiles (`tileBytes` each) or a table (`tileBytes` a row). ids 0: row
/// r of the table, which the host gathered.
using Embed = void(Address table, int64_t tileBytes, Address ids, Address out, int32_t outBytes, int32_t columns,
                   int32_t scaleColumns, float scale);
/// To q8, q24, i8 (`step`) or r24 rows. r24: grid (1, rows).
using Quantize = void(Address x, int32_t xBytes, Address out, int32_t outBytes, int32_t columns, float step);
/// To f32, q8, q24 or i8 (`step`) rows.
using GeluMul = void(Address gate, int32_t gateBytes, Address up, int32_t upBytes, Address out, int32_t outBytes,
                     int32_t columns, float step);
using Add = void(Address a, int32_t aBytes, Address b, int32_t bBytes, Address out, int32_t outBytes, int32_t columns,
                 float scale);
using Scale = void(Address x, int32_t xBytes, Address out, int32_t outBytes, int32_t columns, float scale);
using Softcap = void(Address x, int32_t xBytes, Address out, int32_t outBytes, int32_t columns, float cap);
/// Row t of out is the sum over ranks of weights[t][rank] * x[t * topK + rank].
using CombineExperts = void(Address x, int32_t xBytes, Address weights, int32_t weightBytes, Address out,
                            int32_t outBytes, int32_t columns, int32_t topK);

/// Grid (heads, rows): head h is columns [h * width, (h + 1) * width). The last head zeroes what is left of outColumns,
/// unless that is 0. w 0: no weight. `step`: of an int8 output. To q8, q24 and r24 rows: grid (1, rows).
using RmsNorm = void(Address x, int32_t xBytes, Address w, Address out, int32_t outBytes, int32_t width, float epsilon,
                     int32_t outColumns, float step);
/// Grid (1, rows). scale 0: 1.
using ResidualNorm = void(Address residual, int32_t residualBytes, Address x, int32_t xBytes, Address w, Address scale,
                          Address out, int32_t outBytes, int32_t width, int32_t columns, float epsilon);
/// The same, and the sum, or its norm with the weight `next`, to q8, q24, i8 (`step`) or r24 rows. next 0: the sum.
using ResidualNormRounded = void(Address residual, int32_t residualBytes, Address x, int32_t xBytes, Address w,
                                 Address scale, Address out, int32_t outBytes, int32_t width, int32_t columns,
                                 float epsilon, Address rounded, int32_t roundedBytes, Address next, float nextEpsilon,
                                 float step);
/// Grid (1, rows).
using RotaryTable = void(Address places, Address frequencies, Address out, int32_t outBytes, int32_t pairs);
/// Grid (heads, rows).
using NormRotary = void(Address x, int32_t xBytes, Address w, Address table, int32_t tableBytes, Address out,
                        int32_t outBytes, int32_t headDim, float epsilon);

/// Grid (kvHeads, rows). Offsets are from the places' caches.
using KvAppend = void(Address key, int32_t keyBytes, Address value, int32_t valueBytes, Address places,
                      int64_t keyOffset, int64_t valueOffset, int32_t slots, int32_t headDim, float keyStep,
                      float valueStep);
/// Grid (queryHeads + 2 kvHeads, rows): heads of the query (normed and rotated to queryOut), of the key (normed and
/// rotated) and of the value (normed without weight); the latter two go to the caches.
using KvNormAppend = void(Address key, int32_t keyBytes, Address value, int32_t valueBytes, Address query,
                          int32_t queryBytes, Address w, Address queryW, Address table, int32_t tableBytes,
                          Address queryOut, int32_t queryOutBytes, int32_t queryHeads, int32_t kvHeads, Address places,
                          int64_t keyOffset, int64_t valueOffset, int32_t slots, int32_t headDim, float epsilon,
                          float keyStep, float valueStep);
/// One slice of T keys of one K/V head, for all its query heads: grid (ceil(keys in reach / T), kvHeads, rows), in
/// reach being those of the highest position a captured graph may have; blocks behind the position of their row end at
/// once. Slices start at multiples of T of the absolute position, the first one at that which holds the lowest visible
/// key. partial: [rows][heads][slices of the grid] of {float maximum, total, sum[headDim]}. Steps are 1 unless K/V are
/// int8.
using AttentionSlice = void(Address query, int32_t queryBytes, Address places, int64_t keyOffset, int64_t valueOffset,
                            int32_t slots, int32_t headDim, int32_t heads, int32_t kvHeads, int32_t window,
                            Address partial, float keyStep);
/// Grid (heads, rows); zeroes what is left of outColumns behind the last head. To f32, i8 (`step`) or, with heads of a
/// multiple of 32 columns, q8 and q24 rows.
using AttentionMerge = void(Address partial, int32_t slices, Address places, Address out, int32_t outBytes,
                            int32_t headDim, int32_t heads, int32_t window, int32_t outColumns, int32_t sliceKeys,
                            float valueStep, float step);
/// R successive rows of one sequence and one K/V head's query heads, keys in order: grid (ceil(rows / R), heads). Rows
/// of one call are successive tokens (the driver takes the slices where they are not). To rows as the merge.
using AttentionFlash = void(Address query, int32_t queryBytes, Address places, int32_t rows, int64_t keyOffset,
                            int64_t valueOffset, int32_t slots, int32_t headDim, int32_t heads, int32_t kvHeads,
                            int32_t window, Address out, int32_t outBytes, int32_t outColumns, float keyStep,
                            float valueStep, float step);

/// out[r][n] = sum of x[r][k] * w[n][k], by formats of both (their names tell). Grid (ceil(tiles / (T / 16)),
/// ceil(rows / R)): tiles are row tiles of 16. Row formats round the columns before end0, end1, .. to multiples of
/// step0, ..; inputStep: of i8 rows. The others ignore these.
using Matmul = void(Address x, int32_t xBytes, Address weights, int64_t tileBytes, int32_t columns, int32_t tiles,
                    Address out, int32_t outBytes, int32_t rows, float inputStep, int32_t end0, float step0,
                    int32_t end1, float step1, int32_t end2, float step2, int32_t end3, float step3);
/// The same for routed rows, sorted by expert in `order` (ProgramAbi.h: lap_sort_experts_args): out[row] =
/// x[row / rowsPerSource] * w[expert of row]. Matvec: grid (tile blocks, routed rows), blockIdx.y a place in the order,
/// which does nothing unless it is every R-th of its expert's. Matmat: grid (tile blocks, ceil(routed rows / R) +
/// experts): blockIdx.y counts the row blocks of all experts in turn; those behind the last one end at once.
using ExpertMatmul = void(Address x, int32_t xBytes, Address weights, int64_t tileBytes, int64_t expertBytes,
                          int32_t columns, int32_t tiles, Address order, int32_t experts, int32_t rowsPerSource,
                          Address out, int32_t outBytes, int32_t routedRows);

/// Grid (1, rows).
using Route = void(Address logits, int32_t logitBytes, Address weights, int32_t weightBytes, Address indices,
                   int32_t indexBytes, Address expertScale, int32_t experts, int32_t topK, int32_t outColumns);
/// Grid (1, 1).
using SortExperts = void(Address indices, int32_t indexBytes, Address order, int32_t experts, int32_t topK,
                         int32_t tokens);

// What sampling needs of rows of logits (GpuAbi.h: lap_found_row). `mask`: bit id % 8 of byte id / 8, of the ids that
// may be drawn; 0: all. Rows are readable up to a multiple of LAP_LOGIT_RUN floats.

/// maxima: [rows][LAP_LOGIT_SETS] floats. Grid (LAP_FOUND_PARTS, rows).
using LogitMaxima = void(Address logits, int32_t logitBytes, Address mask, Address maxima, int32_t vocab);
/// found: [rows] lap_found_row. Grid (LAP_FOUND_PARTS, rows).
using LogitSearch = void(Address logits, int32_t logitBytes, Address mask, Address maxima, Address found,
                         int32_t vocab);
/// sums[part]: of e^(logit / temperature - largest) over the part's ids. Grid (LAP_FOUND_PARTS, 1): one row.
using LogitWeigh = void(Address logits, Address mask, Address sums, int32_t vocab, float temperature, float largest);

} // namespace lap::cuda

#endif // LAPIDARY_RUNTIME_CUDA_KERNELS_H
