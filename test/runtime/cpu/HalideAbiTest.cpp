// HalideAbiTest.cpp - HalideAbi.h against Halide's own header.
// SPDX-License-Identifier: Apache-2.0
#include "runtime/src/cpu/HalideAbi.h"

#include <HalideRuntime.h>
#include <cstddef>
#include <gtest/gtest.h>

namespace {

using lap::HalideBuffer;
using lap::HalideDimension;
using lap::HalideType;

#define SAME_FIELD(ours, theirs, field)                                                                                \
  static_assert(offsetof(ours, field) == offsetof(theirs, field) && sizeof(ours::field) == sizeof(theirs::field))

static_assert(sizeof(HalideBuffer) == sizeof(halide_buffer_t) && alignof(HalideBuffer) == alignof(halide_buffer_t));
SAME_FIELD(HalideBuffer, halide_buffer_t, device);
SAME_FIELD(HalideBuffer, halide_buffer_t, device_interface);
SAME_FIELD(HalideBuffer, halide_buffer_t, host);
SAME_FIELD(HalideBuffer, halide_buffer_t, flags);
SAME_FIELD(HalideBuffer, halide_buffer_t, type);
SAME_FIELD(HalideBuffer, halide_buffer_t, dimensions);
SAME_FIELD(HalideBuffer, halide_buffer_t, dim);
SAME_FIELD(HalideBuffer, halide_buffer_t, padding);
static_assert(sizeof(HalideDimension) == sizeof(halide_dimension_t));
SAME_FIELD(HalideDimension, halide_dimension_t, min);
SAME_FIELD(HalideDimension, halide_dimension_t, extent);
SAME_FIELD(HalideDimension, halide_dimension_t, stride);
SAME_FIELD(HalideDimension, halide_dimension_t, flags);
static_assert(sizeof(HalideType) == sizeof(halide_type_t));

TEST(HalideAbi, ArrayDescribesEveryDimension) {
  float data[24] = {};
  lap::Array array(data, {2, 1}, {3, 2}, {4, 6});
  const HalideBuffer *buffer = static_cast<HalideBuffer *>(array);
  EXPECT_EQ(buffer->host, reinterpret_cast<uint8_t *>(data));
  ASSERT_EQ(buffer->dimensions, 3);
  EXPECT_EQ(buffer->dim[2].extent, 4);
  EXPECT_EQ(buffer->dim[2].stride, 6);
  EXPECT_EQ(buffer->dim[2].min, 0);
}

} // namespace
