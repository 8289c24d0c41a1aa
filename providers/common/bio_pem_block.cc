// SPDX-License-Identifier: Apache-2.0
#include "common/bio_pem_block.h"

#include <openssl/pem.h>

#include "ossl/handles.h"

namespace credmint::provider {

std::optional<BioPemBlock> BioPemBlock::Read(BIO* bio) {
  const ErrorMark mark;
  char* label = nullptr;
  char* header = nullptr;
  unsigned char* data = nullptr;
  long size = 0;
  if (PEM_read_bio(bio, &label, &header, &data, &size) != 1) return std::nullopt;
  const OpensslTextPtr label_owner(label);
  const OpensslTextPtr header_owner(header);
  const Handle<unsigned char, FreeOpenssl> data_owner(data);
  const std::span<char> bytes(reinterpret_cast<char*>(data), static_cast<std::size_t>(size));
  return BioPemBlock{label, *header != '\0', Secret::Take(bytes)};
}

}  // namespace credmint::provider
