// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <string>

namespace credmint {

/// A file of the SigV4-X509 test vectors, in the directory CREDMINT_VECTORS.
inline std::string VectorPath(const std::string& name) {
  const char* const directory = getenv("CREDMINT_VECTORS");
  if (directory == nullptr) ADD_FAILURE() << "CREDMINT_VECTORS is not set";
  return std::string(directory != nullptr ? directory : ".") + "/" + name;
}

inline std::string ReadVector(const std::string& name) {
  std::ifstream file(VectorPath(name), std::ios::binary);
  EXPECT_TRUE(file.is_open()) << VectorPath(name);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// The base64 text of a PEM file with one object, as one line.
inline std::string PemBody(const std::string& pem) {
  std::string body;
  bool is_inside = false;
  for (std::size_t start = 0; start < pem.size();) {
    const std::size_t end = std::min(pem.find('\n', start), pem.size());
    const std::string line = pem.substr(start, end - start);
    if (line.starts_with("-----")) {
      is_inside = !is_inside;
    } else if (is_inside) {
      body += line;
    }
    start = end + 1;
  }
  return body;
}

}  // namespace credmint
