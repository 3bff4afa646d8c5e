/* GpuAbi.h - what a GPU program has beyond ProgramAbi.h.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The program functions of a GPU target call `lap_gpu_*` where those of a CPU target call `lap_op_*`, with the same
 * argument blocks. A driver runs on the host, on one lane, and enqueues kernels on one stream; the stream orders them,
 * so there are no barriers. Addresses in lap_step (arena, caches, weights, logits, lane_scratch) are device addresses.
 *
 * What the program functions pass as lap_kernel* is a lap_gpu_kernel, constant data in the program; its code is in the
 * images of lap_gpu_module_data. Parameter lists of the kernels: runtime/src/cuda/Kernels.h.
 */
#ifndef LAPIDARY_GPU_ABI_H
#define LAPIDARY_GPU_ABI_H

#include "lapidary/ProgramAbi.h"

#ifdef __cplusplus
extern "C" {
#endif

/* One entry point. Every block has `threads` x 1 x 1 threads. */
typedef struct lap_gpu_kernel {
  const char *name;      /* of the entry point in the images */
  uint32_t index;        /* in lap_gpu_module.kernels */
  uint32_t threads;      /* of a block, a multiple of 32 */
  uint32_t shared_bytes; /* dynamic shared memory; beyond 48 KiB it has to be asked for (cuFuncSetAttribute) */
  uint32_t tile[2];      /* what one block covers: weight rows and token rows of a product, keys and rows of attention,
                            columns and rows elsewhere; the grid follows from it (Kernels.h) */
  uint32_t reserved;
  const struct lap_gpu_kernel *exact_form; /* the kernel that may take its place, with the same parameters, where the
                                              code is that of a LAP_GPU_EXACT image; or null */
} lap_gpu_kernel;

enum {
  LAP_GPU_PTX = 1,   /* text, which devices of at least the capability take; otherwise a cubin, for devices of the same
                        major capability and at least the minor one */
  LAP_GPU_EXACT = 2, /* for devices of exactly the capability (sm_90a) */
  LAP_GPU_WAITS = 4  /* every thread of every kernel waits for the kernels before it (griddepcontrol.wait) before it
                        touches anything but weights: a kernel may be launched before they have ended */
};

/* The same kernels, compiled for one kind of device. */
typedef struct lap_gpu_image {
  const void *data; /* cubin or PTX text (NUL-terminated), as cuModuleLoadDataEx takes it */
  uint64_t bytes;
  uint32_t capability; /* 10 * major + minor */
  uint32_t flags;      /* LAP_GPU_PTX, LAP_GPU_EXACT, LAP_GPU_WAITS */
} lap_gpu_image;

typedef struct lap_gpu_module {
  const lap_gpu_kernel *const *kernels;
  const lap_gpu_image
      *images; /* from the first to be tried on; the last one is PTX of the newest capability asked for */
  uint32_t kernel_count, image_count;
  uint32_t exact_count; /* kernels at the end of the list that only LAP_GPU_EXACT images have */
  uint32_t reserved;
  const lap_gpu_kernel *logit_maxima, *logit_search, *logit_weigh; /* among them; launched by the runtime itself */
} lap_gpu_module;

/* What is found in a row of logits for the sampler. Runs of LAP_LOGIT_RUN ids belong to LAP_LOGIT_SETS sets in turn,
 * and sets to LAP_FOUND_PARTS parts in turn, so that a cluster of large logits is spread over all. The
 * LAP_FOUND_WANTED-th largest of the sets' maxima (rounded down) is the bound: at least as many logits reach it. */
enum { LAP_LOGIT_RUN = 8, LAP_LOGIT_SETS = 1024, LAP_FOUND_PARTS = 32, LAP_FOUND_MOST = 32, LAP_FOUND_WANTED = 256 };

typedef struct lap_found_logit {
  float logit;
  int32_t id;
} lap_found_logit;

typedef struct lap_found_part {
  uint32_t count;                        /* of the part's logits that are not below the bound */
  float bound;                           /* minus infinity: every number above that is found */
  lap_found_logit found[LAP_FOUND_MOST]; /* the first `count`, if these are not more; no order */
} lap_found_part;

typedef struct lap_found_row {
  lap_found_part parts[LAP_FOUND_PARTS];
  uint32_t on_host; /* 0; the host notes here that it has the whole row, too */
  uint32_t reserved[15];
} lap_found_row;

extern const lap_gpu_module lap_gpu_module_data;

/* A residual sum, and it rounded as by quantize, or its norm with the weight `next`: every op costs a launch. */
typedef struct lap_residual_norm_rounded_args {
  lap_residual_norm_args sum;
  lap_buffer rounded; /* q8, q24, i8 or r24 */
  lap_weight next;    /* rows == 0: the sum itself is rounded */
  float next_eps;
  float step; /* of i8 rows; otherwise 0 */
} lap_residual_norm_rounded_args;

/* norm_rotary of the key, rms_norm (without weight) of the value, and kv_append of both; and norm_rotary of the query
 * with the same table. append.key and append.value are read as they are. */
typedef struct lap_kv_norm_append_args {
  lap_kv_append_args append;
  lap_buffer table, query, query_out; /* query_out may alias query */
  lap_weight w, query_w;              /* vectors [head_dim] */
  uint32_t query_heads;               /* 0: no query */
  float eps;                          /* of all three norms */
} lap_kv_norm_append_args;

/* The drivers; argument blocks as in ProgramAbi.h. `lane` is 0 and `lanes` 1. Outputs of rms_norm (one head),
 * gelu_mul and attention may be integers: of any kind, but not r24 where rows are cut into columns or heads. */
#define LAP_GPU_DRIVER(op, ...)                                                                                        \
  void lap_gpu_##op(const lap_step *, const lap_##op##_args *, __VA_ARGS__, uint32_t lane, uint32_t lanes)
LAP_GPU_DRIVER(embed, lap_kernel *embed);
LAP_GPU_DRIVER(quantize, lap_kernel *quantize);
LAP_GPU_DRIVER(matmul, lap_kernel *matvec, lap_kernel *matmat);
LAP_GPU_DRIVER(rms_norm, lap_kernel *rms_norm);
LAP_GPU_DRIVER(residual_norm, lap_kernel *residual_norm);
LAP_GPU_DRIVER(residual_norm_rounded, lap_kernel *residual_norm_rounded);
LAP_GPU_DRIVER(rotary_table, lap_kernel *rotary_table);
LAP_GPU_DRIVER(norm_rotary, lap_kernel *norm_rotary);
LAP_GPU_DRIVER(kv_append, lap_kernel *kv_append);
LAP_GPU_DRIVER(kv_norm_append, lap_kernel *kv_norm_append);
LAP_GPU_DRIVER(attention, lap_kernel *slice, lap_kernel *merge, lap_kernel *flash);
LAP_GPU_DRIVER(gelu_mul, lap_kernel *gelu_mul);
LAP_GPU_DRIVER(add, lap_kernel *add);
LAP_GPU_DRIVER(scale, lap_kernel *scale);
LAP_GPU_DRIVER(softcap, lap_kernel *softcap);
LAP_GPU_DRIVER(route, lap_kernel *route);
LAP_GPU_DRIVER(sort_experts, lap_kernel *sort_experts);
LAP_GPU_DRIVER(expert_matmul, lap_kernel *matvec, lap_kernel *matmat);
LAP_GPU_DRIVER(combine_experts, lap_kernel *combine);
#undef LAP_GPU_DRIVER
void lap_gpu_select_last(const lap_step *, const lap_select_last_args *, uint32_t lane, uint32_t lanes);

#ifdef __cplusplus
}
#endif
#endif
