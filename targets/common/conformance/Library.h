// Library.h - the shared library of kernels under test.
// SPDX-License-Identifier: Apache-2.0
//
// Loaded at run time, so that the suite is compiled once and pointed at any target's kernels.
#ifndef LAPIDARY_TARGETS_COMMON_CONFORMANCE_LIBRARY_H
#define LAPIDARY_TARGETS_COMMON_CONFORMANCE_LIBRARY_H

#include <string>

namespace lapidary::conformance {

/// Loads `path`, whose kernels are named for `isa`; every CPU feature in `features` (comma separated, the names of
/// __builtin_cpu_supports and /proc/cpuinfo) must be there, else the tests are skipped. False after a message on
/// stderr.
bool loadLibrary(const std::string &path, const std::string &isa, const std::string &features);

} // namespace lapidary::conformance

#endif
