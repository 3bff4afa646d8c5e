//===- Upload.cpp - weights from the program's file to the GPU -------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Pieces are read into two pinned buffers in turns, and copied from there by the GPU's copy engine while the next piece
// is read. So a start takes about as long as the slower of the two: the disk (or the page cache) and the bus.
//===----------------------------------------------------------------------===//
#include "runtime/src/Error.h"
#include "runtime/src/Model.h"
#include "runtime/src/cuda/Gpu.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

namespace lap::cuda {

namespace {

typedef unsigned long long ull;

constexpr uint64_t PieceBytes = 16 << 20;

class Uploader {
public:
  Uploader(const Device &device, const lap_model &model) : device(device), driver(*device.driver), model(model) {}
  Uploader(const Uploader &) = delete;
  Uploader &operator=(const Uploader &) = delete;
  ~Uploader();

  lap_status open(lap_error *error);
  lap_status run(uint64_t bytes, lap_error *error);

private:
  struct Buffer {
    void *memory = nullptr;
    Event copied = nullptr;
    bool busy = false;
  };

  lap_status failed(Result result, const char *function, lap_error *error) const {
    return check(driver, result, function, "uploading the weights", LAP_DEVICE_FAILED, error);
  }
  lap_status read(uint8_t *to, uint64_t offset, uint64_t bytes, lap_error *error) const;
  lap_status send(Buffer &buffer, uint64_t offset, uint64_t bytes, lap_error *error);

  const Device &device;
  const Driver &driver;
  const lap_model &model;
  Stream stream = nullptr;
  Buffer buffers[2];
};

lap_status Uploader::open(lap_error *error) {
  lap_status status = failed(driver.streamCreate(&stream, StreamNonBlocking), "cuStreamCreate", error);
  for (Buffer &buffer : buffers) {
    if (status == LAP_OK) {
      status = check(driver, driver.allocateHost(&buffer.memory, PieceBytes, 0), "cuMemHostAlloc",
                     "reserving pinned memory to upload the weights", LAP_OUT_OF_MEMORY, error);
    }
    if (status == LAP_OK) {
      status = failed(driver.eventCreate(&buffer.copied, EventNoTiming), "cuEventCreate", error);
    }
  }
  return status;
}

Uploader::~Uploader() {
  if (stream) {
    driver.streamWait(stream);
    driver.streamDestroy(stream);
  }
  for (Buffer &buffer : buffers) {
    if (buffer.copied) {
      driver.eventDestroy(buffer.copied);
    }
    if (buffer.memory) {
      driver.releaseHost(buffer.memory);
    }
  }
}

/// Bytes [offset, offset + bytes) of the weight segment.
lap_status Uploader::read(uint8_t *to, uint64_t offset, uint64_t bytes, lap_error *error) const {
  const lap_weight_file &file = model.map.segment;
  for (uint64_t done = 0; done < bytes;) {
    const uint64_t at = file.offset + offset + done;
    const ssize_t got = pread(file.descriptor, to + done, bytes - done, static_cast<off_t>(at));
    if (got <= 0 && !(got < 0 && errno == EINTR)) {
      return fail(error, LAP_IO_ERROR, "cannot read the weights at byte %llu of the program's file: %s", ull(at),
                  got < 0 ? strerror(errno) : "the file became shorter");
    }
    done += got > 0 ? static_cast<uint64_t>(got) : 0;
  }
  return LAP_OK;
}

lap_status Uploader::send(Buffer &buffer, uint64_t offset, uint64_t bytes, lap_error *error) {
  lap_status status = buffer.busy ? failed(driver.eventWait(buffer.copied), "cuEventSynchronize", error) : LAP_OK;
  buffer.busy = true;
  if (status == LAP_OK) {
    status = read(static_cast<uint8_t *>(buffer.memory), offset, bytes, error);
  }
  if (status == LAP_OK) {
    status =
        failed(driver.copyInAsync(device.weights + offset, buffer.memory, bytes, stream), "cuMemcpyHtoDAsync", error);
  }
  return status == LAP_OK ? failed(driver.eventRecord(buffer.copied, stream), "cuEventRecord", error) : status;
}

lap_status Uploader::run(uint64_t bytes, lap_error *error) {
  lap_status status = LAP_OK;
  uint32_t turn = 0;
  for (uint64_t done = 0; done < bytes && status == LAP_OK; done += PieceBytes, turn = 1 - turn) {
    status = send(buffers[turn], done, bytes - done < PieceBytes ? bytes - done : PieceBytes, error);
  }
  return status == LAP_OK ? failed(driver.streamWait(stream), "cuStreamSynchronize", error) : status;
}

} // namespace

lap_status uploadWeights(const Device &device, const lap_model &model, lap_error *error) {
  const uint64_t bytes = model.program->resident_weight_bytes;
  const off_t start = static_cast<off_t>(model.map.segment.offset);
  // WeightMap says that a file with tables is read here and there; this part of it is read from end to end.
  posix_fadvise(model.map.fd, start, static_cast<off_t>(bytes), POSIX_FADV_SEQUENTIAL);
  Uploader uploader(device, model);
  lap_status status = uploader.open(error);
  if (status == LAP_OK) {
    status = uploader.run(bytes, error);
  }
  if (bytes < model.program->weight_bytes) {
    posix_fadvise(model.map.fd, 0, 0, POSIX_FADV_RANDOM);
  }
  return status;
}

} // namespace lap::cuda
