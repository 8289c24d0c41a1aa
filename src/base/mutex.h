// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mutex>

/// What a lock guards, said so that clang checks it (-Wthread-safety, which scripts/lint runs): a
/// member marked CREDMINT_GUARDED_BY is reached only with that mutex held, and a function marked
/// CREDMINT_REQUIRES is called only so. Other compilers see nothing of it.
///
/// Where a lock guards one value and no condition is waited for, Guarded (guarded.h) is simpler.
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
/// For the few functions that lock in a way that clang does not follow; says nothing to callers.
#define CREDMINT_NOT_CHECKED CREDMINT_THREAD_SAFETY(no_thread_safety_analysis)

namespace credmint {

/// A mutex that clang knows. Its names are those of the standard library, so that
/// std::condition_variable_any waits with it: `condition.wait(mutex_)`, with the mutex held.
class CREDMINT_CAPABILITY Mutex {
 public:
  void lock() CREDMINT_ACQUIRE() { mutex_.lock(); }
  void unlock() CREDMINT_RELEASE() { mutex_.unlock(); }

 private:
  std::mutex mutex_;
};

/// The same, and one thread may hold it several times.
class CREDMINT_CAPABILITY RecursiveMutex {
 public:
  void lock() CREDMINT_ACQUIRE() { mutex_.lock(); }
  void unlock() CREDMINT_RELEASE() { mutex_.unlock(); }

 private:
  std::recursive_mutex mutex_;
};

/// Holds a mutex as long as it lives.
class CREDMINT_SCOPED_CAPABILITY MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) CREDMINT_ACQUIRE(mutex) : mutex_(mutex) { mutex_.lock(); }
  ~MutexLock() CREDMINT_RELEASE() { mutex_.unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex& mutex_;
};

/// Gives a mutex that is held to others as long as it lives.
class CREDMINT_SCOPED_CAPABILITY MutexUnlock {
 public:
  explicit MutexUnlock(Mutex& mutex) CREDMINT_RELEASE(mutex) : mutex_(mutex) { mutex_.unlock(); }
  ~MutexUnlock() CREDMINT_RELEASE() { mutex_.lock(); }  // ends the giving away
  MutexUnlock(const MutexUnlock&) = delete;
  MutexUnlock& operator=(const MutexUnlock&) = delete;

 private:
  Mutex& mutex_;
};

}  // namespace credmint
