// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace credmint {

/// The needs of somebody else's library that is about to be loaded, as far as they are known.
struct ForeignNeeds {
  /// Whether the library needs nothing else than this. Otherwise its files are not known.
  bool complete = false;
  std::vector<std::string> code;      ///< the library's own file, wherever it is
  std::vector<std::string> readable;  ///< files and folders, besides those of every program
  std::vector<std::string> writable;
  bool unix_sockets = true;
  bool network = true;
  bool programs = false;  ///< starts some while it is initialised
};

/// Tells this process that foreign code comes, so that it can give up rights first. Safe to call
/// from any thread, and again for each library.
class ForeignCode {
 public:
  enum class Stage {
    kBeforeLoading,
    kInitialized,  ///< it has what it needs for its start
  };
  /// The needs are empty but for kBeforeLoading.
  using Listener = std::function<void(Stage, ForeignNeeds)>;

  /// `needs` is asked only if somebody listens: other programs load our providers, too.
  static void Announce(const std::function<ForeignNeeds()>& needs);
  static void NoteInitialized();

  /// Sets who is told. Call it while there is one thread.
  static void SetListener(Listener listener);
};

}  // namespace credmint
