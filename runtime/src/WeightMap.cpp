//===- WeightMap.cpp - trailer checks and the mapping ---------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// See WeightMap.h. All arithmetic on the trailer's numbers is checked: a damaged program must end in a message.
//===----------------------------------------------------------------------===//
#include "runtime/src/WeightMap.h"
#include "runtime/src/Device.h"
#include "runtime/src/Error.h"
#include "runtime/src/MemoryPlan.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace lap {

namespace {

typedef unsigned long long ull;
constexpr const char *CopyAgain = "copy the program again and check it with `verify`";

lap_status checkTrailer(const lap_trailer &t, uint64_t fileBytes, const char *name, const lap_program &program,
                        lap_error *error) {
  if (memcmp(t.magic, LAP_TRAILER_MAGIC, sizeof(t.magic)) != 0) {
    return fail(
        error, LAP_BAD_FILE,
        "%s: no weights at the end of the file (%llu bytes, at least %llu expected): it was cut short or stripped; "
        "%s",
        name, ull(fileBytes), ull(program.weight_bytes), CopyAgain);
  }
  if (t.abi_version != LAP_ABI_VERSION || t.trailer_bytes != sizeof(lap_trailer)) {
    return fail(
        error, LAP_BAD_FILE,
        "%s: weights written for program version %u with a trailer of %u bytes, expected version %u and %zu bytes; "
        "compile the model again",
        name, t.abi_version, t.trailer_bytes, unsigned(LAP_ABI_VERSION), sizeof(lap_trailer));
  }
  if (t.weight_bytes != program.weight_bytes || t.weight_bytes == 0) {
    return fail(error, LAP_BAD_FILE, "%s: holds %llu bytes of weights, the program expects %llu; %s", name,
                ull(t.weight_bytes), ull(program.weight_bytes), CopyAgain);
  }
  uint64_t end = 0;
  uint64_t room = fileBytes - sizeof(lap_trailer);
  if (!checkedAdd(t.weight_offset, t.weight_bytes, &end) || end > room) {
    return fail(error, LAP_BAD_FILE,
                "%s: the weights at byte %llu need %llu bytes, but the file has only %llu before its trailer; %s", name,
                ull(t.weight_offset), ull(t.weight_bytes), ull(room), CopyAgain);
  }
  if (t.weight_offset % LAP_SEGMENT_ALIGN != 0 || t.image_bytes > t.weight_offset) {
    return fail(error, LAP_BAD_FILE,
                "%s: the weights start at byte %llu, expected a multiple of %u behind the image of %llu bytes; %s",
                name, ull(t.weight_offset), unsigned(LAP_SEGMENT_ALIGN), ull(t.image_bytes), CopyAgain);
  }
  return LAP_OK;
}

} // namespace

lap_status WeightMap::readTrailer(const char *name, const lap_program &program, lap_error *error) {
  struct stat status;
  if (fstat(fd, &status) != 0) {
    return fail(error, LAP_IO_ERROR, "%s: cannot read its size: %s", name, strerror(errno));
  }
  if (!S_ISREG(status.st_mode)) {
    return fail(error, LAP_BAD_FILE, "%s: not a regular file", name);
  }
  fileBytes = static_cast<uint64_t>(status.st_size);
  if (fileBytes < sizeof(lap_trailer)) {
    return fail(error, LAP_BAD_FILE, "%s: only %llu bytes long, the trailer alone has %zu; %s", name, ull(fileBytes),
                sizeof(lap_trailer), CopyAgain);
  }
  ssize_t got = pread(fd, &trailer, sizeof(trailer), static_cast<off_t>(fileBytes - sizeof(trailer)));
  if (got != static_cast<ssize_t>(sizeof(trailer))) {
    return fail(error, LAP_IO_ERROR, "%s: cannot read its last %zu bytes: %s", name, sizeof(trailer),
                got < 0 ? strerror(errno) : "the file shrank");
  }
  return checkTrailer(trailer, fileBytes, name, program, error);
}

void WeightMap::advise(uint64_t residentBytes) const {
  uint64_t page = static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  uint64_t resident = alignUp(residentBytes < trailer.weight_bytes ? residentBytes : trailer.weight_bytes, page);
  uint8_t *start = const_cast<uint8_t *>(weights);
  if (resident < trailer.weight_bytes) {
    madvise(start + resident, trailer.weight_bytes - resident, MADV_RANDOM);
    posix_fadvise(fd, 0, 0, POSIX_FADV_RANDOM); // rows are read with pread; mapped pages are still read ahead
  }
  if (deviceIsSeparate()) {
    return; // read once, when the first session uploads them
  }
  madvise(start, resident, MADV_HUGEPAGE); // cold files are then read in huge pages; an older kernel may refuse
  if (resident != 0 && resident <= availableMemory()) {
    madvise(start, resident, MADV_WILLNEED);
  }
}

/// Maps a part of a file at an address congruent to its offset modulo LAP_HUGE_PAGE: page caches hold large files in
/// pages of that size, and one such mapping saves 511 translations (a quarter more bandwidth on Zen 4 in a virtual
/// machine). MAP_FAILED and errno after an error.
static void *mapAligned(int file, uint64_t offset, uint64_t bytes) {
  if (bytes < LAP_HUGE_PAGE) {
    return mmap(nullptr, bytes, PROT_READ, MAP_SHARED, file, static_cast<off_t>(offset));
  }
  const uint64_t room = alignUp(bytes, LAP_SEGMENT_ALIGN) + LAP_HUGE_PAGE;
  void *reserved = mmap(nullptr, room, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (reserved == MAP_FAILED) {
    return reserved;
  }
  uint8_t *first = static_cast<uint8_t *>(reserved);
  const uint64_t skip = (offset - reinterpret_cast<uintptr_t>(first)) % LAP_HUGE_PAGE;
  void *map = mmap(first + skip, bytes, PROT_READ, MAP_SHARED | MAP_FIXED, file, static_cast<off_t>(offset));
  if (map == MAP_FAILED) {
    const int reason = errno;
    munmap(first, room);
    errno = reason;
    return map;
  }
  const uint64_t used = skip + alignUp(bytes, LAP_SEGMENT_ALIGN);
  if (skip) {
    munmap(first, skip);
  }
  munmap(first + used, room - used);
  return map;
}

lap_status WeightMap::open(const char *path, const lap_program &program, lap_error *error) {
  const char *file = path ? path : "/proc/self/exe";
  const char *name = path ? path : "this program's file";
  fd = ::open(file, O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    return fail(error, LAP_IO_ERROR, "cannot open %s: %s%s", name, strerror(errno),
                path ? "" : " (is /proc mounted? otherwise pass --weights=FILE)");
  }
  lap_status status = readTrailer(name, program, error);
  if (status == LAP_OK) {
    status = checkAddressSpace(trailer.weight_bytes, "the weights", error);
  }
  if (status == LAP_OK) {
    void *map = mapAligned(fd, trailer.weight_offset, trailer.weight_bytes);
    if (map == MAP_FAILED) {
      status = fail(error, errno == ENOMEM ? LAP_OUT_OF_MEMORY : LAP_IO_ERROR,
                    "%s: cannot map %llu bytes of weights: %s", name, ull(trailer.weight_bytes), strerror(errno));
    } else {
      weights = static_cast<const uint8_t *>(map);
      segment = {trailer.weight_offset, fd, 0};
      advise(program.resident_weight_bytes);
    }
  }
  if (status != LAP_OK) {
    close();
  }
  return status;
}

void WeightMap::close() {
  if (weights) {
    munmap(const_cast<uint8_t *>(weights), trailer.weight_bytes < LAP_HUGE_PAGE
                                               ? trailer.weight_bytes
                                               : alignUp(trailer.weight_bytes, LAP_SEGMENT_ALIGN));
    weights = nullptr;
  }
  if (fd >= 0) {
    ::close(fd);
    fd = -1;
  }
}

} // namespace lap
