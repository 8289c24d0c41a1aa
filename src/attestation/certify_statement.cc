// SPDX-License-Identifier: Apache-2.0
#include "attestation/certify_statement.h"

#include <openssl/rsa.h>

#include "attestation/structure_reader.h"
#include "attestation/tpm_hashing.h"

namespace credmint {
namespace {

constexpr std::uint32_t kGenerated = 0xff544347;  // TPM_GENERATED_VALUE
constexpr std::uint16_t kCertify = 0x8017;        // TPM_ST_ATTEST_CERTIFY

tl::unexpected<Error> NoSignature() {
  return Fail(ErrorCode::kAttestation,
              "the signature of the TPM's statement is not one of the attestation key");
}

/// The signature as OpenSSL takes it; empty if it cannot be read.
Bytes ReadSignature(const KeyArea& signer, ByteView marshalled) {
  StructureReader reader(marshalled);
  const TpmScheme scheme{reader.Short()};
  const std::uint16_t hash = reader.Short();
  if (scheme != signer.scheme || hash != signer.scheme_hash) return {};
  if (scheme != TpmScheme::kEcdsa) {
    const ByteView signature = reader.Sized();
    const auto size = static_cast<std::size_t>(EVP_PKEY_get_size(signer.key.get()));
    if (!reader.IsComplete() || signature.size() > size) return {};
    Bytes padded(size - signature.size());
    padded.insert(padded.end(), signature.begin(), signature.end());
    return padded;
  }
  const ByteView r = reader.Sized();
  const ByteView s = reader.Sized();
  if (!reader.IsComplete()) return {};
  const EcdsaSigPtr pair(ECDSA_SIG_new());
  BigNumPtr r_number(BN_bin2bn(r.data(), static_cast<int>(r.size()), nullptr));
  BigNumPtr s_number(BN_bin2bn(s.data(), static_cast<int>(s.size()), nullptr));
  if (!pair || !r_number || !s_number ||
      ECDSA_SIG_set0(pair.get(), r_number.release(), s_number.release()) != 1) {
    return {};
  }
  unsigned char* der = nullptr;
  const int size = i2d_ECDSA_SIG(pair.get(), &der);
  if (size <= 0) return {};
  Bytes encoded(der, der + size);
  OPENSSL_free(der);
  return encoded;
}

}  // namespace

Result<CertifyStatement> ReadCertifyStatement(ByteView attest) {
  StructureReader reader(attest);
  const std::uint32_t magic = reader.Long();
  const std::uint16_t type = reader.Short();
  reader.Sized();  // the qualified name of the signer
  const ByteView nonce = reader.Sized();
  CertifyStatement statement;
  statement.clock = reader.LongLong();
  statement.resets = reader.Long();
  statement.restarts = reader.Long();
  statement.is_clock_safe = reader.Byte() == 1;
  statement.firmware = reader.LongLong();
  const ByteView name = reader.Sized();
  reader.Sized();  // the qualified name of the key
  if (magic != kGenerated) {
    return Fail(ErrorCode::kAttestation, "the statement does not begin as those of a TPM do");
  }
  if (type != kCertify || !reader.IsComplete()) {
    return Fail(ErrorCode::kAttestation, "the TPM's statement does not certify a key");
  }
  statement.nonce.assign(nonce.begin(), nonce.end());
  statement.key_name.assign(name.begin(), name.end());
  return statement;
}

Result<void> CheckTpmSignature(const LibraryContext& context, const KeyArea& signer,
                               ByteView message, ByteView signature) {
  const ErrorMark mark;
  const HashKind* const hash = FindHash(signer.scheme_hash);
  const Bytes encoded = hash != nullptr ? ReadSignature(signer, signature) : Bytes();
  const MdCtxPtr verifying(EVP_MD_CTX_new());
  EVP_PKEY_CTX* settings = nullptr;
  if (encoded.empty() || !verifying ||
      EVP_DigestVerifyInit_ex(verifying.get(), &settings, hash->name, context.get(), nullptr,
                              signer.key.get(), nullptr) != 1) {
    return NoSignature();
  }
  if (signer.scheme == TpmScheme::kPss &&
      (EVP_PKEY_CTX_set_rsa_padding(settings, RSA_PKCS1_PSS_PADDING) <= 0 ||
       EVP_PKEY_CTX_set_rsa_pss_saltlen(settings, RSA_PSS_SALTLEN_AUTO) <= 0)) {
    return NoSignature();
  }
  if (EVP_DigestVerify(verifying.get(), encoded.data(), encoded.size(), message.data(),
                       message.size()) != 1) {
    return NoSignature();
  }
  return {};
}

}  // namespace credmint
