#pragma once

namespace credmint::tpm2 {

/// Something that must be closed before the process ends, even if its owner never destroys it:
/// a TPM without a resource manager keeps what a dead process had loaded.
///
/// The first Enter() registers a function with atexit(), which therefore runs before the exit
/// handlers of libraries that were loaded earlier, OpenSSL's among them. In a forked child nothing
/// is closed for the parent: implementations compare process ids.
class ClosedAtExit {
 public:
  ClosedAtExit() = default;
  ClosedAtExit(const ClosedAtExit&) = delete;
  ClosedAtExit& operator=(const ClosedAtExit&) = delete;

  /// Idempotent; called from the exiting thread while others may still run.
  virtual void Close() noexcept = 0;

 protected:
  virtual ~ClosedAtExit() = default;

  /// From here on Close() may be called: at the end of the constructor of the final class.
  void Enter();
  /// From here on it may not: at the beginning of its destructor.
  void Leave();

 private:
  static void CloseAll();

  ClosedAtExit* next_ = nullptr;
  ClosedAtExit** link_ = nullptr;
};

}  // namespace credmint::tpm2
