#pragma once

#include <CLI/App.hpp>
#include <string>

namespace credmint::cli {

/// Adds an option with a text value. An empty one is refused: it is a script's unset variable, and
/// ignoring it would use another key, PIN or endpoint than was meant.
inline CLI::Option* AddText(CLI::App& command, const std::string& name, std::string& value,
                            const std::string& description) {
  return command.add_option(name, value, description)
      ->check(CLI::Validator(
          [](const std::string& text) {
            return text.empty() ? std::string("the value is empty") : std::string();
          },
          ""));
}

}  // namespace credmint::cli
