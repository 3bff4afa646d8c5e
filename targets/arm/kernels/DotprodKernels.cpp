// DotprodKernels.cpp - the integer products of libkernels_dotprod.a.
// SPDX-License-Identifier: Apache-2.0
#include "targets/arm/kernels/Dotprod.h"
#include "targets/arm/kernels/Symbols.h"

LAPIDARY_GROUP_KERNELS(dotprod, Dotprod)
LAPIDARY_ROW_KERNELS(dotprod, Dotprod)
