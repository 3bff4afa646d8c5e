//===- KernelOps.td - all ops of the kernel dialect -----------*- tablegen -*-===//
// SPDX-License-Identifier: Apache-2.0
//
// One file per family; this one only collects them for TableGen.
//===--------------------------------------------------------------------------===//
include "dialects/kernel/MemoryOps.td"
include "dialects/kernel/MatmulOps.td"
include "dialects/kernel/NormOps.td"
include "dialects/kernel/AttentionOps.td"
include "dialects/kernel/ElementwiseOps.td"
include "dialects/kernel/ExpertOps.td"
