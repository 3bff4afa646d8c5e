//===- WeightMap.h - weights mapped from the program's own file -----------===//
// SPDX-License-Identifier: Apache-2.0
//
// The weight segment lies behind the ELF image and a trailer ends the file (ProgramAbi.h). We read the trailer, check
// every number in it against the file's size and map the segment read-only: start-up costs milliseconds, and processes
// running the same file share its memory. A file shorter than it promises is an error here, never a SIGBUS later.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_RUNTIME_WEIGHTMAP_H
#define LAPIDARY_RUNTIME_WEIGHTMAP_H

#include "lapidary/ProgramAbi.h"
#include "lapidary/lapidary.h"

namespace lap {

/// A file opened for its trailer. Zero-initialised is closed.
struct WeightMap {
  int fd = -1;
  uint64_t fileBytes = 0;
  lap_trailer trailer{};
  const uint8_t *weights = nullptr; // trailer.weight_bytes, page aligned
  lap_weight_file segment{};        // for tables gathered by row

  WeightMap() = default;
  ~WeightMap() { close(); }
  WeightMap(const WeightMap &) = delete;
  WeightMap &operator=(const WeightMap &) = delete;

  /// Opens `path` (null: this executable), checks it against `program`, maps the weights and advises the kernel:
  /// the resident part is read ahead if it fits into free memory, the tables behind it are not.
  lap_status open(const char *path, const lap_program &program, lap_error *error);
  void close();

private:
  lap_status readTrailer(const char *name, const lap_program &program, lap_error *error);
  void advise(uint64_t residentBytes) const;
};

} // namespace lap

#endif // LAPIDARY_RUNTIME_WEIGHTMAP_H
