//===- ControlGroup.h - the memory limit this process was given -----------===//
// SPDX-License-Identifier: Apache-2.0
//
// Containers and services limit memory by control groups, of version 1 or 2. A group's limit holds together with those
// of all groups around it.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_RUNTIME_CONTROLGROUP_H
#define LAPIDARY_RUNTIME_CONTROLGROUP_H

#include <stddef.h>
#include <stdint.h>

namespace lap {

/// Bytes that the control groups leave for anonymous memory; UINT64_MAX without a limit. `groups` says which groups
/// the process is in, `mount` is where their files are.
uint64_t controlGroupMemory(const char *groups = "/proc/self/cgroup", const char *mount = "/sys/fs/cgroup");

/// Reads the start of a small text file into `buffer`, NUL-terminated; false if it cannot be read.
bool readText(const char *path, char *buffer, size_t bytes);

} // namespace lap

#endif // LAPIDARY_RUNTIME_CONTROLGROUP_H
