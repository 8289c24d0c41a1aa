// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace credmint::cli {

/// Makes text fit for a public report. Replaces
///
/// - account ids, the resources of ARNs, and access key ids;
/// - serial numbers, and the names of certificates (a text like "CN=web,O=Example" up to the next
///   punctuation that may end it);
/// - the names of hosts in URLs, except of AWS and of this machine as "localhost";
/// - paths below the home folder; text of more than 4096 bytes is cut;
/// - each learnt word: this host, this user.
///
/// A word stands alone: letters, digits, '-' and '_' on either side make it another one. It rather
/// replaces too much than too little.
class Redaction {
 public:
  /// Learns the user, the host and the home folder of this process.
  Redaction();

  /// From now on `word` becomes `placeholder`; a longer word wins over one in it. Ignores words of
  /// fewer than three characters, which would take fixed text away.
  void Learn(std::string word, std::string placeholder);
  /// The same for a path below the home folder, which may have blanks.
  void LearnPath(const std::string& path);

  [[nodiscard]] std::string Apply(std::string text) const;

 private:
  std::vector<std::string> homes_;  ///< as written, and without links
  std::vector<std::pair<std::string, std::string>> words_;
};

}  // namespace credmint::cli
