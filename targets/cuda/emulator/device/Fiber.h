//===- Fiber.h - one machine stack per GPU thread --------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Boost.Context's fcontext layer, not boost::context::fiber: threads of a kernel switch to each other directly, kernels
// have nothing to unwind, and this library is built without exceptions. A switch is about 5 ns.
//
// Under AddressSanitizer every switch is announced, so that stacks are not mistaken for each other.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_TARGETS_CUDA_EMULATOR_DEVICE_FIBER_H
#define LAPIDARY_TARGETS_CUDA_EMULATOR_DEVICE_FIBER_H

#include <boost/context/detail/fcontext.hpp>

#include <cstddef>
#include <cstdint>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define LAP_EMU_ASAN 1
#include <sanitizer/common_interface_defs.h>
#endif
#endif

namespace lapidary::cuda::emulator {

/// A place to continue. The host thread that launches has one too, with no stack of its own here.
struct Fiber {
  boost::context::detail::fcontext_t context = nullptr;
  const void *stackBottom = nullptr; ///< announced to AddressSanitizer
  size_t stackBytes = 0;
  void *fakeStack = nullptr;
};

namespace detail {
/// What a fiber does first when it goes on: keeps the context of the one that switched to it.
inline void arrive(boost::context::detail::transfer_t transfer, Fiber &self) {
  auto *from = static_cast<Fiber *>(transfer.data);
  from->context = transfer.fctx;
#ifdef LAP_EMU_ASAN
  __sanitizer_finish_switch_fiber(self.fakeStack, &from->stackBottom, &from->stackBytes);
#endif
}
} // namespace detail

/// Stops `self` and continues `to`; returns when somebody switches back. `last`: nobody will.
inline void switchFiber(Fiber &self, Fiber &to, bool last = false) {
#ifdef LAP_EMU_ASAN
  __sanitizer_start_switch_fiber(last ? nullptr : &self.fakeStack, to.stackBottom, to.stackBytes);
#endif
  detail::arrive(boost::context::detail::jump_fcontext(to.context, &self), self);
}

/// Makes `fiber` start at `entry` on a fresh stack. `entry` calls detail::arrive first and never returns.
inline void startFiber(Fiber &fiber, char *stackTop, size_t bytes, void (*entry)(boost::context::detail::transfer_t)) {
  fiber.context = boost::context::detail::make_fcontext(stackTop, bytes, entry);
  fiber.stackBottom = stackTop - bytes;
  fiber.stackBytes = bytes;
  fiber.fakeStack = nullptr;
}

} // namespace lapidary::cuda::emulator

#endif // LAPIDARY_TARGETS_CUDA_EMULATOR_DEVICE_FIBER_H
