// RUN: lapidary-opt %s --plan-memory=chunk=0 --verify-diagnostics

// expected-error@+1 {{chunk is 0, expected at least 1}}
module {
}
