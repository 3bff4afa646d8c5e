// Undocumented.td - definitions that check-op-docs.py must refuse
// SPDX-License-Identifier: Apache-2.0
//
// Input of check-op-docs.test: ops that each lack one thing.
include "dialects/kernel/KernelDialect.td"

def Kernel_NoSummaryOp : Kernel_Op<"no_summary"> {
  let description = [{
    ```mlir
    kernel.no_summary
    ```
  }];
}
def Kernel_NoDescriptionOp : Kernel_Op<"no_description"> {
  let summary = "Short";
}
def Kernel_NoExampleOp : Kernel_Op<"no_example"> {
  let summary = "Short";
  let description = "Words only.";
}
def Kernel_LongSummaryOp : Kernel_Op<"long_summary"> {
  let summary = "A summary that goes on and on until it is longer than the eighty characters it may be";
  let description = [{
    ```mlir
    kernel.long_summary
    ```
  }];
}
