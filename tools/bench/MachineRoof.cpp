// MachineRoof.cpp - machine-roof: what this machine can do at most.
// SPDX-License-Identifier: Apache-2.0
//
// Two roofs, for 1 to N threads. Read bandwidth: summing a buffer much larger than the last-level cache, in several
// streams per thread (a core keeps only so many misses of one stream in flight), with and without software prefetch;
// the best variant counts. int8: the widest dot-product instruction, on registers. Each figure is the best of many
// short bursts, because other programs use the machine too; ratios of a program to a roof mean something only when both
// were measured in the same minute. Prints one JSON object.
#include "tools/bench/RoofKernels.h"

#include "runtime/src/Lockstep.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <sys/mman.h>

using namespace lapidary;

namespace {

constexpr uint64_t HugePage = 2 << 20;

struct Options {
  uint32_t leastThreads = 1, mostThreads = 0; // 0: usable CPUs
  uint64_t megabytes = 512;                   // of the buffer
  uint32_t bursts = 6;                        // of every variant
  bool integers = true;                       // measure int8, too
};

double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

/// Least seconds of `body(lane, lanes)` on the whole team over `bursts` runs.
template <typename Body> double least(lap::Lockstep &team, uint32_t bursts, const Body &body) {
  double best = 1e30;
  for (uint32_t i = 0; i < bursts; ++i) {
    const double start = now();
    team.run([](void *context, uint32_t lane, uint32_t lanes) { (*static_cast<const Body *>(context))(lane, lanes); },
             const_cast<Body *>(&body));
    best = std::min(best, now() - start);
  }
  return best;
}

/// Memory with every page touched, huge pages advised. Ends the program when there is none.
uint8_t *allocate(uint64_t bytes) {
  void *memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) {
    std::fprintf(stderr, "error: cannot allocate %llu MiB: give a smaller --megabytes\n",
                 static_cast<unsigned long long>(bytes >> 20));
    std::exit(1);
  }
  madvise(memory, bytes, MADV_HUGEPAGE); // a hint: without huge pages the figure is lower, not wrong
  std::memset(memory, 1, bytes);
  return static_cast<uint8_t *>(memory);
}

struct Bandwidth {
  double bytesPerSecond = 0;
  uint32_t streams = 0;
  bool prefetch = false;
};

Bandwidth measureBandwidth(lap::Lockstep &team, const uint8_t *memory, uint64_t bytes, uint32_t bursts) {
  // Every lane reads its own part; a part is cut into whole strips of the widest variant, so all variants read the
  // same.
  const uint64_t part = bytes / team.lanes() / (8 * roof::StripBytes) * (8 * roof::StripBytes);
  Bandwidth best;
  for (const roof::Reader &reader : roof::readers()) {
    const double seconds =
        least(team, bursts, [&](uint32_t lane, uint32_t) { reader.read(memory + lane * part, part); });
    const double rate = static_cast<double>(part) * team.lanes() / seconds;
    if (rate > best.bytesPerSecond) {
      best = {rate, reader.streams, reader.prefetch};
    }
  }
  return best;
}

double measureIntegers(lap::Lockstep &team, const roof::DotLoop &loop, uint32_t bursts) {
  constexpr uint64_t Rounds = 1 << 20; // about 5 ms
  const double seconds = least(team, bursts, [&](uint32_t, uint32_t) { loop.run(Rounds); });
  return static_cast<double>(Rounds) * loop.operationsPerRound * team.lanes() / seconds;
}

/// One line of the result, for one number of threads. False: the threads could not be started.
bool measure(const Options &options, uint32_t threads, const uint8_t *memory, bool last) {
  lap::Lockstep team;
  if (team.start(threads, nullptr) != LAP_OK) {
    std::fprintf(stderr, "error: cannot start %u threads\n", threads);
    return false;
  }
  const Bandwidth read = measureBandwidth(team, memory, options.megabytes << 20, options.bursts);
  std::printf("  {\"threads\": %u, \"read_gb_s\": %.2f, \"streams\": %u, \"prefetch\": %s", threads,
              read.bytesPerSecond * 1e-9, read.streams, read.prefetch ? "true" : "false");
  const roof::DotLoop loop = roof::dotLoop();
  if (options.integers && loop.run) {
    std::printf(", \"int8_gops\": %.1f", measureIntegers(team, loop, 4 * options.bursts) * 1e-9);
  }
  std::printf("}%s\n", last ? "" : ",");
  std::fflush(stdout);
  return true;
}

bool number(const std::string &word, const char *name, uint64_t least, uint64_t most, uint64_t &out) {
  if (word.rfind(name, 0) != 0) {
    return false;
  }
  char *end = nullptr;
  out = std::strtoull(word.c_str() + std::strlen(name), &end, 10);
  if (*end != 0 || out < least || out > most) {
    std::fprintf(stderr, "error: %s takes a number from %llu to %llu, not '%s'\n", name,
                 static_cast<unsigned long long>(least), static_cast<unsigned long long>(most),
                 word.c_str() + std::strlen(name));
    std::exit(2);
  }
  return true;
}

bool parse(int count, char **words, Options &out) {
  for (int i = 1; i < count; ++i) {
    const std::string word = words[i];
    uint64_t value = 0;
    if (number(word, "--threads=", 1, lap::MaxLanes, value)) {
      out.leastThreads = out.mostThreads = static_cast<uint32_t>(value);
    } else if (number(word, "--megabytes=", 1, 1 << 16, value)) {
      out.megabytes = value;
    } else if (number(word, "--bursts=", 1, 1000, value)) {
      out.bursts = static_cast<uint32_t>(value);
    } else if (word == "--bandwidth-only") {
      out.integers = false;
    } else {
      return false;
    }
  }
  return true;
}

} // namespace

int main(int count, char **words) {
  Options options;
  if (!parse(count, words, options)) {
    std::fprintf(stderr, "usage: %s [--threads=N] [--megabytes=512] [--bursts=6] [--bandwidth-only]\n", words[0]);
    return 2;
  }
  if (options.mostThreads == 0) {
    options.mostThreads = lap::usableCpus();
  }
  const uint64_t bytes = (options.megabytes << 20) + HugePage;
  const uint8_t *memory = allocate(bytes);
  std::printf("{\"buffer_mib\": %llu, \"int8_instruction\": \"%s\", \"roofs\": [\n",
              static_cast<unsigned long long>(options.megabytes), roof::dotLoop().instruction);
  for (uint32_t threads = options.leastThreads; threads <= options.mostThreads; ++threads) {
    if (!measure(options, threads, memory, threads == options.mostThreads)) {
      return 1;
    }
  }
  std::printf("]}\n");
  return 0;
}
