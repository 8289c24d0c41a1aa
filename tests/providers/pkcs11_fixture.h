// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <openssl/provider.h>
#include <openssl/store.h>

#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include "builtin.h"
#include "ossl/error_queue.h"
#include "ossl/library_context.h"
#include "ossl/read_store.h"
#include "support/softhsm.h"

namespace credmint::test {

/// The PKCS#11 provider through OpenSSL's public API, with a SoftHSM token `prod` for each test.
/// The `openssl` command checks signatures with the public key that libp11 reads.
class Pkcs11Fixture : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const auto missing = MissingProgram(TokenPrograms())) {
      if (DevicesRequired()) FAIL() << *missing << " is not installed";
      GTEST_SKIP() << *missing << " is not installed";
    }
    hsm_ = SoftHsm::Create("prod");
    ASSERT_NE(hsm_, nullptr) << "SoftHSM does not work";
    StartLibrary();
  }

  void StartLibrary() {
    static constexpr BuiltinProvider kProvider = {"credmint-pkcs11", credmint_pkcs11_provider_init};
    auto library = LibraryContext::Create(std::span(&kProvider, 1));
    ASSERT_TRUE(library) << library.error().message;
    library_.emplace(*std::move(library));
  }

  StoreOptions Options(const std::string& pin) {
    StoreOptions options;
    options.properties = "provider=credmint-pkcs11";
    options.parameters = parameters_;
    options.parameters.emplace_back("pkcs11-module-path", module_);
    options.passphrase = [this, pin](const PassphraseRequest& request) -> Result<Secret> {
      requests_.push_back(request);
      return Secret(pin);
    };
    return options;
  }

  Result<PkeyPtr> Load(const std::string& uri, const std::string& pin = SoftHsm::kPin) {
    auto contents = OpenStore(*library_, uri, Options(pin));
    if (!contents) return tl::unexpected(contents.error());
    EXPECT_EQ(contents->keys.size(), 1U);
    return std::move(contents->keys.front());
  }

  Result<Bytes> Sign(EVP_PKEY* key, const std::string& message, const char* digest = "SHA256") {
    const MdCtxPtr context(EVP_MD_CTX_new());
    Bytes signature(1024);
    std::size_t size = signature.size();
    if (EVP_DigestSignInit_ex(context.get(), nullptr, digest, library_->get(), nullptr, key,
                              nullptr) != 1 ||
        EVP_DigestSign(context.get(), signature.data(), &size,
                       reinterpret_cast<const unsigned char*>(message.data()),
                       message.size()) != 1) {
      return tl::unexpected(TakeOpensslError(ErrorCode::kInternal));
    }
    signature.resize(size);
    return signature;
  }

  void Write(const std::string& name, std::string_view bytes) {
    std::ofstream(hsm_->directory() / name, std::ios::binary) << bytes;
  }

  /// Writes a new certificate onto the token 'prod'. Its common name is "on the token".
  void WriteCertificate(const std::string& label) {
    const std::filesystem::path der = hsm_->directory() / "leaf.der";
    ASSERT_TRUE(
        test::Run({"openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout",
                   "/dev/null", "-subj", "/CN=on the token", "-outform", "DER", "-out", der})
            .ok());
    ASSERT_TRUE(hsm_->Tool("prod", {"--write-object", der, "--type", "cert", "--id", "01",
                                    "--label", label})
                    .ok());
  }

  /// Checks a signature with the openssl command and the public key that libp11's engine reads.
  bool OpensslVerifies(const std::string& label, const std::string& message, const Bytes& signature,
                       const std::string& digest = "-sha256") {
    const std::filesystem::path& directory = hsm_->directory();
    Write("message", message);
    Write("signature", {reinterpret_cast<const char*>(signature.data()), signature.size()});
    const auto read = test::Run({"openssl", "pkey", "-engine", "pkcs11", "-inform", "engine",
                                 "-pubin", "-in", "pkcs11:token=prod;type=public;object=" + label,
                                 "-pubout", "-out", directory / "public.pem"});
    EXPECT_TRUE(read.ok()) << read.err;
    return test::Run({"openssl", "dgst", digest, "-verify", directory / "public.pem", "-signature",
                      directory / "signature", directory / "message"})
        .ok();
  }

  std::unique_ptr<SoftHsm> hsm_;
  std::string module_ = SoftHsm::module();
  std::vector<std::pair<std::string, std::string>> parameters_;
  std::vector<PassphraseRequest> requests_;
  std::optional<LibraryContext> library_;
};

}  // namespace credmint::test
