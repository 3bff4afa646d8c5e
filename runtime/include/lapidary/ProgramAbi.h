/* ProgramAbi.h - the contract between the compiler and the emitted runtime.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The compiler writes the structures below byte for byte into every emitted program (plain old data,
 * little endian, no pointers: offsets only), and the runtime reads them. Generated code calls the op
 * drivers (`lap_op_*`) with one constant argument block per op and the kernels it selected.
 * Nothing here depends on anything but <stdint.h>, so compiler, runtime and tests share the one file.
 * Change a layout only together with LAP_ABI_VERSION.
 *
 * Words used throughout
 *   token row   one row of an activation: row r of a call holds the token at `position + r` (of places[r], if given)
 *   lane        one of the threads that run the program in lockstep; every lane executes every op
 *   arena       the one block of scratch memory, planned at compile time by plan-memory
 *   padding     every activation row is padded with zeros to a multiple of 32 columns (LAP_COLUMN_PAD);
 *               kernels keep the padding zero, so whole vectors can always be read and written
 */
#ifndef LAPIDARY_PROGRAM_ABI_H
#define LAPIDARY_PROGRAM_ABI_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
  LAP_ABI_VERSION = 4,
  LAP_COLUMN_PAD = 32,       /* columns of every activation and weight are padded to this multiple */
  LAP_ROW_TILE = 16,         /* weight rows per packed tile (lanes of one 512-bit int32 vector) */
  LAP_GROUP = 32,            /* columns that share one scale in the group formats */
  LAP_ATTENTION_SLICE = 512, /* keys per attention slice; slices start at multiples of absolute position */
  LAP_MOMENT_BLOCK = 512,    /* columns of a block of second moments */
  LAP_RANGE_BINS = 512,      /* of a histogram of magnitudes, 8 for a power of two */
  LAP_RANGE_FIRST = 696,     /* bin i: (bits of the float32 magnitude) >> 20 is LAP_RANGE_FIRST + i, from 2^-40 on */
  LAP_PLANES = 3,            /* int8 planes of q24 and r24 rows */
  LAP_STACK = 4,             /* most matrices that are stacked into one product (q, k and v are three) */
  LAP_WEIGHT_ALIGN = 64,     /* alignment of each packed weight inside the weight segment */
  LAP_SEGMENT_ALIGN = 65536, /* alignment of the weight segment inside the file */
  LAP_HUGE_PAGE = 2 << 20    /* large segments start at a multiple of this, so that memory can map them in huge pages */
};

/* How a packed weight is stored. The numbers are part of the file format. */
typedef enum lap_format {
  LAP_F32 = 0,    /* float32 */
  LAP_BF16 = 1,   /* bfloat16 */
  LAP_W8G32 = 2,  /* int8, groups of 32 columns, bf16 scales */
  LAP_W4G32 = 3,  /* int4, groups of 32 columns, bf16 scales */
  LAP_W2ROW = 4,  /* int2, one f32 scale per row */
  LAP_W4ROW = 5,  /* int4, one f32 scale per row */
  LAP_W8ROW = 6,  /* int8, one f32 scale per row */
  LAP_I8 = 7,     /* int8 as it is; K/V caches only, their scale is in lap_cache */
  LAP_W4G32S8 = 8 /* int4, groups of 32 columns, int8 scales in steps of one power of two per row; matrices only */
} lap_format;

/* What an activation buffer holds; see "integer activations" below. */
typedef enum lap_element {
  LAP_ROWS_F32 = 0, /* float32 (int32 bits in the routing buffers) */
  LAP_ROWS_Q8 = 1,  /* int8, a scale and a sum per 32 columns */
  LAP_ROWS_Q24 = 2, /* three q8 planes: each holds what those before it left over */
  LAP_ROWS_I8 = 3,  /* int8 with one scale for all rows, known when compiling */
  LAP_ROWS_R24 = 4  /* three int8 planes with one scale per row: 24 bits */
} lap_element;

/* Where a buffer lives. */
typedef enum lap_space {
  LAP_ARENA = 0, /* offset into lap_step.arena */
  LAP_LOGITS = 1 /* lap_step.logits; offset is 0 */
} lap_space;

/* An activation: `rows` rows of `columns` elements (columns already padded).
 * rows = rows_per_token * step.tokens when rows_per_token > 0, else fixed_rows.
 * A buffer with rows_per_token == 0 and fixed_rows == 1 holds the LAST token of the call: its absolute
 * position is step.position + step.tokens - 1 (this is how pruned programs carry one row). */
typedef struct lap_buffer {
  uint64_t offset;         /* bytes from the start of its space */
  uint32_t columns;        /* elements per row, padded to LAP_COLUMN_PAD */
  uint32_t row_bytes;      /* distance between rows in bytes (a column view keeps its parent's) */
  uint32_t rows_per_token; /* 0, 1, or top_k */
  uint32_t fixed_rows;     /* used when rows_per_token is 0 */
  uint32_t space;          /* lap_space */
  uint32_t element;        /* lap_element */
} lap_buffer;

/* Integer activations (all rounding is to nearest even; padding columns are 0).
 *   q8   groups of 32 columns, for the group formats; row_bytes = columns + (columns / 32) * 8, rounded up to 64:
 *          int8  value[columns]          x / scale, -127..127
 *          float scale[columns / 32]     max|x| / 127 of the group (0 for an all-zero group)
 *          int32 sum[columns / 32]       sum of the group's values (corrects the weights' unsigned offset)
 *   q24  three q8 rows, one behind the other, each rounded up to 64 bytes: the second rounds x - scale * value of the
 *        first, the third what that left. A product adds the planes, which is as good as f32 activations (error below
 *        2^-22 of max|x|).
 *   i8   for the row formats: int8 value[columns] = clamp(x / step, -128, 127). `step` is the checkpoint's static
 * range. r24  for the row formats where there is no static range: int8 high[columns], middle[columns], low[columns],
 * float scale; scale = max|x| / (127 * 65536), v = x / scale (a whole number), v = 65536 * high + 256 * middle + low
 *        with middle and low in -128..127. row_bytes = 3 * columns + 4, rounded up to 64. */

/* A packed matrix of `rows` x `columns` (columns padded to 32, rows to a multiple of 16; the compiler pads rows to 32
 * as well, so that a product writes its whole padded activation row; padding is zero), in row tiles:
 *   f32, bf16   tile t: element [column][16 rows]                       tile_bytes = columns * 16 * size
 *   W8G32       tile t: per group of 32 columns bf16 scale[16 rows], then
 *               8-bit integers [8 blocks of 4 columns][16 rows][4 columns]   32 + 512 bytes a group
 *   W4G32       tile t: per group of 32 columns bf16 scale[16 rows], then
 *               uint8 byte [4 blocks of 4 columns][16 rows][4 columns]; the low nibble of byte (b,r,c) is
 *               column 4b+c of the group, the high nibble is column 16+4b+c
 *               32 + 256 bytes a group
 *   W4G32S8     tile t: bf16 step[16 rows], powers of two; then per group of 32 columns int8 scale[16 rows], in
 *               steps of the row, and integers as W4G32's
 *               32 bytes a tile, 16 + 256 a group
 *   W2ROW, W4ROW, W8ROW   tile t: float scale[16 rows], then
 *               uint8 byte [blocks of 4 * F columns][16 rows][4], F = 4, 2 or 1 integers in a byte;
 *               bits [f * 8/F, (f + 1) * 8/F) of byte (b,r,c) are column b * 4F + 4f + c
 *               64 + columns * 16 / F bytes a tile
 * A target chooses how an integer becomes bits, for all its weights: "offset" adds half the range (value + 128, + 8 or
 * + 2: weights are unsigned), "signed" is two's complement but for 2-bit integers, which keep the offset. The drivers
 * cannot tell, the kernels can.
 * A product with one activation row reads a tile from its first byte to its last: one stream, which hardware
 * prefetchers follow at the full bandwidth of memory (docs/performance.md).
 * Row r of the matrix is lane r%16 of tile r/16. Expert matrices repeat this per expert, expert_bytes apart.
 *
 * A packed table (PLE) is row-major, one row after another, row_bytes apart (multiple of 32):
 *   f32, bf16   element[columns]
 *   W8G32       per group bf16 scale, 8-bit integers [32]
 *   W4G32       per group bf16 scale, uint8 byte[16]: byte i holds column i (low nibble) and column 16+i (high)
 *   W2ROW, W4ROW, W8ROW   float scale[blocks], each of columns / blocks logical columns, then the integers in the order
 *               of the columns, the first in the lowest bits of its byte
 * A packed vector (norm weight) is float32[columns], padding zero; rows is 1. An absent weight has rows == 0. */
typedef struct lap_weight {
  uint64_t offset;        /* bytes from the start of the weight segment */
  uint64_t expert_bytes;  /* distance between experts; 0 when there are none */
  uint64_t tile_bytes;    /* bytes of one 16-row tile (matrix) or of one row (table) */
  uint32_t rows;          /* padded */
  uint32_t columns;       /* padded */
  uint32_t format;        /* lap_format */
  uint32_t scale_columns; /* tables in row formats: columns that share a scale (a multiple of 32); otherwise 0 */
} lap_weight;

/* One layer's K/V cache, in blocks of 16 positions and blocks of 16 columns, per KV head; slot = position % slots.
 *   K: [kv_heads][slots/16][head_dim][16 slots]      V: [kv_heads][head_dim/16][slots][16 columns]
 * so that attention reads both as long streams: keys block by block, values 32 columns of all keys of a slice at once.
 * Both start zeroed and hold finite values only. slots is a multiple of 16. */
typedef struct lap_cache {
  uint64_t key_offset; /* bytes from lap_step.caches */
  uint64_t value_offset;
  uint32_t slots;
  uint32_t kv_heads;
  uint32_t head_dim;
  uint32_t window;  /* positions visible, the token itself included; 0 = all (global) */
  uint32_t element; /* LAP_F32, LAP_BF16 or LAP_I8 */
  float key_step;   /* LAP_I8: key = step * value, value = clamp(key / step, -128, 127); otherwise 1 */
  float value_step; /* the same for V */
  uint32_t reserved[1];
} lap_cache;

typedef struct lap_barrier lap_barrier; /* runtime/src/Lockstep.h */

/* Where the weight segment lies in its file: tables gathered by row are read from there, so that they never become
 * resident (the system maps 64 KiB and more around a fault, for a row of some KiB a token). */
typedef struct lap_weight_file {
  uint64_t offset; /* of the segment */
  int32_t descriptor;
  uint32_t reserved;
} lap_weight_file;

/* Collects the second moments of the inputs of products: for every weight of `columns` padded columns a float32
 * [columns][stride] with stride = lap_moment_stride(columns); element (i, j) is the sum over all input rows x of
 * x[i] * x[b + j], where b is the first column of i's block (i rounded down to a multiple of stride). The last block
 * may be narrower; the rest of its rows is zero. Experts share the moments of their stack.
 * It also counts magnitudes, in histograms of LAP_RANGE_BINS (smaller ones in the first bin, larger ones in the last):
 * of every product's input, of each 16 columns of its output, and of the keys and values that each cache is given. */
typedef struct lap_observer lap_observer; /* runtime/src/cpu/Observe.h */
static inline uint32_t lap_moment_stride(uint32_t columns) {
  return columns < LAP_MOMENT_BLOCK ? columns : (uint32_t)LAP_MOMENT_BLOCK;
}

/* Whose token a row is, when a call serves several sequences. Several rows of one sequence are successive tokens. */
typedef struct lap_row_place {
  uint8_t *caches;   /* of the row's sequence, as lap_step.caches */
  uint32_t position; /* of the row's token in its sequence */
  uint32_t reserved;
} lap_row_place;

/* Everything one call of a program function needs; built by the runtime, read-only for the lanes. */
typedef struct lap_step {
  const int32_t *ids;     /* [tokens] */
  uint32_t tokens;        /* rows of this call, 1..program.chunk */
  uint32_t position;      /* absolute position of row 0 */
  uint8_t *arena;         /* program.arena_bytes, 64-byte aligned */
  uint8_t *caches;        /* program.cache_bytes, 64-byte aligned, zeroed at creation */
  const uint8_t *weights; /* the mapped weight segment */
  float *logits;          /* out: step [1][vocab_padded], score [tokens][vocab_padded]; NULL for extend */
  uint8_t *lane_scratch;  /* lanes * program.lane_scratch_bytes, 64-byte aligned */
  uint64_t lane_scratch_bytes;
  lap_barrier *barrier;
  const lap_weight_file *file; /* NULL: read tables from `weights` too */
  lap_observer *observer;      /* NULL except while calibrating */
  const lap_row_place *places; /* [tokens]; then `position` and `caches` mean nothing. NULL: one sequence's rows */
} lap_step;

/* The three functions every program exports. All lanes call them with the same step.
 *   extend  writes K/V for the tokens, computes no logits (every prompt chunk but the last)
 *   step    the same, and the logits of the last token (last prompt chunk; decode with tokens == 1)
 *   score   the same, and the logits of every token (dead-position pruning off)
 * Only extend and score may be called with places. A row's results do not depend on the other rows of its call. */
typedef void lap_program_fn(const lap_step *step, uint32_t lane, uint32_t lanes);
lap_program_fn lap_program_extend, lap_program_step, lap_program_score;

/* ---- Op drivers. Signature: driver(step, args, kernels..., lane, lanes). Each splits its work over the
 * lanes by shape, never by thread count, and does NOT end with a barrier: generated code places barriers. */
void lap_op_barrier(const lap_step *step, uint32_t lane, uint32_t lanes);

/* A Halide kernel as the drivers see it: its own argument list, each driver knows its kernels'. */
typedef void lap_kernel(void);

typedef struct lap_embed_args { /* out[r] = table[ids[r]] * scale */
  lap_buffer out;
  lap_weight table;
  uint32_t tiled; /* 1: packed matrix (tied lm_head), 0: packed table */
  float scale;
} lap_embed_args;
void lap_op_embed(const lap_step *, const lap_embed_args *, lap_kernel *embed, uint32_t lane, uint32_t lanes);

/* Columns up to `columns_end` of a product are rounded to multiples of `step`: step * clamp(y / step, -128, 127); a
 * step of 0 leaves them as they are. Ends are multiples of LAP_COLUMN_PAD. */
typedef struct lap_out_step {
  uint32_t columns_end;
  float step;
} lap_out_step;

typedef struct lap_matmul_args { /* out[r][n] = sum_k x[r][k] * w[n][k] */
  lap_buffer x;                  /* f32 for F32/BF16; q8 or q24 for the group formats; i8 or r24 for the row formats */
  lap_buffer out;                /* f32 */
  lap_weight w;
  float input_step;        /* the scale of i8 rows; otherwise 0 */
  uint32_t out_step_count; /* row formats only; 0: nothing is rounded */
  lap_out_step out_steps[LAP_STACK];
} lap_matmul_args;
void lap_op_matmul(const lap_step *, const lap_matmul_args *, lap_kernel *matvec, lap_kernel *matmat, uint32_t lane,
                   uint32_t lanes);

/* The lane's next product is `next`: it reads the first of its weights into its caches while it waits for other lanes.
 * Generated code calls this behind every product but the last of a function. */
void lap_op_read_ahead(const lap_step *, const lap_matmul_args *next, uint32_t lane, uint32_t lanes);

typedef struct lap_quantize_args {
  lap_buffer x, out; /* out: q8, q24, i8 or r24 */
  float step;        /* of i8 rows; otherwise 0 */
  uint32_t reserved;
} lap_quantize_args;
/* `residual` rounds the other planes of q24 rows; the other elements have no use for it (NULL). */
void lap_op_quantize(const lap_step *, const lap_quantize_args *, lap_kernel *quantize, lap_kernel *residual,
                     uint32_t lane, uint32_t lanes);

typedef struct lap_rms_norm_args { /* per row and head: y = x * rsqrt(mean(x^2) + eps) * w */
  lap_buffer x, out; /* columns = heads * head columns; may be the same buffer; out: f32, or i8 (1 head) */
  lap_weight w;      /* vector [head columns]; rows == 0: no weight */
  uint32_t heads;    /* 1 for a plain norm */
  uint32_t width;    /* real columns of one head (the mean divides by it) */
  float eps;
  float step; /* of an i8 output */
} lap_rms_norm_args;
void lap_op_rms_norm(const lap_step *, const lap_rms_norm_args *, lap_kernel *rms_norm, uint32_t lane, uint32_t lanes);

typedef struct lap_residual_norm_args { /* out = (residual + rms_norm(x) * w) * scale */
  lap_buffer residual, x, out;          /* out may alias residual or x */
  lap_weight w;
  lap_weight scale; /* vector of one element (the layer scalar); rows == 0: 1.0 */
  uint32_t width;
  float eps;
} lap_residual_norm_args;
void lap_op_residual_norm(const lap_step *, const lap_residual_norm_args *, lap_kernel *residual_norm, uint32_t lane,
                          uint32_t lanes);

typedef struct lap_rotary_table_args { /* out[r] = cos(p f_j) for j < half, then sin(p f_j), p = position of row r */
  lap_buffer out;                      /* head_dim columns, padded */
  lap_weight frequencies;              /* vector float32[head_dim / 2], padded */
  uint32_t head_dim, reserved;         /* half = head_dim / 2 */
} lap_rotary_table_args;
void lap_op_rotary_table(const lap_step *, const lap_rotary_table_args *, uint32_t lane, uint32_t lanes);

typedef struct lap_norm_rotary_args { /* per head: rope(rms_norm(x) * w), pairs (j, j + head_dim/2) */
  lap_buffer x, table, out;           /* out may alias x */
  lap_weight w;                       /* vector [head_dim] */
  uint32_t heads, head_dim;
  float eps;
  uint32_t reserved;
} lap_norm_rotary_args;
void lap_op_norm_rotary(const lap_step *, const lap_norm_rotary_args *, lap_kernel *norm_rotary, uint32_t lane,
                        uint32_t lanes);

typedef struct lap_kv_append_args {
  lap_buffer key, value;
  lap_cache cache;
} lap_kv_append_args;
void lap_op_kv_append(const lap_step *, const lap_kv_append_args *, lap_kernel *kv_append, uint32_t lane,
                      uint32_t lanes);

typedef struct lap_attention_args { /* out = softmax(q k^T + mask) v, scale 1.0, query head h reads KV head h / (heads /
                                       kv_heads) */
  lap_buffer query, out;            /* [rows][heads * head_dim] */
  lap_cache cache;
  uint32_t heads;
  float step; /* of an i8 output, which GPU kernels can write; otherwise 0 */
} lap_attention_args;
void lap_op_attention(const lap_step *, const lap_attention_args *, lap_kernel *slice, lap_kernel *merge, uint32_t lane,
                      uint32_t lanes);

typedef struct lap_gelu_mul_args {
  lap_buffer gate, up, out; /* out: f32 or i8 */
  float step;               /* of an i8 output */
  uint32_t reserved;
} lap_gelu_mul_args; /* out = gelu_tanh(gate) * up */
void lap_op_gelu_mul(const lap_step *, const lap_gelu_mul_args *, lap_kernel *gelu_mul, uint32_t lane, uint32_t lanes);

typedef struct lap_add_args {
  lap_buffer a, b, out;
  float scale;
  uint32_t reserved;
} lap_add_args; /* out = (a + b) * scale */
void lap_op_add(const lap_step *, const lap_add_args *, lap_kernel *add, uint32_t lane, uint32_t lanes);

typedef struct lap_scale_args {
  lap_buffer x, out;
  float scale;
  uint32_t reserved;
} lap_scale_args;
void lap_op_scale(const lap_step *, const lap_scale_args *, lap_kernel *scale, uint32_t lane, uint32_t lanes);

typedef struct lap_softcap_args {
  lap_buffer x, out;
  float cap;
  uint32_t reserved;
} lap_softcap_args; /* cap * tanh(x / cap) */
void lap_op_softcap(const lap_step *, const lap_softcap_args *, lap_kernel *softcap, uint32_t lane, uint32_t lanes);

typedef struct lap_select_last_args {
  lap_buffer x, out;
} lap_select_last_args; /* out[0] = x[rows - 1] (bytes) */
void lap_op_select_last(const lap_step *, const lap_select_last_args *, uint32_t lane, uint32_t lanes);

/* ---- Mixture of experts. Rows of the routed buffers are (token, rank): row = token * top_k + rank. */
typedef struct lap_route_args { /* softmax over experts, top_k (ties: lowest index), renormalise, * expert_scale */
  lap_buffer logits;            /* f32 [tokens][experts]; used up: the driver works in it */
  lap_buffer weights;           /* f32 [tokens][top_k padded to 32]; entries past top_k are 0 */
  lap_buffer indices;           /* int32 bits, same shape */
  lap_weight expert_scale;      /* vector [experts] */
  uint32_t experts, top_k;
} lap_route_args;
void lap_op_route(const lap_step *, const lap_route_args *, uint32_t lane, uint32_t lanes);

typedef struct lap_sort_experts_args { /* counting sort of the (token, rank) rows by expert, stable */
  lap_buffer indices;
  lap_buffer order; /* int32: first[experts + 1], then row[tokens * top_k]; one fixed row */
  uint32_t experts, top_k;
} lap_sort_experts_args;
void lap_op_sort_experts(const lap_step *, const lap_sort_experts_args *, uint32_t lane, uint32_t lanes);

typedef struct lap_expert_matmul_args { /* out[row] = x[source(row)] * w[expert(row)]^T for every sorted row */
  lap_buffer x, order, out;
  lap_weight w;
  uint32_t experts;
  uint32_t rows_per_source; /* top_k: x has one row per token (row / top_k); 1: x is routed itself */
} lap_expert_matmul_args;
void lap_op_expert_matmul(const lap_step *, const lap_expert_matmul_args *, lap_kernel *matvec, lap_kernel *matmat,
                          uint32_t lane, uint32_t lanes);

typedef struct lap_combine_experts_args { /* out[t] = sum over ranks of weights[t][rank] * x[t * top_k + rank], in rank
                                             order */
  lap_buffer x, weights, out;
  uint32_t top_k, reserved;
} lap_combine_experts_args;
void lap_op_combine_experts(const lap_step *, const lap_combine_experts_args *, lap_kernel *combine, uint32_t lane,
                            uint32_t lanes);

/* ---- The program descriptor: `lap_program_data` in the emitted object, followed by the blobs it points at
 * (offsets from the start of the descriptor). Strings are NUL-terminated UTF-8. */
typedef struct lap_blob {
  uint64_t offset, bytes;
} lap_blob;

typedef struct lap_program {
  uint32_t abi_version;
  uint32_t descriptor_bytes; /* whole, blobs included */
  uint32_t vocab;            /* rows of the embedding: ids are 0..vocab-1 */
  uint32_t vocab_padded;     /* columns of a logits row */
  uint32_t hidden;
  uint32_t context; /* positions the caches were planned for */
  uint32_t chunk;   /* most tokens per call */
  uint32_t layers;
  uint64_t arena_bytes;
  uint64_t cache_bytes;
  uint64_t lane_scratch_bytes;
  uint64_t weight_bytes;          /* of the whole segment */
  uint64_t resident_weight_bytes; /* its first part; the rest is tables gathered by row, read as lap_weight_file says */
  uint64_t weight_bytes_per_token; /* read by one decode step */
  /* sampling defaults, from generation_config.json */
  float temperature, top_p;
  uint32_t top_k, do_sample;
  uint32_t bos, pad, eos_count, suppress_count;
  int32_t eos[16];
  int32_t suppress[64];
  uint8_t weight_sha256[32];
  lap_blob model_name;    /* string */
  lap_blob target;        /* string, for `info` and for the "recompile with" hint */
  lap_blob cpu_features;  /* string: names as in /proc/cpuinfo, space separated */
  lap_blob tokenizer;     /* tables, see runtime/src/tokenizer/TokenizerTables.h; empty: none */
  lap_blob chat_format;   /* see runtime/src/chat/TemplateProgram.h; empty: none */
  lap_blob info_json;     /* string: what `info --json` prints */
  lap_blob manifest;      /* Protobuf, read by `lapidary inspect` */
  lap_blob licenses;      /* string */
  uint32_t prompt_layers; /* layers that run whole for every token of a prompt; the others for its last token only */
  uint32_t reserved;      /* 0 */
  lap_blob caches;        /* lap_cache[]: what a sequence's cache_bytes hold */
} lap_program;

extern const lap_program lap_program_data;

/* The weight segment follows the ELF image at a LAP_SEGMENT_ALIGN boundary (LAP_HUGE_PAGE, if it is eight of them or
 * more); the file ends with this trailer. */
#define LAP_TRAILER_MAGIC "LAPIDARY" /* 8 bytes, no NUL */
typedef struct lap_trailer {
  char magic[8];
  uint32_t abi_version;
  uint32_t trailer_bytes;
  uint64_t weight_offset; /* from the start of the file */
  uint64_t weight_bytes;
  uint64_t image_bytes; /* ELF image before the weights */
  uint8_t image_sha256[32];
} lap_trailer;

#ifdef __cplusplus
}
#endif
#endif
