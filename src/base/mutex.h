// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mutex>

/// Lock annotations that clang checks (-Wthread-safety, run by scripts/lint). A member marked
/// CREDMINT_GUARDED_BY is accessible only with that mutex held. A function marked CREDMINT_REQUIRES
/// may be called only with it held. Other compilers ignore the annotations.
///
/// If a lock guards one value and no condition is waited for, Guarded (guarded.h) is simpler.
#if defined(__clang__)
#define CREDMINT_THREAD_SAFETY(attribute) __attribute__((attribute))
#else
#define CREDMINT_THREAD_SAFETY(attribute)
#endif
#define CREDMINT_CAPABILITY CREDMINT_THREAD_SAFETY(capability("mutex"))
#define CREDMINT_SCOPED_CAPABILITY CREDMINT_THREAD_SAFETY(scoped_lockable)
#define CREDMINT_GUARDED_BY(mutex) CREDMINT_THREAD_SAFETY(guarded_by(mutex))
#define CREDMINT_REQUIRES(...) CREDMINT_THREAD_SAFETY(requires_capability(__VA_ARGS__))
#define CREDMINT_ACQUIRE(...) CREDMINT_THREAD_SAFETY(acquire_capability(__VA_ARGS__))
#define CREDMINT_RELEASE(...) CREDMINT_THREAD_SAFETY(release_capability(__VA_ARGS__))
/// For the few functions whose locking clang cannot follow. Does not affect their callers.
#define CREDMINT_NOT_CHECKED CREDMINT_THREAD_SAFETY(no_thread_safety_analysis)

namespace credmint {

/// A mutex with clang's annotations. Its methods have the standard library's names so that
/// std::condition_variable_any can wait with it: `condition.wait(mutex_)`, with the mutex held.
class CREDMINT_CAPABILITY Mutex {
 public:
  void lock() CREDMINT_ACQUIRE() { mutex_.lock(); }
  void unlock() CREDMINT_RELEASE() { mutex_.unlock(); }

 private:
  std::mutex mutex_;
};

/// A Mutex that one thread may lock several times.
class CREDMINT_CAPABILITY RecursiveMutex {
 public:
  void lock() CREDMINT_ACQUIRE() { mutex_.lock(); }
  void unlock() CREDMINT_RELEASE() { mutex_.unlock(); }

 private:
  std::recursive_mutex mutex_;
};

/// Holds a mutex for as long as it lives.
class CREDMINT_SCOPED_CAPABILITY MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) CREDMINT_ACQUIRE(mutex) : mutex_(mutex) { mutex_.lock(); }
  ~MutexLock() CREDMINT_RELEASE() { mutex_.unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex& mutex_;
};

/// Releases a held mutex for as long as it lives.
class CREDMINT_SCOPED_CAPABILITY MutexUnlock {
 public:
  explicit MutexUnlock(Mutex& mutex) CREDMINT_RELEASE(mutex) : mutex_(mutex) { mutex_.unlock(); }
  ~MutexUnlock() CREDMINT_RELEASE() { mutex_.lock(); }  // RELEASE: ends the scoped release
  MutexUnlock(const MutexUnlock&) = delete;
  MutexUnlock& operator=(const MutexUnlock&) = delete;

 private:
  Mutex& mutex_;
};

}  // namespace credmint
