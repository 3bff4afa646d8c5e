// I8mmKernels.cpp - the integer products of libkernels_i8mm.a.
// SPDX-License-Identifier: Apache-2.0
#include "targets/arm/kernels/I8mm.h"
#include "targets/arm/kernels/Symbols.h"

LAPIDARY_GROUP_KERNELS(i8mm, I8mm)
LAPIDARY_ROW_KERNELS(i8mm, I8mm)
