// RUN: lapidary-opt %s --pack-weights=target=x86_64-linus --verify-diagnostics
// REQUIRES: targets

// expected-error@+2 {{unknown target 'x86_64-linus'}}
// expected-note@+1 {{did you mean 'x86_64-linux'?}}
module {
}
