//===- GemmaOps.td - all ops of the gemma dialect -------------*- tablegen -*-===//
// SPDX-License-Identifier: Apache-2.0
//
// One file per family; this one only collects them for TableGen.
//===--------------------------------------------------------------------------===//
include "dialects/gemma/WeightOps.td"
include "dialects/gemma/LinearOps.td"
include "dialects/gemma/NormOps.td"
include "dialects/gemma/AttentionOps.td"
include "dialects/gemma/ElementwiseOps.td"
include "dialects/gemma/ShapeOps.td"
include "dialects/gemma/ExpertOps.td"
