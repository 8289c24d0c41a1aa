// SPDX-License-Identifier: Apache-2.0
#include "cli/commands/sign_string.h"

#include <fmt/format.h>
#include <openssl/core_names.h>
#include <openssl/encoder.h>

#include <array>

#include "cli/options/start_opener.h"
#include "cli/options/text_option.h"
#include "cli/output/help_text.h"
#include "cli/output/output.h"
#include "identity/identity_opener.h"
#include "ossl/encoding.h"
#include "ossl/error_queue.h"
#include "rolesanywhere/sigv4_x509.h"

namespace credmint::cli {
namespace {

using EncoderCtxPtr = Handle<OSSL_ENCODER_CTX, OSSL_ENCODER_CTX_free>;

tl::unexpected<Error> OpensslFailure() {
  return Fail(TakeOpensslError(ErrorCode::kInternal).In("encoding the public key"));
}

/// The bytes of a public key in the test string of aws_signing_helper.
Result<Bytes> PublicKeyBytes(const EVP_PKEY* pkey) {
  if (EVP_PKEY_is_a(pkey, "EC") == 1) {
    std::array<std::uint8_t, 256> point{};
    std::size_t size = 0;
    if (EVP_PKEY_get_octet_string_param(pkey, OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size(),
                                        &size) != 1) {
      return OpensslFailure();
    }
    return Bytes(point.begin(), point.begin() + static_cast<std::ptrdiff_t>(size));
  }
  const char* structure =
      EVP_PKEY_is_a(pkey, "RSA") == 1 ? "type-specific" : "SubjectPublicKeyInfo";
  const EncoderCtxPtr encoder(
      OSSL_ENCODER_CTX_new_for_pkey(pkey, EVP_PKEY_PUBLIC_KEY, "DER", structure, nullptr));
  unsigned char* data = nullptr;
  std::size_t size = 0;
  if (!encoder || OSSL_ENCODER_to_data(encoder.get(), &data, &size) != 1) return OpensslFailure();
  Bytes bytes(data, data + size);
  OPENSSL_free(data);
  return bytes;
}

Result<std::string> TestString(const LibraryContext& context, const EVP_PKEY* pkey) {
  const auto public_key = PublicKeyBytes(pkey);
  if (!public_key) return Fail(public_key);
  std::string hashed = "IAM RA";
  hashed.append(public_key->begin(), public_key->end());
  std::array<std::uint8_t, 32> digest{};
  std::size_t size = digest.size();
  if (EVP_Q_digest(context.get(), "SHA256", nullptr, hashed.data(), hashed.size(), digest.data(),
                   &size) != 1) {
    return OpensslFailure();
  }
  std::string text = "AWS Roles Anywhere Credential Helper Signing Test1";
  text.append(digest.begin(), digest.end());
  return text;
}

Result<void> CheckKeyIsGiven(const IdentitySpec& identity) {
  if (identity.private_key || identity.certificate.certificate) return {};
  return Fail(
      ErrorCode::kUsage, "--private-key is missing",
      "give a key file, a pkcs11: URI, handle:0x81… or a TSS2 PEM file; or --certificate, if "
      "the key is in the same place");
}

/// Reads a certificate only if the key alone is not enough. The certificate chooses among several
/// keys, and has the public half of a key whose device does not tell it.
Result<std::shared_ptr<const SigningKey>> OpenKeyToTry(IdentityOpener& opener) {
  auto key = opener.OpenKey();
  if (key || !opener.spec()->certificate.certificate) return key;
  const ErrorCode code = key.error().code;
  if (code != ErrorCode::kKeyUnusable && code != ErrorCode::kKeyAmbiguous &&
      code != ErrorCode::kKeyNotFound) {
    return key;
  }
  const auto candidates = opener.certificates().Find();
  if (!candidates) return Fail(candidates);
  return opener.OpenKey(candidates->certificates);
}

std::string Print(ByteView signature, const std::string& format) {
  if (format == "bin") return {signature.begin(), signature.end()};
  return format == "json" ? fmt::format("\"{}\"", Hex(signature)) : Hex(signature);
}

}  // namespace

SignStringCommand::SignStringCommand(CLI::App& app)
    : app_(app.add_subcommand("sign-string",
                              "Sign a test string, to try a key without calling AWS")) {
  app_->preparse_callback([this](std::size_t) {
    SetHelp(*app_, {.needs = "--private-key, or --certificate if the key is in the same place",
                    .example = "credmint sign-string --private-key handle:0x81000002"});
    app_->add_option("--format", format_,
                     "Output: json or text, both hexadecimal, or bin (default: json)")
        ->check(OneOf({"json", "text", "bin"}));
    app_->add_option("--digest", digest_, "Digest: SHA256, SHA384 or SHA512 (default: SHA256)")
        ->check(OneOf({"SHA256", "SHA384", "SHA512"}, true));
    AddKeyFlags(*app_, key_);
    AddProcessFlags(*app_, process_);
  });
}

Result<void> SignStringCommand::Run() const {
  StartLog(process_);
  auto identity = WithoutPlace(ParseIdentity(key_));
  if (!identity) return Fail(std::move(identity));
  if (auto given = CheckKeyIsGiven(**identity); !given) return given;
  auto started = StartOpener(*std::move(identity), process_);
  if (!started) return Fail(std::move(started));
  const auto key = OpenKeyToTry(started->opener);
  if (!key) return Fail(key);
  if (const auto accepted = AlgorithmName((*key)->algorithm()); !accepted) {
    return Fail(accepted);
  }
  if (auto strong = started->opener.CheckKeyStrength((*key)->get()); !strong) return strong;
  const auto text = TestString(*started->library, (*key)->get());
  if (!text) return Fail(text);
  const auto signature = (*key)->Sign(*text, digest_.c_str());
  if (!signature) return Fail(signature);
  return WriteResult(Print(*signature, format_));
}

}  // namespace credmint::cli
