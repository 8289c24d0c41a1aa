// SPDX-License-Identifier: Apache-2.0
// Takes the place of libFuzzer in an ordinary build. Feeds the files of the folders on the command
// line to the fuzzer that is linked with it. Names each file first, so that the last line says
// which one ended the process. Fails for a folder without files.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

/// Only libFuzzer changes inputs.
extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* /*data*/, std::size_t size,
                                        std::size_t /*max_size*/) {
  return size;
}

namespace {

void Feed(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  const std::vector<char> bytes((std::istreambuf_iterator<char>(file)), {});
  // A copy of exactly this size, so that a sanitizer sees a read behind its end.
  const std::vector<std::uint8_t> input(bytes.begin(), bytes.end());
  std::cout << path.filename().string() << std::endl;
  LLVMFuzzerTestOneInput(input.data(), input.size());
}

}  // namespace

int main(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::directory_iterator(argv[i])) {
      files.push_back(entry.path());
    }
    if (files.empty()) return EXIT_FAILURE;
    std::sort(files.begin(), files.end());
    std::for_each(files.begin(), files.end(), Feed);
  }
  const std::uint8_t nothing = 0;
  return argc > 1 ? LLVMFuzzerTestOneInput(&nothing, 0) : EXIT_FAILURE;
}
