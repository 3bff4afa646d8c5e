// NeonKernels.cpp - the integer products of libkernels_neon.a.
// SPDX-License-Identifier: Apache-2.0
#include "targets/arm/kernels/Neon.h"
#include "targets/arm/kernels/Symbols.h"

LAPIDARY_GROUP_KERNELS(neon, Neon)
LAPIDARY_ROW_KERNELS(neon, Neon)
