// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"

namespace credmint::doctor {

/// The result of one check. Only a kFail keeps a role from its credentials.
enum class Verdict : std::uint8_t {
  kOk,
  kWarn,  ///< works, and may surprise or soon fail
  kFail,
  kSkip,  ///< not checked
};

/// One line of the report.
struct Check {
  Verdict verdict = Verdict::kOk;
  std::string subject;                  ///< what was checked, a word: "token"
  std::vector<std::string> roles;       ///< the roles that it is about; empty: all
  std::vector<std::string> identities;  ///< of roles with several, those that it is about
  Error what;  ///< the text, and a hint for what is not kOk. Only the code of
               ///< a kFail means something.
};

/// Called while the examination goes on.
struct Observer {
  std::function<void(const std::string& subject)> begins;  ///< something that may take a while
  std::function<void(const Check&)> checked;
  /// A text in later lines that tells whose this is: a name, a serial number, a host.
  std::function<void(const std::string& text)> identified;
};

/// The lines about one subject, some roles and some of their identities.
class Topic {
 public:
  Topic(const Observer& observer, std::string subject, std::vector<std::string> roles = {},
        std::vector<std::string> identities = {})
      : observer_(observer),
        subject_(std::move(subject)),
        roles_(std::move(roles)),
        identities_(std::move(identities)) {
    observer_.begins(subject_);
  }

  void Ok(std::string text) const { Report(Verdict::kOk, {{}, std::move(text), {}}); }
  void Skip(std::string text, std::string hint) const {
    Report(Verdict::kSkip, {{}, std::move(text), std::move(hint)});
  }
  void Warn(std::string text, std::string hint) const {
    Report(Verdict::kWarn, {{}, std::move(text), std::move(hint)});
  }
  void Warn(Error what) const { Report(Verdict::kWarn, std::move(what)); }
  void Fail(Error what) const { Report(Verdict::kFail, std::move(what)); }

 private:
  void Report(Verdict verdict, Error what) const {
    observer_.checked({verdict, subject_, roles_, identities_, std::move(what)});
  }

  const Observer& observer_;
  const std::string subject_;
  const std::vector<std::string> roles_;
  const std::vector<std::string> identities_;
};

}  // namespace credmint::doctor
