// A libcuda.so.1 of a driver that is too old: it opens, and has none of the functions.
// SPDX-License-Identifier: Apache-2.0
extern "C" int cuNothing() { return 0; }
