// SPDX-License-Identifier: Apache-2.0
// Edits the texts of credentials files, one after another, for a test in another language.
//
// A request on stdin is three lines and three byte strings. The lines hold the strings' decimal
// lengths; the strings are the file's text, the profile's name, and a suffix. The values to write
// are KEY, SECRET and TOKEN, each followed by the suffix.
//
// An answer is a line "ok LENGTH" and the new text, or "refused LENGTH" and the reason.

#include <iostream>
#include <string>

#include "credentials/profile/credentials_file.h"

namespace {

std::string Take(std::size_t size) {
  std::string bytes(size, '\0');
  std::cin.read(bytes.data(), static_cast<std::streamsize>(size));
  return bytes;
}

void Answer(std::string_view word, std::string_view bytes) {
  std::cout << word << ' ' << bytes.size() << '\n' << bytes << std::flush;
}

}  // namespace

int main() {
  std::ios::sync_with_stdio(false);
  std::size_t text_size = 0;
  std::size_t profile_size = 0;
  std::size_t number_size = 0;
  while (std::cin >> text_size >> profile_size >> number_size) {
    std::cin.get();
    const std::string text = Take(text_size);
    const std::string profile = Take(profile_size);
    const std::string number = Take(number_size);
    const auto edited = credmint::SetProfile(text, profile,
                                             {"KEY" + number,
                                              credmint::Secret("SECRET" + number),
                                              credmint::Secret("TOKEN" + number),
                                              {},
                                              ""});
    edited ? Answer("ok", edited->Reveal()) : Answer("refused", edited.error().message);
  }
}
