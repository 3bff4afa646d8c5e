//===- Floats.h - the vector of floats that kernels are compiled with -------===//
// SPDX-License-Identifier: Apache-2.0
//
// Kernels of this folder are templates over a vector of 32 floats. The command line says which: HVX's, or with
// LAPIDARY_MODEL_FLOATS (Nearest, TowardZero) the model's, for tests.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_TARGETS_HEXAGON_KERNELS_FLOATS_FLOATS_H
#define LAPIDARY_TARGETS_HEXAGON_KERNELS_FLOATS_FLOATS_H

#ifdef LAPIDARY_MODEL_FLOATS
#include "targets/hexagon/kernels/floats/ModelFloats.h"
namespace lap::hexagon {
using Floats = ModelFloats<ModelRounding::LAPIDARY_MODEL_FLOATS>;
}
#else
#include "targets/hexagon/kernels/floats/HvxFloats.h"
namespace lap::hexagon {
using Floats = HvxFloats;
}
#endif

#endif // LAPIDARY_TARGETS_HEXAGON_KERNELS_FLOATS_FLOATS_H
