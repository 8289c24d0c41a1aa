// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "fuzz/input.h"

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t max_size);

namespace credmint::test {

/// An input of one byte and several records, each with its size in two bytes in front. libFuzzer
/// alone would break the sizes. Here it changes single records, and which ones there are.
struct Records {
  std::uint8_t choice = 0;
  std::vector<std::string> all;

  static Records In(Input input) {
    Records records{input.Byte(), {}};
    while (!input.empty()) {
      const std::size_t high = input.Byte();
      records.all.emplace_back(input.Take(high << 8 | input.Byte()));
    }
    return records;
  }

  [[nodiscard]] std::string Joined() const {
    std::string joined(1, static_cast<char>(choice));
    for (const std::string& record : all) {
      joined += static_cast<char>(record.size() >> 8);
      joined += static_cast<char>(record.size() & 0xff);
      joined += record;
    }
    return joined;
  }

  /// The body of LLVMFuzzerCustomMutator().
  static std::size_t Mutate(std::uint8_t* data, std::size_t size, std::size_t max_size,
                            unsigned seed) {
    Records records = In({data, size});
    records.Change(seed);
    const std::string joined = records.Joined();
    const std::size_t taken = std::min(joined.size(), max_size);
    std::copy_n(joined.begin(), taken, data);
    return taken;
  }

 private:
  void Change(unsigned seed) {
    constexpr unsigned kOfAll = 16;
    const unsigned kind = seed % kOfAll;
    seed /= kOfAll;
    if (kind == 0) LLVMFuzzerMutate(&choice, 1, 1);
    if (all.empty() || kind == 1) all.emplace_back();
    const auto place = all.begin() + seed % all.size();
    if (kind == 2) {
      const std::string copied = *place;
      all.insert(place, copied);
    } else if (kind == 3) {
      all.erase(place);
    } else if (kind == 4) {
      std::iter_swap(place, all.begin());
    } else if (kind > 4) {
      ChangeBytes(*place);
    }
  }

  static void ChangeBytes(std::string& record) {
    constexpr std::size_t kLongest = 4096;
    const std::size_t size = record.size();
    record.resize(std::max(size + 64, std::size_t{kLongest}));
    record.resize(
        LLVMFuzzerMutate(reinterpret_cast<std::uint8_t*>(record.data()), size, record.size()));
  }
};

}  // namespace credmint::test
