// RUN: lapidary-opt %s -split-input-file -verify-diagnostics

// expected-error@+1 {{found 0 rows, expected ? or at least 1}}
func.func private @f(!gemma.q8<0x96, group = 32>)

// -----

// expected-error@+1 {{found ? columns, expected a number of at least 1}}
func.func private @f(!gemma.q8<?x?, group = 32>)

// -----

// expected-error@+1 {{found 2 planes, expected 1 or 3}}
func.func private @f(!gemma.q8<?x96, group = 32, planes = 2>)

// -----

// expected-error@+1 {{found 'size', expected group or scale}}
func.func private @f() attributes {format = #gemma.format<w4, size = 32>}

// -----

// expected-error@+1 {{storage kind 'w2' with groups has scales of bf16, expected f32}}
func.func private @f() attributes {format = #gemma.format<w2, group = 32>}

// -----

// expected-error@+1 {{storage kind 'w8' in groups has scales of i8, which only w4 in groups may have}}
func.func private @f() attributes {format = #gemma.format<w8, group = 32, scale = i8>}

// -----

// expected-error@+1 {{storage kind 'w4' without groups has scales of i8, which only w4 in groups may have}}
func.func private @f() attributes {format = #gemma.format<w4, scale = i8>}

// -----

// expected-error@+1 {{unknown type of scales 'f16', expected bf16, f32 or i8}}
func.func private @f() attributes {format = #gemma.format<w4, group = 32, scale = f16>}

// -----

// expected-error@+1 {{unknown encoding 'gray', expected offset or twos}}
func.func private @f() attributes {format = #gemma.integers<gray, row_bytes = 48, group = 96, scales = @s>}

// -----

// expected-error@+1 {{found 3 dimensions, expected rows x columns}}
func.func private @f(!gemma.q8<?x4x96, group = 32>)

// -----

// expected-error@+1 {{unknown storage kind 'w3', expected f32, bf16, w8, w4 or w2}}
func.func private @f() attributes {format = #gemma.format<w3, group = 32>}

// -----

// expected-error@+1 {{storage kind 'bf16' has no scales, found group 32, expected 0}}
func.func private @f() attributes {format = #gemma.format<bf16, group = 32>}
