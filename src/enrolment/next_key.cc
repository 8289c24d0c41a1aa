// SPDX-License-Identifier: Apache-2.0
#include "enrolment/next_key.h"

#include <errno.h>
#include <fmt/format.h>
#include <string.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "base/random_text.h"
#include "base/shown_value.h"
#include "base/whole_file.h"
#include "enrolment/new_file_key.h"
#include "enrolment/new_key.h"
#include "identity/referenced_file.h"
#include "ossl/error_queue.h"
#include "ossl/pem_blocks.h"
#include "ossl/plain_digest.h"

namespace credmint {
namespace {

constexpr const char* kNextToFile = ".renewal";
constexpr std::size_t kSizeOfId = 20;

tl::unexpected<Error> CannotReplace(const KeyReference& key, const char* why, const char* hint) {
  return Fail(ErrorCode::kUsage, fmt::format("key {} cannot be replaced: {}", key.shown(), why),
              hint);
}

bool IsKeyOfLeaf(const EVP_PKEY* key, const Certificate& leaf) {
  const ErrorMark mark;
  return key != nullptr && leaf.public_key() != nullptr && EVP_PKEY_eq(key, leaf.public_key()) == 1;
}

/// The name of a type of key; empty for one that cannot be made.
std::string TypeOfKey(const Certificate& leaf) {
  constexpr std::array<std::pair<std::string_view, const char*>, 3> kCurves = {
      {{"prime256v1", "ec-p256"}, {"secp384r1", "ec-p384"}, {"secp521r1", "ec-p521"}}};
  const EVP_PKEY* const key = leaf.public_key();
  if (EVP_PKEY_is_a(key, "RSA") == 1) return fmt::format("rsa-{}", EVP_PKEY_get_bits(key));
  if (EVP_PKEY_is_a(key, "ED25519") == 1) return "ed25519";
  std::array<char, 64> curve{};
  const ErrorMark mark;
  if (EVP_PKEY_get_group_name(key, curve.data(), curve.size(), nullptr) != 1) return {};
  const auto* const found = std::find_if(kCurves.begin(), kCurves.end(), [&](const auto& one) {
    return one.first == std::string_view(curve.data());
  });
  return found == kCurves.end() ? "" : found->second;
}

/// The private key that belongs to the leaf. On some tokens only its public key tells.
const InventoryEntry* FindKeyOfLeaf(const Inventory& inventory, const Certificate& leaf) {
  using EntryOf = InventoryEntry::Kind;
  const auto find = [&](const auto& is_it) {
    const auto found = std::find_if(inventory.begin(), inventory.end(), is_it);
    return found == inventory.end() ? nullptr : &*found;
  };
  const InventoryEntry* const itself = find([&](const InventoryEntry& one) {
    return one.kind == EntryOf::kPrivateKey && IsKeyOfLeaf(one.public_key.get(), leaf);
  });
  if (itself != nullptr) return itself;
  const InventoryEntry* const half = find([&](const InventoryEntry& one) {
    return one.kind == EntryOf::kPublicKey && IsKeyOfLeaf(one.public_key.get(), leaf);
  });
  if (half == nullptr || half->id.empty()) return nullptr;
  return find([&](const InventoryEntry& one) {
    return one.kind == EntryOf::kPrivateKey && one.id == half->id;
  });
}

/// The first free place behind one that ends with a number in hexadecimal; empty if there is none.
std::string NextFreePlace(const std::string& uri, const Inventory& inventory) {
  constexpr std::uint32_t kMostSteps = 256;
  const std::size_t digits = uri.find_last_not_of("0123456789abcdefABCDEF") + 1;
  std::uint32_t number = 0;
  const auto [end, error] =
      std::from_chars(uri.data() + digits, uri.data() + uri.size(), number, 16);
  if (error != std::errc()) return {};
  for (std::uint32_t step = 1; step <= kMostSteps; ++step) {
    std::string place = fmt::format("{}{:08x}", uri.substr(0, digits), number + step);
    const bool taken =
        std::any_of(inventory.begin(), inventory.end(), [&](const InventoryEntry& one) {
          return one.uri == place || place.ends_with(one.label.empty() ? "-" : one.label);
        });
    if (!taken) return place;
  }
  return {};
}

Secret Joined(const Secret& first, std::string_view second) {
  std::vector<char> bytes(first.size() + second.size());  // grows no further, so leaves no copy
  const auto middle = std::copy(first.Reveal().begin(), first.Reveal().end(), bytes.begin());
  std::copy(second.begin(), second.end(), middle);
  return Secret::Take(bytes);
}

/// Whether the file holds keys in PEM, and nothing else.
bool HoldsOnlyKeys(const Secret& contents) {
  const auto blocks = FindPemBlocks(contents.Reveal());
  return !blocks.empty() && std::all_of(blocks.begin(), blocks.end(), [](const PemBlock& block) {
    const bool is_parameters = block.label == "EC PARAMETERS";
    return block.is_whole && !block.is_indented &&
           (is_parameters || block.label.ends_with("PRIVATE KEY"));
  });
}

/// The parts of a PEM file with one key each, and with what stands before it.
std::vector<std::string_view> KeyParts(std::string_view text) {
  std::vector<std::string_view> parts;
  std::size_t begin = 0;
  for (const PemBlock& block : FindPemBlocks(text)) {
    if (!block.label.ends_with("PRIVATE KEY")) continue;
    const auto end_of_block =
        static_cast<std::size_t>(block.text.data() - text.data()) + block.text.size();
    const std::size_t end = std::min(text.find_first_not_of("\r\n", end_of_block), text.size());
    parts.push_back(text.substr(begin, end - begin));
    begin = end;
  }
  return parts;
}

/// Nobody else writes to it.
Result<void> RemoveFile(const std::string& path) {
  RemoveLeftovers(path, std::chrono::minutes(0));
  if (unlink(path.c_str()) == 0 || errno == ENOENT) return {};
  return Fail(ErrorCode::kLocalIo,
              fmt::format("removing {}: {}", ShownPath(path), strerror(errno)));
}

}  // namespace

KeyReference NextKey::Reference() const {
  const IdentitySpec& spec = *opener_.spec();
  return spec.private_key ? spec.private_key->Clone()
                          : spec.certificate.certificate->ForPrivateKey();
}

Result<NextKey::Places> NextKey::ChooseFile() const {
  const KeyReference reference = Reference();
  const auto contents = ReadReferenced(reference, FileAccess::kNotWrittenByAll);
  if (!contents) return Fail(Error(contents.error()));
  if (!HoldsOnlyKeys(*contents)) {
    return CannotReplace(reference, "its file is not PEM of a private key alone",
                         "convert it, or replace key and certificate by hand");
  }
  return Places{WholePath(), WholePath() + kNextToFile};
}

/// The same for each working directory.
std::string NextKey::WholePath() const {
  const std::string path = Reference().text();
  std::error_code failed;
  const auto whole = std::filesystem::canonical(path, failed);
  return failed ? path : whole.string();
}

/// Whether the place of a new key in the device is an id of its own, which is random.
bool NextKey::HasOwnId() const {
  const KeyReference reference = Reference();
  return reference.scheme() != nullptr && !reference.scheme()->key_id_parameter.empty();
}

std::string NextKey::DigestOf(const EVP_PKEY* key) {
  const ErrorMark mark;
  unsigned char* der = nullptr;
  const int size = key == nullptr ? 0 : i2d_PUBKEY(key, &der);
  const Handle<unsigned char, FreeOpenssl> owner(der);
  if (size <= 0) return {};
  return PlainSha256Hex({reinterpret_cast<const char*>(der), static_cast<std::size_t>(size)});
}

bool NextKey::IsKnown(const Made& made) const {
  if (IsInFile()) return made.place == WholePath() + kNextToFile;
  return HasOwnId() || !made.digest.empty();
}

Result<NextKey::Places> NextKey::Choose(const Certificate& leaf) {
  const KeyReference reference = Reference();
  if (reference.is_path()) return ChooseFile();
  if (TypeOfKey(leaf).empty() || reference.scheme() == nullptr) {
    return CannotReplace(reference, "no key of its type can be made there", "");
  }
  const auto inventory = opener_.keys().List(reference.ForAnyType(), true);
  if (!inventory) return Fail(inventory);
  const InventoryEntry* const present = FindKeyOfLeaf(*inventory, leaf);
  if (present == nullptr || present->uri.empty() || !present->unique) {
    return CannotReplace(reference, "its device does not show it apart from others",
                         "give it an id of its own");
  }
  if (reference.scheme()->key_id_parameter.empty()) {
    std::string next = NextFreePlace(present->uri, *inventory);
    if (!next.empty()) return Places{present->uri, std::move(next)};
    return CannotReplace(reference, "there is no free place behind it", "");
  }
  if (present->id.empty() || present->label.empty()) {
    return CannotReplace(reference, "it has no id or no label", "give it both");
  }
  const auto random = RandomHex(kSizeOfId / 2);
  if (!random) return Fail(Error(random.error()));
  const std::string_view id = random->Reveal();  // its digits are bytes as good as any
  return Places{present->uri,
                KeyReference::WithId(
                    present->uri, {reinterpret_cast<const std::uint8_t*>(id.data()), id.size()})};
}

/// The new key has the secret of the present one, so that the spec opens both.
Result<Secret> NextKey::SecretOfNew() const {
  const auto& source = opener_.spec()->secrets.user;
  if (!source) return Secret();
  auto secret = source->Read();
  if (!secret) return Fail(std::move(secret), "the secret of the new key");
  return secret;
}

Result<void> NextKey::MakeInFile(const std::string& path, const std::string& type) {
  const KeyReference reference = Reference();
  const auto contents = ReadReferenced(reference, FileAccess::kNotWrittenByAll);
  if (!contents) return Fail(Error(contents.error()));
  auto secret = SecretOfNew();
  if (!secret) return Fail(std::move(secret));
  const Scheme* const scheme = FindSchemeOfFile(contents->Reveal());
  if (scheme == nullptr) return CreateFileKey(context_, {path, type, *std::move(secret)});
  auto device =
      KeyReference::Parse(std::string(scheme->name) + ":", KeyReference::Use::kPrivateKeyToChange);
  if (!device) return Fail(std::move(device));
  const auto made = CreateKey(
      opener_.keys(), *std::move(device),
      {.type = type, .file = path, .auth = *std::move(secret), .owner_auth = owner_auth_.Clone()});
  if (!made) return Fail(Error(made.error()));
  return {};
}

Result<void> NextKey::MakeInDevice(const std::string& uri, const std::string& type) {
  auto place = Reference().Beside(uri);
  if (!place) return Fail(std::move(place));
  const Scheme& scheme = *place->scheme();
  auto secret = scheme.key_auth_parameter.empty() ? Result<Secret>(Secret()) : SecretOfNew();
  if (!secret) return Fail(std::move(secret));
  const auto made = CreateKey(opener_.keys(), *std::move(place),
                              {.type = type,
                               .beside = !scheme.key_beside_parameter.empty(),
                               .auth = *std::move(secret),
                               .owner_auth = owner_auth_.Clone()});
  if (!made) return Fail(Error(made.error()));
  return {};
}

Result<std::shared_ptr<const SigningKey>> NextKey::Open(const Made& made) {
  auto reference = IsInFile() ? KeyReference::Parse(made.place, KeyReference::Use::kPrivateKey)
                              : Reference().Beside(made.place);
  if (!reference) return Fail(std::move(reference));
  auto key = opener_.keys().OpenKey(*std::move(reference));
  if (!key || made.digest.empty() || DigestOf((*key)->get()) == made.digest) return key;
  return Fail(ErrorCode::kKeyUnusable,
              fmt::format("key {} is not the one that an earlier run has made", made.place),
              "see with credmint list whose it is");
}

Result<std::shared_ptr<const SigningKey>> NextKey::Make(const Made& made, const Certificate& leaf) {
  const bool in_file = IsInFile();
  const std::string& place = made.place;
  if ((!in_file && IsKnown(made)) || (in_file && access(place.c_str(), F_OK) == 0)) {
    auto there = Open(made);
    const bool is_present = there && IsKeyOfLeaf((*there)->get(), leaf);
    if (!is_present && (there || there.error().code != ErrorCode::kKeyNotFound)) return there;
    if (is_present && !in_file) return Fail(ErrorCode::kInternal, "the new key is the present one");
  }
  if (in_file) {
    if (auto removed = RemoveFile(place); !removed) return Fail(std::move(removed));
  }
  const std::string type = TypeOfKey(leaf);
  auto done = in_file ? MakeInFile(place, type) : MakeInDevice(place, type);
  if (!done) return Fail(std::move(done));
  return Open({place, {}});
}

Result<OldKey> NextKey::PutBeside(const Places& places, const Certificate& replaced) {
  OldKey old{.place = places.present, .digest = DigestOf(replaced.public_key())};
  if (!IsInFile()) return old;
  const KeyReference reference = Reference();
  const auto file = ReadReferenced(reference, FileAccess::kNotWrittenByAll);
  if (!file) return Fail(Error(file.error()));
  const auto next = ReadFile(places.next);
  if (!next) return Fail(Error(next.error()));
  const bool is_done = file->Reveal().starts_with(next->Reveal());
  const std::string_view earlier = file->Reveal().substr(is_done ? next->size() : 0);
  const auto parts = KeyParts(earlier);
  if (parts.empty()) return Fail(ErrorCode::kInternal, "the file of the key holds none");
  old.size = parts.front().size();
  old.digest = PlainSha256Hex(parts.front());
  if (is_done) return old;
  const Secret both = Joined(*next, earlier);
  if (auto put = ReplaceFile(reference.text(), both.Reveal()); !put) return Fail(std::move(put));
  return old;
}

Result<void> NextKey::Discard(const Made& made, const Certificate& in_use) {
  if (!IsKnown(made)) return {};
  if (IsInFile()) return RemoveFile(made.place);
  const auto fate = Delete({.place = made.place, .digest = made.digest}, in_use);
  if (!fate) return Fail(Error(fate.error()));
  return {};
}

Result<NextKey::Fate> NextKey::Delete(const OldKey& old, const Certificate& in_use) {
  if (IsInFile()) return DeleteFromFile(old, in_use);
  auto reference = Reference().Beside(old.place);
  if (!reference) return Fail(std::move(reference));
  const auto found = FindKeyToDelete(opener_.keys(), reference->Clone());
  if (!found && found.error().code == ErrorCode::kKeyNotFound) return Fate::kForgotten;
  if (!found) return Fail(Error(found.error()));
  const EVP_PKEY* const key = found->front().public_key.get();
  const bool is_another =
      key == nullptr || old.digest.empty() ? !HasOwnId() : DigestOf(key) != old.digest;
  if (is_another || IsKeyOfLeaf(key, in_use)) return Fate::kForgotten;
  const bool has_certificate = std::any_of(
      found->begin(), found->end(),
      [](const InventoryEntry& one) { return one.kind == InventoryEntry::Kind::kCertificate; });
  if (has_certificate) return Fate::kStays;
  const auto deleted = DeleteKey(opener_.keys(), *std::move(reference), owner_auth_.Clone());
  if (!deleted) return Fail(Error(deleted.error()));
  return Fate::kDeleted;
}

/// A part that has changed since is left alone, and so is the last key of the certificate in use.
Result<NextKey::Fate> NextKey::DeleteFromFile(const OldKey& old, const Certificate& in_use) {
  KeyReference reference = Reference();
  const auto file = ReadReferenced(reference, FileAccess::kNotWrittenByAll);
  if (!file) return Fail(Error(file.error()));
  const auto parts = KeyParts(file->Reveal());
  const auto part = std::find_if(parts.begin(), parts.end(), [&](std::string_view one) {
    return one.size() == old.size && PlainSha256Hex(one) == old.digest;
  });
  if (part == parts.end()) return Fate::kForgotten;
  const std::string_view all = file->Reveal();
  const auto at = static_cast<std::size_t>(part->data() - all.data());
  const Secret rest = Joined(Secret(all.substr(0, at)), all.substr(at + part->size()));
  const std::string path = reference.text();
  const auto kept = opener_.keys().OpenKey(
      std::make_shared<const WrappedKey>(std::move(reference), rest.Clone()), {&in_use, 1});
  if (!kept || !IsKeyOfLeaf((*kept)->get(), in_use)) return Fate::kForgotten;
  if (auto put = ReplaceFile(path, rest.Reveal()); !put) return Fail(std::move(put));
  return Fate::kDeleted;
}

}  // namespace credmint
