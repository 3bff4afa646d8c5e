//===- Thread.h - a thread with a stack of a known size -------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// musl gives threads 128 KiB; kernels and templates want more, and std::thread cannot ask for it.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_RUNTIME_SERVER_THREAD_H
#define LAPIDARY_RUNTIME_SERVER_THREAD_H

#include <functional>
#include <pthread.h>

namespace lap::server {

class Thread {
public:
  Thread() = default;
  ~Thread() { join(); }
  Thread(const Thread &) = delete;
  Thread &operator=(const Thread &) = delete;

  /// False when the system has no thread left.
  bool start(std::function<void()> newBody) {
    body = std::move(newBody);
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, StackBytes);
    running = pthread_create(&thread, &attributes, main, this) == 0;
    pthread_attr_destroy(&attributes);
    return running;
  }
  void join() {
    if (running) {
      pthread_join(thread, nullptr);
      running = false;
    }
  }

private:
  static constexpr size_t StackBytes = 4 << 20;
  static void *main(void *self) {
    static_cast<Thread *>(self)->body();
    return nullptr;
  }

  std::function<void()> body;
  pthread_t thread{};
  bool running = false;
};

} // namespace lap::server

#endif // LAPIDARY_RUNTIME_SERVER_THREAD_H
