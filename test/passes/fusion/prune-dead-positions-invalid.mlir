// RUN: lapidary-opt %s --split-input-file --prune-dead-positions --verify-diagnostics

// expected-error @+1 {{the module defines no function @score, which the pruned functions are made from}}
module {
  func.func @main(%x: tensor<?x64xf32>) -> tensor<?x64xf32> {
    return %x : tensor<?x64xf32>
  }
}

// -----

// expected-error @+1 {{the module defines no function @score}}
module {
  func.func private @score(%x: tensor<?x64xf32>) -> tensor<?x64xf32>
}

// -----

func.func @score(%x: tensor<?x64xf32>) -> tensor<?x64xf32> {
  return %x : tensor<?x64xf32>
}
// expected-error @+1 {{the module has @step but not @extend, expected both or neither}}
func.func @step(%x: tensor<?x64xf32>) {
  return
}

// -----

// expected-error @+1 {{the module has @extend but not @step, expected both or neither}}
func.func @extend(%x: tensor<?x64xf32>) {
  return
}

// -----

// expected-error @+1 {{function @score has type '(tensor<?x64xf32>) -> ()', expected one result with one row for each token (tensor<?x..>)}}
func.func @score(%x: tensor<?x64xf32>) {
  return
}

// -----

// expected-error @+1 {{expected one result with one row for each token}}
func.func @score(%x: tensor<1x64xf32>) -> tensor<1x64xf32> {
  return %x : tensor<1x64xf32>
}
