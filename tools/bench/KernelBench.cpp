// KernelBench.cpp - kernel-bench: how fast the kernels are on this machine.
// SPDX-License-Identifier: Apache-2.0
//
// Runs the drivers on shapes of real models: products in decode (weights from memory, GB/s) and in prefill (GOPS, two
// per multiply-add), attention, and the elementwise ops. Bursts are short and the best one counts, because the machine
// is shared; memory-bound cases walk through more weights than the caches hold. usage: kernel-bench --kernels=PATH.so
// --isa=NAME [--lanes=N]
#include "runtime/src/Lockstep.h"
#include "targets/common/KernelNames.h"
#include "targets/common/PackedLayout.h"
#include "tools/bench/RoofKernels.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <functional>
#include <string>
#include <sys/mman.h>

using namespace lapidary;

namespace {

constexpr uint64_t ArenaBytes = 64 << 20, ScratchBytes = 1 << 20;
constexpr uint64_t StreamBytes = 512 << 20; // weights of the memory-bound cases: more than any cache

struct Bench {
  void *library = nullptr;
  std::string isa;
  uint32_t lanes = 1;
  lap_step step = {};
  lap::Lockstep team;

  lap_kernel *kernel(KernelOp op, lap_format format = LAP_F32) const {
    void *found = dlsym(library, kernelSymbol(kernelName(op, format, isa)).c_str());
    if (!found) {
      std::fprintf(stderr, "error: no kernel '%s' in the library\n", kernelName(op, format, isa).c_str());
      std::exit(1);
    }
    return reinterpret_cast<lap_kernel *>(found);
  }

  /// Best seconds of one run of `op` on all lanes, over `repeats` runs.
  double best(int repeats, const std::function<void(const lap_step *, uint32_t, uint32_t)> &op) {
    struct Context {
      Bench *bench;
      decltype(op) body;
    } context{this, op};
    double least = 1e30;
    for (int i = 0; i < repeats; ++i) {
      const auto start = std::chrono::steady_clock::now();
      team.run(
          [](void *data, uint32_t lane, uint32_t count) {
            const Context &c = *static_cast<Context *>(data);
            c.body(&c.bench->step, lane, count);
          },
          &context);
      least = std::min(least, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
    }
    return least;
  }
};

uint8_t *map(uint64_t bytes) {
  void *memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) {
    std::fprintf(stderr, "error: cannot allocate %llu MiB\n", static_cast<unsigned long long>(bytes >> 20));
    std::exit(1);
  }
  return static_cast<uint8_t *>(memory);
}

lap_buffer rows(uint64_t offset, uint32_t columns, uint64_t rowBytes) {
  lap_buffer b = {};
  b.offset = offset;
  b.columns = columns;
  b.row_bytes = static_cast<uint32_t>(roundUp(rowBytes, 64));
  b.rows_per_token = 1;
  return b;
}

/// A product's weights and activations.
struct Operands {
  lap_format format;
  lap_element element;

  std::string name() const {
    static constexpr const char *elements[] = {"f32", "q8", "q24", "i8", "r24"};
    return std::string(formatName(format)) + " * " + elements[element];
  }
};

constexpr Operands allOperands[] = {
    {LAP_F32, LAP_ROWS_F32},  {LAP_BF16, LAP_ROWS_F32},  {LAP_W8G32, LAP_ROWS_Q8},   {LAP_W8G32, LAP_ROWS_Q24},
    {LAP_W4G32, LAP_ROWS_Q8}, {LAP_W4G32, LAP_ROWS_Q24}, {LAP_W4G32S8, LAP_ROWS_Q8}, {LAP_W4G32S8, LAP_ROWS_Q24},
    {LAP_W8ROW, LAP_ROWS_I8}, {LAP_W8ROW, LAP_ROWS_R24}, {LAP_W4ROW, LAP_ROWS_I8},   {LAP_W4ROW, LAP_ROWS_R24},
    {LAP_W2ROW, LAP_ROWS_I8}, {LAP_W2ROW, LAP_ROWS_R24},
};

lap_matmul_args product(const Operands &operands, uint32_t outputs, uint32_t columns) {
  const lap_format format = operands.format;
  lap_matmul_args args = {};
  args.x = rows(0, columns, activationRowBytes(operands.element, columns));
  args.x.element = operands.element;
  args.input_step = operands.element == LAP_ROWS_I8 ? 0.01f : 0.0f;
  args.out = rows(ArenaBytes / 2, outputs, outputs * 4ull);
  args.w.rows = outputs;
  args.w.columns = columns;
  args.w.tile_bytes = tileBytes(format, columns);
  args.w.format = format;
  return args;
}

/// What one thread reads from one stream, the way the matvecs read: their limit.
void benchReading(Bench &bench) {
  for (const roof::Reader &reader : roof::readers()) {
    double least = 1e30;
    const uint64_t bytes = 8 << 20;
    for (uint64_t offset = 0; offset + bytes <= StreamBytes && reader.streams == 1; offset += bytes) {
      const auto start = std::chrono::steady_clock::now();
      reader.read(bench.step.weights + offset, bytes);
      least = std::min(least, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
    }
    if (reader.streams == 1) {
      std::printf("reading, one thread%s %26.1f GB/s\n", reader.prefetch ? ", prefetch" : "          ",
                  bytes / least * 1e-9);
    }
  }
}

void benchMatvec(Bench &bench, const Operands &operands) {
  const lap_format format = operands.format;
  const uint32_t columns = 2048;
  lap_matmul_args args = product(operands, 8192, columns);
  const uint64_t bytes = matrixBytes(format, args.w.rows, columns);
  bench.step.tokens = 1;
  lap_kernel *matvec = bench.kernel(KernelOp::Matvec, format), *matmat = bench.kernel(KernelOp::Matmat, format);
  double least = 1e30;
  for (uint64_t offset = 0; offset + bytes <= StreamBytes; offset += bytes) {
    args.w.offset = offset; // every burst reads other weights
    least = std::min(least, bench.best(1, [&](const lap_step *step, uint32_t lane, uint32_t lanes) {
      lap_op_matmul(step, &args, matvec, matmat, lane, lanes);
    }));
  }
  std::printf("matvec %-18s %u x %u, memory  %7.1f GB/s\n", operands.name().c_str(), args.w.rows, columns,
              bytes / least * 1e-9);
}

void benchMatmat(Bench &bench, const Operands &operands, uint32_t tokens) {
  const lap_format format = operands.format;
  const uint32_t columns = 2048, outputs = 1024;
  const lap_matmul_args args = product(operands, outputs, columns);
  bench.step.tokens = tokens;
  lap_kernel *matvec = bench.kernel(KernelOp::Matvec, format), *matmat = bench.kernel(KernelOp::Matmat, format);
  const double seconds = bench.best(60, [&](const lap_step *step, uint32_t lane, uint32_t lanes) {
    lap_op_matmul(step, &args, matvec, matmat, lane, lanes);
  });
  std::printf("matmat %-18s %u x %u, %3u tokens %7.1f GOPS\n", operands.name().c_str(), outputs, columns, tokens,
              2.0 * outputs * columns * tokens / seconds * 1e-9);
}

void benchAttention(Bench &bench, lap_format element, uint32_t heads, uint32_t kvHeads, uint32_t headDim, uint32_t keys,
                    uint32_t tokens) {
  lap_attention_args args = {};
  args.query = rows(0, heads * headDim, heads * headDim * 4ull);
  args.out = rows(ArenaBytes / 2, heads * headDim, heads * headDim * 4ull);
  args.cache.slots = static_cast<uint32_t>(roundUp(keys, 16));
  args.cache.kv_heads = kvHeads;
  args.cache.head_dim = headDim;
  args.cache.element = element;
  args.cache.key_step = args.cache.value_step = 0.01f;
  args.cache.value_offset = uint64_t(args.cache.slots) * kvHeads * headDim * (element == LAP_I8 ? 1 : 2);
  args.heads = heads;
  bench.step.tokens = tokens;
  bench.step.position = keys - tokens;
  lap_kernel *slice = bench.kernel(KernelOp::AttentionSlice, element), *merge = bench.kernel(KernelOp::AttentionMerge);
  const double seconds = bench.best(20, [&](const lap_step *step, uint32_t lane, uint32_t lanes) {
    lap_op_attention(step, &args, slice, merge, lane, lanes);
  });
  const double pairs = double(tokens) * (keys - tokens / 2.0) * heads;
  std::printf("attention %-4s %2u/%u heads of %3u, %5u keys, %3u tokens %8.1f us %7.1f GFLOPS %6.1f GB/s\n",
              std::string(formatName(element)).c_str(), heads, kvHeads, headDim, keys, tokens, seconds * 1e6,
              pairs * headDim * 4 / seconds * 1e-9, 2.0 * args.cache.value_offset / seconds * 1e-9);
}

void benchRows(Bench &bench) {
  const uint32_t columns = 2048, tokens = 256;
  const lap_buffer x = rows(0, columns, columns * 4), out = rows(ArenaBytes / 2, columns, columns * 4);
  bench.step.tokens = tokens;
  auto report = [&](const char *name, double seconds) {
    std::printf("%-9s %u tokens of %u columns %8.2f ns/token\n", name, tokens, columns, seconds / tokens * 1e9);
  };
  const lap_gelu_mul_args gelu = {x, x, out, 0, 0};
  report("gelu_mul", bench.best(20, [&](const lap_step *step, uint32_t lane, uint32_t lanes) {
    lap_op_gelu_mul(step, &gelu, bench.kernel(KernelOp::GeluMul), lane, lanes);
  }));
  const lap_quantize_args quantize = {x, rows(ArenaBytes / 2, columns, q8RowBytes(columns)), 0, 0};
  report("quantize", bench.best(20, [&](const lap_step *step, uint32_t lane, uint32_t lanes) {
    lap_op_quantize(step, &quantize, bench.kernel(KernelOp::Quantize), nullptr, lane, lanes);
  }));
  lap_rms_norm_args norm = {};
  norm.x = x;
  norm.out = out;
  norm.heads = 1;
  norm.width = columns;
  norm.eps = 1e-6f;
  report("rms_norm", bench.best(20, [&](const lap_step *step, uint32_t lane, uint32_t lanes) {
    lap_op_rms_norm(step, &norm, bench.kernel(KernelOp::RmsNorm), lane, lanes);
  }));
}

bool parse(int count, char **words, Bench &bench, std::string &out_path) {
  for (int i = 1; i < count; ++i) {
    const std::string word = words[i];
    if (word.rfind("--kernels=", 0) == 0) {
      out_path = word.substr(10);
    } else if (word.rfind("--isa=", 0) == 0) {
      bench.isa = word.substr(6);
    } else if (word.rfind("--lanes=", 0) == 0) {
      bench.lanes = static_cast<uint32_t>(std::max(1L, std::strtol(word.c_str() + 8, nullptr, 10)));
    } else {
      return false;
    }
  }
  return !out_path.empty() && !bench.isa.empty();
}

void runAll(Bench &bench) {
  benchReading(bench);
  for (const Operands &operands : allOperands) {
    benchMatvec(bench, operands);
  }
  for (const Operands &operands : allOperands) {
    benchMatmat(bench, operands, 32);
    benchMatmat(bench, operands, 256);
  }
  for (lap_format element : {LAP_BF16, LAP_I8}) {
    benchAttention(bench, element, 8, 1, 256, 512, 1);
    benchAttention(bench, element, 8, 1, 512, 8192, 1);
    benchAttention(bench, element, 8, 1, 256, 512, 128);
    benchAttention(bench, element, 8, 1, 512, 4096, 32);
  }
  benchRows(bench);
}

} // namespace

int main(int count, char **words) {
  Bench bench;
  std::string path;
  if (!parse(count, words, bench, path)) {
    std::fprintf(stderr, "usage: %s --kernels=PATH.so --isa=NAME [--lanes=N]\n", words[0]);
    return 2;
  }
  bench.library = dlopen(path.c_str(), RTLD_NOW);
  if (!bench.library || bench.team.start(bench.lanes, nullptr) != 0) {
    std::fprintf(stderr, "error: cannot load '%s' or start %u threads\n", path.c_str(), bench.lanes);
    return 1;
  }
  uint8_t *weights = map(StreamBytes), *caches = map(256 << 20);
  std::memset(weights, 0x3c, StreamBytes); // small positive floats and scales
  std::memset(caches, 0x3c, 256 << 20);
  bench.step.arena = map(ArenaBytes);
  std::memset(bench.step.arena, 0x3c, ArenaBytes);
  bench.step.weights = weights;
  bench.step.caches = caches;
  bench.step.lane_scratch = map(ScratchBytes * bench.lanes);
  bench.step.lane_scratch_bytes = ScratchBytes;
  bench.step.barrier = bench.team.barrier();
  std::printf("%s, %u lanes\n", bench.isa.c_str(), bench.lanes);
  runAll(bench);
  return 0;
}
