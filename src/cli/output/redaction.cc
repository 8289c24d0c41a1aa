// SPDX-License-Identifier: Apache-2.0
#include "cli/output/redaction.h"

#include <stdlib.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <regex>

#include "base/users.h"
#include "cli/options/hidden_places.h"

namespace credmint::cli {
namespace {

constexpr std::size_t kShortestWord = 3;
constexpr std::size_t kLongestText = 4096;

struct Rule {
  std::regex pattern;
  const char* replacement;
};

/// In this order: what an earlier rule leaves is seen by a later one.
const std::vector<Rule>& Rules() {
  static const std::vector<Rule> kRules = [] {
    const auto flags = std::regex::ECMAScript | std::regex::optimize;
    std::vector<Rule> all;
    const auto add = [&](const char* pattern, const char* replacement) {
      all.push_back({std::regex(pattern, flags), replacement});
    };
    add(R"((arn:[a-z-]*:[a-z0-9-]*:[a-z0-9-]*:)[^\s,;'")]*)", "$1…");
    add(R"(\b[0-9]{12}\b)", "ACCOUNT");
    add(R"(\bA[KS]IA[A-Z0-9]{8,}\b)", "KEY-ID");
    add(R"(((?:serial|serialNumber) ?=? ?)[0-9A-Za-z%_-]+(?::[0-9A-Fa-f]{2})*)", "$1…");
    add(R"(\b(?:CN|OU|O|C|L|ST|DC|UID|GN|SN|T|title|street|emailAddress|serialNumber)"
        R"(|[0-9]+\.[0-9][0-9.]*) ?= ?[^;:()]*[^;:()\s])",
        "NAME");
    add(R"((https?://)(?!localhost\b|127\.|\[::1\])(?![a-z0-9.-]*\.amazonaws\.com\b)[^\s/,;'")]+)",
        "$1HOST");
    add(R"(\bvpce-[a-z0-9-]+)", "vpce-…");
    return all;
  }();
  return kRules;
}

bool IsOfWord(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_';
}

void ReplaceWord(std::string& text, const std::string& word, const std::string& placeholder) {
  for (std::size_t at = text.find(word); at != std::string::npos; at = text.find(word, at)) {
    const std::size_t end = at + word.size();
    const bool alone =
        (at == 0 || !IsOfWord(text[at - 1])) && (end == text.size() || !IsOfWord(text[end]));
    if (!alone) {
      at = end;
      continue;
    }
    text.replace(at, word.size(), placeholder);
    at += placeholder.size();
  }
}

/// "/home/web/keys/a.pem" becomes "~/…".
void ReplacePaths(std::string& text, const std::string& home) {
  if (home.size() < 2) return;
  for (std::size_t at = text.find(home); at != std::string::npos; at = text.find(home, at + 1)) {
    std::size_t end = at + home.size();
    if (end < text.size() && text[end] != '/') continue;
    while (end < text.size() && std::string_view(" ,;'\")").find(text[end]) == std::string::npos &&
           text.compare(end, 2, ": ") != 0) {
      ++end;
    }
    text.replace(at, end - at, "~/…");
  }
}

}  // namespace

Redaction::Redaction() : homes_{HomeFolder()} {
  const char* const home = getenv("HOME");
  if (home != nullptr && *home == '/') homes_.emplace_back(home);
  utsname host{};
  if (uname(&host) == 0) Learn(host.nodename, "HOST");
  const std::string user = NameOfUser(geteuid());
  if (user != "root") Learn(user, "USER");
}

void Redaction::Learn(std::string word, std::string placeholder) {
  if (word.size() < kShortestWord) return;
  const auto longer = [&](const auto& known) { return known.first.size() < word.size(); };
  words_.emplace(std::find_if(words_.begin(), words_.end(), longer), std::move(word),
                 std::move(placeholder));
}

void Redaction::LearnPath(const std::string& path) {
  for (const std::string& home : homes_) {
    if (path.starts_with(home + "/")) Learn(path, "~/…");
  }
}

std::string Redaction::Apply(std::string text) const {
  for (const auto& [word, placeholder] : words_) ReplaceWord(text, word, placeholder);
  for (const std::string& home : homes_) ReplacePaths(text, home);
  if (text.size() > kLongestText)
    text = text.substr(0, kLongestText) + "…";  // std::regex goes as deep as it is long
  for (const Rule& rule : Rules()) text = std::regex_replace(text, rule.pattern, rule.replacement);
  return text;
}

}  // namespace credmint::cli
