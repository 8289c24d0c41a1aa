// SPDX-License-Identifier: Apache-2.0
#include "enrolment/signed_policy.h"

#include <fmt/format.h>
#include <openssl/pem.h>

#include <utility>

#include "base/shown_value.h"
#include "base/whole_file.h"
#include "identity/file_form.h"
#include "identity/referenced_file.h"

namespace credmint {
namespace {

/// Null if the text is not a public key alone.
PkeyPtr ReadPublicKey(const LibraryContext& context, std::string_view pem) {
  if (RecogniseFile(pem) != FileForm::kPublicKey) return nullptr;
  const ErrorMark mark;
  const BioPtr bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  if (!bio) return nullptr;
  return PkeyPtr(
      PEM_read_bio_PUBKEY_ex(bio.get(), nullptr, nullptr, nullptr, context.get(), nullptr));
}

}  // namespace

Result<std::shared_ptr<const SigningKey>> OpenPublicAuthority(const LibraryContext& context,
                                                              KeyOpener& keys,
                                                              KeyReference reference) {
  const auto file = reference.is_file() ? ReadReferenced(reference) : Secret();
  if (!file) return Fail(Error(file.error()));
  if (auto key = ReadPublicKey(context, file->Reveal())) {
    return std::make_shared<const SigningKey>(context, std::move(key));
  }
  return keys.OpenKey(std::move(reference));
}

Result<void> SignPolicy(KeyOpener& keys, std::shared_ptr<const SigningKey> authority,
                        UnsignedPolicy policy) {
  const std::string clause = "signing a policy for " + ShownPath(policy.key_file);
  if (!policy.out.empty()) {
    if (auto is_new = CheckIsNewFile(policy.out); !is_new) return is_new;
  }
  auto reference = KeyReference::Parse(policy.key_file, KeyReference::Use::kPrivateKey);
  if (!reference || !reference->is_path()) {
    return Fail(ErrorCode::kUsage, clause + ": it is not the path of a file");
  }
  keys.SetPolicySigner(std::move(authority));
  auto changed = keys.Change(*std::move(reference), {.kind = DeviceChange::Kind::kSignPolicy,
                                                     .key_state = std::move(policy.state),
                                                     .key_policy = std::move(policy.policy),
                                                     .keep_old = policy.keep_old});
  if (!changed) return Fail(std::move(changed), clause);
  if (changed->empty() || changed->front().key_file.empty()) {
    return Fail(ErrorCode::kInternal, clause + ": there is no new file");
  }
  const std::string& contents = changed->front().key_file;
  return policy.out.empty() ? ReplaceFile(policy.key_file, contents)
                            : WriteNewFile(policy.out, contents, kPrivateMode);
}

}  // namespace credmint
