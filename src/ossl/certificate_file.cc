// SPDX-License-Identifier: Apache-2.0
#include "ossl/certificate_file.h"

#include <fmt/format.h>
#include <openssl/pem.h>
#include <openssl/pkcs7.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "base/printable.h"
#include "ossl/pem_blocks.h"

namespace credmint {
namespace {

using Pkcs7Ptr = Handle<PKCS7, PKCS7_free>;

using BytesPtr = Handle<unsigned char, FreeOpenssl>;

enum class Form { kCertificate, kTrusted, kPkcs7 };

struct Label {
  std::string_view text;
  Form form;
};

constexpr std::array<Label, 6> kLabels = {{
    {"CERTIFICATE", Form::kCertificate},
    {"X509 CERTIFICATE", Form::kCertificate},
    {"TRUSTED CERTIFICATE", Form::kTrusted},
    {"PKCS7", Form::kPkcs7},
    {"PKCS #7 SIGNED DATA", Form::kPkcs7},
    {"CMS", Form::kPkcs7},
}};

const Label* FindLabel(std::string_view text) {
  const auto* const found = std::find_if(kLabels.begin(), kLabels.end(),
                                         [&](const Label& one) { return one.text == text; });
  return found != kLabels.end() ? found : nullptr;
}

/// Empty if the block is not base64.
Bytes Decode(std::string_view block) {
  const ErrorMark mark;
  const BioPtr bio(BIO_new_mem_buf(block.data(), static_cast<int>(block.size())));
  char* name = nullptr;
  char* header = nullptr;
  unsigned char* data = nullptr;
  long size = 0;
  if (!bio || PEM_read_bio(bio.get(), &name, &header, &data, &size) != 1) return {};
  const OpensslTextPtr name_owner(name);
  const OpensslTextPtr header_owner(header);
  const BytesPtr data_owner(data);
  return {data, data + size};
}

using Certificates = std::vector<Certificate>;

bool Add(const LibraryContext& context, ByteView der, Certificates& all) {
  auto certificate = Certificate::FromDer(context, der);
  if (!certificate) return false;
  all.push_back(*std::move(certificate));
  return true;
}

bool AddTrusted(const LibraryContext& context, ByteView der, Certificates& all) {
  const unsigned char* cursor = der.data();
  X509Ptr x509(d2i_X509_AUX(nullptr, &cursor, static_cast<long>(der.size())));
  return x509 && Add(context, Certificate(std::move(x509)).Der(), all);
}

Pkcs7Ptr ParsePkcs7(ByteView der) {
  const unsigned char* cursor = der.data();
  Pkcs7Ptr pkcs7(d2i_PKCS7(nullptr, &cursor, static_cast<long>(der.size())));
  const bool is_signed = pkcs7 && PKCS7_type_is_signed(pkcs7.get()) && pkcs7->d.sign != nullptr;
  return is_signed ? std::move(pkcs7) : nullptr;
}

bool AddPkcs7(const LibraryContext& context, ByteView der, Certificates& all) {
  const Pkcs7Ptr pkcs7 = ParsePkcs7(der);
  if (!pkcs7) return false;
  const STACK_OF(X509)* certificates = pkcs7->d.sign->cert;
  const int count = sk_X509_num(certificates);
  for (int i = 0; i < count; ++i) {
    X509* x509 = sk_X509_value(certificates, i);
    X509_up_ref(x509);
    if (!Add(context, Certificate(X509Ptr(x509)).Der(), all)) return false;
  }
  return count > 0;
}

bool AddForm(const LibraryContext& context, Form form, ByteView der, Certificates& all) {
  const ErrorMark mark;
  switch (form) {
    case Form::kCertificate:
      return Add(context, der, all);
    case Form::kTrusted:
      return AddTrusted(context, der, all);
    case Form::kPkcs7:
      break;
  }
  return AddPkcs7(context, der, all);
}

std::string Name(const PemBlock& block) {
  return fmt::format("its block {} at line {}", Printable(block.label), block.line);
}

Result<void> CheckWhole(const std::vector<PemBlock>& blocks) {
  for (const PemBlock& block : blocks) {
    if (block.is_whole) continue;
    return Fail(ErrorCode::kCertificate,
                fmt::format("{} is cut off: its END line is missing", Name(block)),
                "copy the whole file again");
  }
  return {};
}

}  // namespace

Result<std::vector<Certificate>> ReadCertificateFile(const LibraryContext& context,
                                                     const Secret& contents) {
  Certificates all;
  const std::vector<PemBlock> blocks = FindPemBlocks(contents.Reveal());
  if (blocks.empty()) {
    const auto* data = reinterpret_cast<const std::uint8_t*>(contents.Reveal().data());
    AddForm(context, Form::kPkcs7, {data, contents.size()}, all);
    return all;
  }
  const bool has_some = std::any_of(blocks.begin(), blocks.end(), [](const PemBlock& block) {
    return FindLabel(block.label) != nullptr;
  });
  if (!has_some) return all;
  if (auto whole = CheckWhole(blocks); !whole) return Fail(std::move(whole));
  for (const PemBlock& block : blocks) {
    const Label* label = FindLabel(block.label);
    if (label == nullptr) continue;
    if (AddForm(context, label->form, Decode(block.text), all)) continue;
    return Fail(ErrorCode::kCertificate,
                fmt::format("{} is not a certificate that can be read", Name(block)),
                "copy the whole file again");
  }
  return all;
}

}  // namespace credmint
