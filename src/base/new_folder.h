// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/error.h"

namespace credmint {

/// A folder that appears complete, or not at all. It is filled beside its place, where only its
/// owner can read it, and removed with all its files unless it was moved there.
///
/// All functions fail with kLocalIo, naming the folder.
class NewFolder {
 public:
  /// Fails if there is something at `path`, so that nothing costly is done in vain. An empty folder
  /// is nothing, unless it is a mount point or named "." or "..".
  static Result<void> Check(const std::string& path);

  /// Makes an empty folder beside `path`, which has no slash at its end.
  static Result<NewFolder> Make(const std::string& path);

  NewFolder(NewFolder&& other) noexcept;
  NewFolder& operator=(NewFolder&&) = delete;
  NewFolder(const NewFolder&) = delete;
  NewFolder& operator=(const NewFolder&) = delete;
  ~NewFolder();

  /// The path of a file in it, as long as it is beside its place.
  [[nodiscard]] std::string PathOf(const std::string& file) const { return beside_ + "/" + file; }

  /// Gives it its place, in one step. Fails if something came there meanwhile.
  Result<void> MoveToPlace();

 private:
  NewFolder(std::string place, std::string beside)
      : place_(std::move(place)), beside_(std::move(beside)) {}

  std::string place_;
  std::string beside_;  ///< empty once it is moved
};

}  // namespace credmint
