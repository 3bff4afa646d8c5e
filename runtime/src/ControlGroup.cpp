//===- ControlGroup.cpp - the memory limit this process was given ---------===//
// SPDX-License-Identifier: Apache-2.0
//
// A line of /proc/self/cgroup is NUMBER:CONTROLLERS:PATH. Version 2 has number 0 and no controllers. In a container the
// path may be the host's and the group itself be mounted at the root, so groups that do not exist are passed over on
// the way up. A group's page cache can be dropped, so only anonymous memory counts as used.
//===----------------------------------------------------------------------===//
#include "runtime/src/ControlGroup.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

namespace lap {

namespace {

constexpr size_t PathBytes = 4096;

/// The files of one version.
struct Version {
  const char *folder, *limit, *used; // used: a key of memory.stat, groups inside included
};
constexpr Version One = {"/memory", "memory.limit_in_bytes", "total_rss "};
constexpr Version Two = {"", "memory.max", "anon "};

/// The number behind `key` at the start of a line; 0 without it.
uint64_t statValue(const char *text, const char *key) {
  for (const char *line = text; line; line = strchr(line, '\n')) {
    line += *line == '\n';
    if (strncmp(line, key, strlen(key)) == 0) {
      return strtoull(line + strlen(key), nullptr, 10);
    }
  }
  return 0;
}

uint64_t leftIn(const char *group, const Version &version) {
  char path[PathBytes + 32], text[4096];
  snprintf(path, sizeof(path), "%s/%s", group, version.limit);
  if (!readText(path, text, sizeof(text)) || text[0] < '0' || text[0] > '9') { // "max"
    return UINT64_MAX;
  }
  uint64_t limit = strtoull(text, nullptr, 10);
  snprintf(path, sizeof(path), "%s/memory.stat", group);
  uint64_t used = readText(path, text, sizeof(text)) ? statValue(text, version.used) : 0;
  return used < limit ? limit - used : 0;
}

/// The least of the group at `path` and the groups around it.
uint64_t leftOnTheWayUp(const char *mount, const Version &version, const char *path, size_t pathBytes) {
  char group[PathBytes];
  int length = snprintf(group, sizeof(group), "%s%s%.*s", mount, version.folder, static_cast<int>(pathBytes), path);
  if (length < 0 || static_cast<size_t>(length) >= sizeof(group)) {
    return UINT64_MAX;
  }
  uint64_t least = UINT64_MAX;
  const size_t root = strlen(mount) + strlen(version.folder);
  for (;;) {
    uint64_t left = leftIn(group, version);
    least = left < least ? left : least;
    char *slash = strrchr(group, '/');
    if (!slash || static_cast<size_t>(slash - group) < root) {
      return least;
    }
    *slash = 0;
  }
}

/// True for "memory" and "cpu,memory".
bool hasMemory(const char *controllers, size_t bytes) {
  const size_t length = strlen("memory");
  for (size_t at = 0; at + length <= bytes; ++at) {
    bool starts = at == 0 || controllers[at - 1] == ',';
    bool ends = at + length == bytes || controllers[at + length] == ',';
    if (starts && ends && strncmp(controllers + at, "memory", length) == 0) {
      return true;
    }
  }
  return false;
}

} // namespace

bool readText(const char *path, char *buffer, size_t bytes) {
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    return false;
  }
  ssize_t got = read(fd, buffer, bytes - 1);
  close(fd);
  buffer[got < 0 ? 0 : got] = 0;
  return got > 0;
}

uint64_t controlGroupMemory(const char *groups, const char *mount) {
  char text[4096];
  if (!readText(groups, text, sizeof(text))) {
    return UINT64_MAX;
  }
  uint64_t least = UINT64_MAX;
  for (const char *line = text; *line;) {
    const size_t bytes = strcspn(line, "\n");
    const char *controllers = static_cast<const char *>(memchr(line, ':', bytes));
    const char *path = controllers ? static_cast<const char *>(memchr(
                                         controllers + 1, ':', bytes - static_cast<size_t>(controllers + 1 - line)))
                                   : nullptr;
    if (path) {
      const size_t controllerBytes = static_cast<size_t>(path - controllers - 1);
      const size_t pathBytes = bytes - static_cast<size_t>(path + 1 - line);
      bool two = strncmp(line, "0::", 3) == 0;
      if (two || hasMemory(controllers + 1, controllerBytes)) {
        uint64_t left = leftOnTheWayUp(mount, two ? Two : One, path + 1, pathBytes);
        least = left < least ? left : least;
      }
    }
    line += bytes + (line[bytes] == '\n');
  }
  return least;
}

} // namespace lap
