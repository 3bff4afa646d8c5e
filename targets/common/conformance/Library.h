// Library.h - where the kernels under test come from.
// SPDX-License-Identifier: Apache-2.0
//
// A shared library that is loaded at run time (SharedLibrary.cpp), so that the suite is compiled once for the machine
// that builds; or kernels linked into the suite (LinkedLibrary.cpp), for machines that are emulated and load nothing.
#ifndef LAPIDARY_TARGETS_COMMON_CONFORMANCE_LIBRARY_H
#define LAPIDARY_TARGETS_COMMON_CONFORMANCE_LIBRARY_H

#include <string>

namespace lapidary::conformance {

/// Makes the kernels of `path` known; LinkedLibrary has its own and wants "". False after a message on stderr.
bool openLibrary(const std::string &path);

/// The address of a kernel, by symbol; null when the library has none.
void *findKernel(const std::string &symbol);

} // namespace lapidary::conformance

#endif
