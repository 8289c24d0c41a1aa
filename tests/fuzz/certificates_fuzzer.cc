// SPDX-License-Identifier: Apache-2.0
// Fed: a line whose characters choose certificates of a small PKI, and a file with certificates:
// PEM blocks, or PKCS#7 in DER.
//
// Holds: a certificate is read as it is written. Messages about it are one line. A chain has at
// most five issuers, none twice, none self-signed, all of the pool; the first one signed the leaf.

#include <algorithm>
#include <string>
#include <vector>

#include "base/clock.h"
#include "fuzz/input.h"
#include "fuzz/require.h"
#include "identity/chain.h"
#include "identity/refusals.h"
#include "ossl/certificate_file.h"
#include "ossl/certificate_usages.h"
#include "ossl/helper_name.h"
#include "support/test_pki.h"

namespace credmint {
namespace {

using test::Require;
using Certificates = std::vector<Certificate>;

/// Two roots that certified each other, a CA that both certified, an intermediate with two
/// certificates, and a leaf.
Certificates MakePki() {
  const test::Party one = test::Issue(test::CaSpec("one"));
  const test::Party two = test::Issue(test::CaSpec("two"));
  const test::Party one_by_two = test::Issue(test::CaSpec("one"), &two, one.key);
  const test::Party two_by_one = test::Issue(test::CaSpec("two"), &one, two.key);
  const test::Party ca_by_one = test::Issue(test::CaSpec("ca"), &one);
  const test::Party ca_by_two = test::Issue(test::CaSpec("ca"), &two, ca_by_one.key);
  test::CertificateSpec expired = test::CaSpec("below");
  expired.not_after = "20260102000000Z";
  const test::Party below = test::Issue(test::CaSpec("below"), &ca_by_one);
  const test::Party below_expired = test::Issue(expired, &ca_by_one, below.key);
  const test::Party leaf = test::Issue(test::CertificateSpec(), &below);
  Certificates all;
  for (const test::Party* party : {&one, &two, &one_by_two, &two_by_one, &ca_by_one, &ca_by_two,
                                   &below, &below_expired, &leaf}) {
    all.emplace_back(X509Ptr(test::NewReference(party->certificate)));
  }
  return all;
}

void RequireLines(const std::vector<Error>& errors) {
  for (const Error& error : errors) {
    test::RequireOneLine(error.message + error.hint, "a reason is one line");
  }
}

void CheckCertificate(const LibraryContext& context, const Certificate& certificate) {
  const auto again = Certificate::FromDer(context, certificate.Der());
  Require(again && *again == certificate, "a certificate is read as it is written");
  test::RequireOneLine(certificate.Subject() + certificate.Issuer(), "a name is one line");
  Require(!certificate.SerialDecimal().empty() && !certificate.SerialHex().empty(),
          "there is a serial");
  static_cast<void>(HelperName(X509_get_subject_name(certificate.get())));
  static_cast<void>(KeyUsages(certificate));
  static_cast<void>(ExtendedKeyUsages(certificate));
  static_cast<void>(certificate.KeyAlgorithm());
  static_cast<void>(CheckKeyIsKnown(certificate));
}

void CheckChain(const Certificates& pool, TimePoint now) {
  const Certificate& leaf = pool.back();
  const CertificateChain chain = BuildChain(leaf, pool, now);
  Require(chain.leaf == leaf, "the leaf stays");
  Require(chain.issuers.size() <= kMaxIssuers, "there are at most five issuers");
  for (auto issuer = chain.issuers.begin(); issuer != chain.issuers.end(); ++issuer) {
    Require(std::find(pool.begin(), pool.end(), *issuer) != pool.end(), "it is of the pool");
    Require(std::find(chain.issuers.begin(), issuer, *issuer) == issuer, "none is sent twice");
    Require(X509_verify(issuer->get(), issuer->public_key()) != 1 || !issuer->IsSelfIssued(),
            "none is self-signed");
  }
  Require(chain.issuers.empty() || X509_verify(leaf.get(), chain.issuers.front().public_key()) == 1,
          "the first issuer signed the leaf");
  RequireLines(ChainRefusals(chain, now));
  RequireLines(ChainDoubts(chain));
}

void Check(std::string_view chosen, std::string_view file) {
  static const auto& context = *new auto(LibraryContext::Create({}));
  static const auto& pki = *new Certificates(MakePki());
  Require(context.has_value(), "there is a context");
  const TimePoint now{std::chrono::seconds(1780000000)};  // in May 2026
  const ErrorMark mark;
  Certificates pool;
  const auto read = ReadCertificateFile(*context, Secret(file));
  if (read) pool = *read;
  if (!read) test::RequireOneLine(read.error().message + read.error().hint, "it is one line");
  for (const Certificate& certificate : pool) CheckCertificate(*context, certificate);
  constexpr std::size_t kMost = 40;
  for (const char c : chosen.substr(0, kMost)) {
    pool.push_back(pki[static_cast<unsigned char>(c) % pki.size()]);
  }
  if (!pool.empty()) CheckChain(pool, now);
}

}  // namespace
}  // namespace credmint

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  credmint::test::Input input(data, size);
  const std::string_view chosen = input.Line();
  credmint::Check(chosen, input.Rest());
  return 0;
}
