//===- SessionFile.cpp - a session in a file ------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
//   StateHeader   who wrote it, for which weights and caches, how many tokens
//   ids           int32[position]
//   caches        the used blocks in the order of CacheLayout::forUsed
//   sha256        of all the above
//
// A file is believed in steps: its header names this model, its size is the one that follows from the header, its
// hash is right. Only then is the session touched.
//===----------------------------------------------------------------------===//
#include "runtime/src/Error.h"
#include "runtime/src/SafeFile.h"
#include "runtime/src/Session.h"
#include "runtime/src/Sha256.h"

#include <string.h>

namespace lap {

namespace {

typedef unsigned long long ull;

constexpr char StateMagic[8] = {'L', 'A', 'P', 'S', 'T', 'A', 'T', 'E'};
constexpr uint32_t StateVersion = 1;
constexpr uint64_t DigestBytes = 32;
constexpr uint64_t PieceBytes = 16384; // of caches and files, on the stack

/// Little endian, no padding.
struct StateHeader {
  char magic[8];
  uint32_t version, headerBytes;
  uint8_t weights[DigestBytes]; // lap_program.weight_sha256
  uint8_t caches[DigestBytes];  // of the list of caches, context and vocabulary
  uint64_t fileBytes;
  uint64_t random; // the sampler's state
  uint32_t position, floor;
};
static_assert(sizeof(StateHeader) == 104, "the file format has no padding");

StateHeader headerOf(const lap_session &session) {
  const lap_program &program = *session.model->program;
  StateHeader header = {};
  memcpy(header.magic, StateMagic, sizeof(header.magic));
  header.version = StateVersion;
  header.headerBytes = sizeof(header);
  memcpy(header.weights, program.weight_sha256, DigestBytes);
  Sha256 hash;
  hash.update(blobData(program, program.caches), program.caches.bytes);
  hash.update(&program.context, sizeof(program.context));
  hash.update(&program.vocab, sizeof(program.vocab));
  hash.finish(header.caches);
  header.position = session.position;
  header.floor = session.floor;
  header.random = session.sampler.random.position();
  return header;
}

uint64_t fileBytes(const lap_session &session, uint32_t position) {
  return sizeof(StateHeader) + position * sizeof(int32_t) + session.model->caches.usedBytes(position, false) +
         DigestBytes;
}

/// Writes and hashes.
struct HashedWriter {
  SafeWriter file;
  Sha256 hash;

  lap_status put(const void *data, uint64_t bytes, lap_error *error) {
    hash.update(data, bytes);
    return file.write(data, bytes, error);
  }
};

/// Reads and hashes.
struct HashedReader {
  SafeReader &file;
  Sha256 hash;

  lap_status get(void *out, uint64_t bytes, lap_error *error) {
    lap_status status = file.read(out, bytes, error);
    hash.update(out, status == LAP_OK ? bytes : 0);
    return status;
  }
  /// The hash that follows in the file is that of what was read.
  lap_status check(const char *path, lap_error *error) {
    uint8_t expected[DigestBytes], found[DigestBytes];
    lap_status status = file.read(expected, DigestBytes, error);
    hash.finish(found);
    if (status == LAP_OK && memcmp(expected, found, DigestBytes) != 0) {
      return fail(error, LAP_BAD_FILE,
                  "%s is damaged: its contents have the hash %02x%02x%02x%02x.., the file says %02x%02x%02x%02x..; "
                  "save the session again",
                  path, found[0], found[1], found[2], found[3], expected[0], expected[1], expected[2], expected[3]);
    }
    return status;
  }
};

lap_status checkOrigin(const StateHeader &found, const StateHeader &own, const char *path, lap_error *error) {
  if (memcmp(found.magic, own.magic, sizeof(own.magic)) != 0) {
    return fail(error, LAP_BAD_FILE, "%s is not a saved session: it does not start with LAPSTATE", path);
  }
  if (found.version != own.version || found.headerBytes != own.headerBytes) {
    return fail(error, LAP_BAD_FILE,
                "%s is a saved session of version %u with a header of %u bytes, expected version %u and %u bytes", path,
                found.version, found.headerBytes, own.version, own.headerBytes);
  }
  if (memcmp(found.weights, own.weights, DigestBytes) != 0) {
    const uint8_t *f = found.weights, *e = own.weights;
    return fail(error, LAP_BAD_FILE,
                "%s was saved by another model: weights %02x%02x%02x%02x.., this program's are %02x%02x%02x%02x..",
                path, f[0], f[1], f[2], f[3], e[0], e[1], e[2], e[3]);
  }
  if (memcmp(found.caches, own.caches, DigestBytes) != 0) {
    return fail(error, LAP_BAD_FILE,
                "%s was saved by a program with other caches (context, chunk or --kv); compile with the same options",
                path);
  }
  return LAP_OK;
}

lap_status checkSize(const lap_session &session, const StateHeader &header, uint64_t size, const char *path,
                     lap_error *error) {
  if (header.position > session.model->program->context || header.floor > header.position) {
    return fail(error, LAP_BAD_FILE, "%s says it holds %u tokens from %u on, expected at most %u", path,
                header.position, header.floor, session.model->program->context);
  }
  const uint64_t expected = fileBytes(session, header.position);
  if (size != expected || header.fileBytes != expected) {
    return fail(error, LAP_BAD_FILE, "%s has %llu bytes, expected %llu for %u tokens; it was cut off or damaged", path,
                ull(size), ull(expected), header.position);
  }
  if (header.position > session.context) {
    return fail(error, LAP_CONTEXT_FULL, "%s holds %u tokens, the session's context has %u", path, header.position,
                session.context);
  }
  return LAP_OK;
}

/// Hashes the file, whose size and header are right.
lap_status checkContents(SafeReader &file, const char *path, lap_error *error) {
  HashedReader reader{file, Sha256()};
  uint8_t buffer[PieceBytes];
  lap_status status = LAP_OK;
  for (uint64_t left = file.size() - DigestBytes; left != 0 && status == LAP_OK;) {
    const uint64_t some = left < sizeof(buffer) ? left : sizeof(buffer);
    status = reader.get(buffer, some, error);
    left -= some;
  }
  return status == LAP_OK ? reader.check(path, error) : status;
}

/// Calls move(cache address, bytes), a lap_status, for the used blocks of a sequence of `position` tokens, in pieces of
/// at most PieceBytes, until one fails.
template <typename Move> lap_status forPieces(const lap_session &session, uint32_t position, Move move) {
  lap_status status = LAP_OK;
  session.model->caches.forUsed(position, false, [&](uint64_t offset, uint64_t bytes) {
    for (uint64_t done = 0; done < bytes && status == LAP_OK; done += PieceBytes) {
      status = move(session.caches() + offset + done, bytes - done < PieceBytes ? bytes - done : PieceBytes);
    }
    return status == LAP_OK;
  });
  return status;
}

lap_status readCaches(lap_session &session, HashedReader &reader, uint32_t position, lap_error *error) {
  uint8_t buffer[PieceBytes];
  return forPieces(session, position, [&](uint8_t *cache, uint64_t bytes) {
    lap_status status = reader.get(buffer, bytes, error);
    return status == LAP_OK ? copyIn(session, cache, buffer, bytes, error) : status;
  });
}

lap_status writeCaches(const lap_session &session, HashedWriter &writer, lap_error *error) {
  uint8_t buffer[PieceBytes];
  return forPieces(session, session.position, [&](const uint8_t *cache, uint64_t bytes) {
    lap_status status = copyOut(session, buffer, cache, bytes, error);
    return status == LAP_OK ? writer.put(buffer, bytes, error) : status;
  });
}

lap_status readSequence(lap_session &session, SafeReader &file, const StateHeader &checked, const char *path,
                        lap_error *error) {
  HashedReader reader{file, Sha256()};
  StateHeader header;
  lap_status status = reader.get(&header, sizeof(header), error);
  if (status == LAP_OK && memcmp(&header, &checked, sizeof(header)) != 0) {
    status = fail(error, LAP_BAD_FILE, "%s changed while it was read", path);
  }
  if (status == LAP_OK) {
    status = reader.get(session.ids(), header.position * sizeof(int32_t), error);
  }
  if (status == LAP_OK) {
    status = checkIds(session, session.ids(), header.position, error);
  }
  if (status == LAP_OK) {
    status = readCaches(session, reader, header.position, error);
  }
  return status == LAP_OK ? reader.check(path, error) : status;
}

/// The session is empty.
void clear(lap_session &session) {
  dropDrafts(session);
  dropCheckpoints(session, 0);
  session.position = session.floor = 0;
  session.rows.count = 0;
}

} // namespace
} // namespace lap

using lap::fail;

lap_status lap_session_save(const lap_session *session, const char *path, lap_error *error) {
  if (!session || !path) {
    return fail(error, LAP_INVALID_ARGUMENT, "session or path is NULL");
  }
  lap::HashedWriter writer;
  lap::StateHeader header = lap::headerOf(*session);
  header.fileBytes = lap::fileBytes(*session, session->position);
  lap_status status = writer.file.open(path, error);
  if (status == LAP_OK) {
    status = writer.put(&header, sizeof(header), error);
  }
  if (status == LAP_OK) {
    status = writer.put(session->ids(), session->position * sizeof(int32_t), error);
  }
  if (status == LAP_OK) {
    status = lap::writeCaches(*session, writer, error);
  }
  uint8_t digest[lap::DigestBytes];
  writer.hash.finish(digest);
  if (status == LAP_OK) {
    status = writer.file.write(digest, sizeof(digest), error);
  }
  return status == LAP_OK ? writer.file.commit(error) : status;
}

lap_status lap_session_load(lap_session *session, const char *path, lap_error *error) {
  if (!session || !path) {
    return fail(error, LAP_INVALID_ARGUMENT, "session or path is NULL");
  }
  lap::SafeReader file;
  lap::StateHeader header = {};
  lap_status status = file.open(path, error);
  if (status == LAP_OK && file.size() < sizeof(header) + lap::DigestBytes) {
    status = fail(error, LAP_BAD_FILE, "%s has %llu bytes, too few for a saved session", path,
                  static_cast<unsigned long long>(file.size()));
  }
  if (status == LAP_OK) {
    status = file.read(&header, sizeof(header), error);
  }
  if (status == LAP_OK) {
    status = lap::checkOrigin(header, lap::headerOf(*session), path, error);
  }
  if (status == LAP_OK) {
    status = lap::checkSize(*session, header, file.size(), path, error);
  }
  if (status == LAP_OK) {
    file.restart();
    status = lap::checkContents(file, path, error);
  }
  if (status != LAP_OK) {
    return status;
  }
  file.restart();
  lap::clear(*session);
  status = lap::readSequence(*session, file, header, path, error);
  if (status == LAP_OK) {
    const uint32_t floor = session->model->caches.copyFloor(header.position);
    session->position = header.position;
    session->floor = header.floor > floor ? header.floor : floor;
    session->sampler.random.continueFrom(header.random);
  }
  return status;
}
