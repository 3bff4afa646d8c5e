//===- TestFiles.h - weight files for runtime tests -----------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Writes the file a fake program maps: an "image" of some bytes, the weight segment, the trailer.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_TEST_RUNTIME_TESTFILES_H
#define LAPIDARY_TEST_RUNTIME_TESTFILES_H

#include "runtime/src/Sha256.h"
#include "test/runtime/FakeProgram.h"

#include <cstring>
#include <fstream>
#include <string>
#include <unistd.h>

/// A path in the test's own directory; the file is removed at the end of the scope.
struct TemporaryFile {
  std::string path;
  explicit TemporaryFile(const std::string &name) : path("/tmp/lapidary-rt-" + std::to_string(getpid()) + "-" + name) {}
  ~TemporaryFile() { unlink(path.c_str()); }
  void write(const std::string &bytes) const { std::ofstream(path, std::ios::binary) << bytes; }
  std::string read() const {
    std::ifstream in(path, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(in), {});
  }
  bool exists() const { return access(path.c_str(), F_OK) == 0; }
};

inline lap_trailer goodTrailer(const std::string &image) {
  lap_trailer t{};
  memcpy(t.magic, LAP_TRAILER_MAGIC, 8);
  t.abi_version = LAP_ABI_VERSION;
  t.trailer_bytes = sizeof(t);
  t.weight_offset = LAP_SEGMENT_ALIGN;
  t.weight_bytes = FakeWeightBytes;
  t.image_bytes = image.size();
  lap::Sha256 hash;
  hash.update(image.data(), image.size());
  hash.finish(t.image_sha256);
  return t;
}

/// The whole file; `t` goes in unchecked.
inline std::string programFile(const std::string &image, const lap_trailer &t) {
  std::string bytes = image;
  bytes.resize(LAP_SEGMENT_ALIGN);
  for (unsigned i = 0; i < FakeWeightBytes; ++i) {
    bytes.push_back(char(i * 7 + 3));
  }
  return bytes.append(reinterpret_cast<const char *>(&t), sizeof(t));
}

inline std::string goodFile() {
  std::string image(1000, 'i');
  return programFile(image, goodTrailer(image));
}

#endif // LAPIDARY_TEST_RUNTIME_TESTFILES_H
