// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace credmint::daemon {

/// The files that were made for something that may yet fail. Removes them when it is destroyed,
/// unless they are to be kept.
class NewFiles {
 public:
  NewFiles() = default;
  ~NewFiles();
  NewFiles(NewFiles&& other) noexcept : paths_(std::move(other.paths_)) { other.Keep(); }
  NewFiles& operator=(NewFiles&&) = delete;
  NewFiles(const NewFiles&) = delete;
  NewFiles& operator=(const NewFiles&) = delete;

  void Add(const std::string& path) { paths_.push_back(path); }
  void Keep() { paths_.clear(); }

 private:
  std::vector<std::string> paths_;
};

}  // namespace credmint::daemon
