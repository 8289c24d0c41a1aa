#include "pkcs11/object_loader.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "pkcs11/object.h"
#include "pkcs11/token_key.h"

namespace credmint::pkcs11 {
namespace {

using provider::Key;

/// Bytes as a URI writes them: unreserved characters as they are, the rest percent-encoded.
std::string Encode(const Bytes& bytes, bool always) {
  std::string text;
  for (const std::uint8_t byte : bytes) {
    const bool plain = byte < 0x80 && (isalnum(byte) != 0 || byte == '-' || byte == '_' ||
                                       byte == '.' || byte == '~');
    text +=
        plain && !always ? std::string(1, static_cast<char>(byte)) : fmt::format("%{:02X}", byte);
  }
  return text;
}

Error AmbiguousTokens(const std::vector<std::shared_ptr<Slot>>& slots) {
  std::vector<std::string> names;
  names.reserve(slots.size());
  for (const auto& slot : slots) {
    names.push_back(fmt::format("'{}' (serial {}, slot-id {})", PaddedText(slot->token().label),
                                PaddedText(slot->token().serialNumber), slot->id()));
  }
  return {ErrorCode::kKeyAmbiguous,
          fmt::format("{} tokens match: {}", slots.size(), fmt::join(names, ", ")),
          "add token=LABEL or serial=NUMBER to the URI"};
}

}  // namespace

Result<LoadedObjects> ObjectLoader::Load(Wanted wanted) {
  const auto module = Module::Load(module_path_);
  if (!module) return tl::unexpected(module.error());
  const auto slots = provider_.slots().Find(*module, uri_);
  if (!slots) return tl::unexpected(slots.error());
  if (slots->empty()) {
    return Fail(
        ErrorCode::kKeyNotFound, fmt::format("no token of {} matches the URI", (*module)->path()),
        "pkcs11-tool --list-token-slots lists them; is the device connected, the label right, "
        "the module the right one (--pkcs11-lib), and may this user read it?");
  }
  LoadedObjects loaded;
  if (wanted.private_key) {
    if (slots->size() > 1) return tl::unexpected(AmbiguousTokens(*slots));
    auto key = LoadPrivateKey(slots->front());
    if (!key) return Fail(std::move(key));
    loaded.private_key = *std::move(key);
  }
  if (wanted.public_key || wanted.certificates) {
    auto searched = LoadPublic(*slots, wanted, loaded);
    if (!searched && !loaded.private_key) return Fail(std::move(searched));
  }
  return loaded;
}

Result<void> ObjectLoader::LogIn(Slot& slot, const Session& session) {
  return slot.LogIn(session, [&]() -> Result<Secret> {
    auto pin = uri_.Pin();
    if (!pin) return Fail(std::move(pin));
    if (*pin) return **std::move(pin);
    return passphrase_.Ask({PassphraseKind::kTokenPin, slot.Name()});
  });
}

Result<std::vector<CK_OBJECT_HANDLE>> ObjectLoader::Find(const Slot& slot, const Session& session,
                                                         CK_OBJECT_CLASS object_class) {
  std::vector<CK_ATTRIBUTE> search = uri_.ObjectTemplate();
  search.push_back({CKA_CLASS, &object_class, sizeof object_class});
  return FindObjects(slot, session, std::move(search));
}

Error ObjectLoader::Ambiguous(const Slot& slot, const Session& session,
                              const std::vector<CK_OBJECT_HANDLE>& objects) {
  constexpr std::size_t kShown = 8;
  std::vector<std::string> names;
  for (const CK_OBJECT_HANDLE object : objects) {
    const auto facts = ReadPrivateKeyFacts(slot, session, object);
    if (facts) {
      names.push_back(
          fmt::format("object={};id={}", Encode(facts->label, false), Encode(facts->id, true)));
    }
    if (names.size() == kShown) break;
  }
  if (names.size() < objects.size()) names.emplace_back("...");
  return {ErrorCode::kKeyAmbiguous,
          fmt::format("{} private keys on {} match: {}", objects.size(), slot.Name(),
                      fmt::join(names, ", ")),
          "add object=LABEL or id=%NN to the URI"};
}

Result<std::vector<CK_OBJECT_HANDLE>> ObjectLoader::FindPrivateKeys(const Slot& slot,
                                                                    const Session& session) {
  auto keys = Find(slot, session, CKO_PRIVATE_KEY);
  if (!keys || !keys->empty()) return keys;
  const auto certificates = Find(slot, session, CKO_CERTIFICATE);
  if (!certificates || certificates->size() != 1) return keys;
  Bytes id = ReadId(slot, session, certificates->front());
  if (id.empty()) return keys;
  CK_OBJECT_CLASS object_class = CKO_PRIVATE_KEY;
  return FindObjects(slot, session,
                     {{CKA_CLASS, &object_class, sizeof object_class},
                      {CKA_ID, id.data(), static_cast<CK_ULONG>(id.size())}});
}

Result<Secret> ObjectLoader::ContextPin(const Slot& slot) {
  if (!context_pin_) return passphrase_.Ask({PassphraseKind::kContextPin, slot.Name()});
  if (!context_pin_->empty()) return context_pin_->Clone();
  return Fail(ErrorCode::kContextPinRequired,
              fmt::format("the key on {} needs a PIN for each signature", slot.Name()));
}

Result<std::unique_ptr<Key>> ObjectLoader::LoadPrivateKey(const std::shared_ptr<Slot>& slot) {
  const auto session = slot->OpenSession();
  if (!session) return tl::unexpected(session.error());
  if (auto logged_in = LogIn(*slot, *session); !logged_in) return Fail(std::move(logged_in));
  const auto objects = FindPrivateKeys(*slot, *session);
  if (!objects) return tl::unexpected(objects.error());
  if (objects->empty()) {
    return Fail(ErrorCode::kKeyNotFound,
                fmt::format("no private key on {} matches the URI", slot->Name()),
                "pkcs11-tool --list-objects --type privkey --login lists them; an id is written "
                "id=%01");
  }
  if (objects->size() > 1) return tl::unexpected(Ambiguous(*slot, *session, *objects));
  return MakeKey(slot, *session, objects->front());
}

Result<std::unique_ptr<Key>> ObjectLoader::MakeKey(const std::shared_ptr<Slot>& slot,
                                                   const Session& session,
                                                   CK_OBJECT_HANDLE object) {
  const auto facts = ReadPrivateKeyFacts(*slot, session, object);
  if (!facts) return tl::unexpected(facts.error());
  auto public_key = ReadPublicKey(*slot, session, *facts);
  if (!public_key) return Fail(std::move(public_key));
  std::optional<Secret> context_pin;
  if (facts->always_authenticate) {
    auto pin = ContextPin(*slot);
    if (!pin) return Fail(std::move(pin));
    context_pin = *std::move(pin);
  }
  const std::size_t signature_size = public_key->type == provider::KeyType::kRsa
                                         ? public_key->modulus.size()
                                         : public_key->point.size() - 1;
  auto key = std::make_unique<Key>();
  key->provider = &provider_;
  key->private_key = std::make_shared<TokenKey>(slot, object, public_key->type, signature_size,
                                                std::move(context_pin));
  key->public_key = *std::move(public_key);
  return key;
}

Result<void> ObjectLoader::LoadPublic(const std::vector<std::shared_ptr<Slot>>& slots,
                                      Wanted wanted, LoadedObjects& loaded) {
  const auto found = [&] { return loaded.public_key || !loaded.certificates.empty(); };
  for (const auto& slot : slots) {
    if (auto searched = SearchPublic(*slot, false, wanted, loaded); !searched) return searched;
  }
  if (!found() && slots.size() == 1 && slots.front()->NeedsLogin()) {
    if (auto searched = SearchPublic(*slots.front(), true, wanted, loaded); !searched) {
      return searched;
    }
  }
  if (found()) return {};
  return Fail(
      ErrorCode::kKeyNotFound,
      fmt::format("no {} on {} matches the URI", wanted.certificates ? "certificate" : "public key",
                  slots.size() == 1 ? slots.front()->Name() : "the matching tokens"));
}

Result<void> ObjectLoader::SearchPublic(Slot& slot, bool log_in, Wanted wanted,
                                        LoadedObjects& loaded) {
  const auto session = slot.OpenSession();
  if (!session) return tl::unexpected(session.error());
  if (log_in) {
    if (auto logged_in = LogIn(slot, *session); !logged_in) return logged_in;
  }
  if (wanted.certificates) {
    const auto objects = Find(slot, *session, CKO_CERTIFICATE);
    if (!objects) return tl::unexpected(objects.error());
    for (const CK_OBJECT_HANDLE object : *objects) {
      if (auto der = ReadCertificate(slot, *session, object)) {
        loaded.certificates.push_back(*std::move(der));
      }
    }
  }
  if (wanted.public_key) {
    const auto objects = Find(slot, *session, CKO_PUBLIC_KEY);
    if (!objects) return tl::unexpected(objects.error());
    for (const CK_OBJECT_HANDLE object : *objects) {
      auto public_key = ReadPublicKeyObject(slot, *session, object);
      if (!public_key) continue;
      loaded.public_key = std::make_unique<Key>();
      loaded.public_key->provider = &provider_;
      loaded.public_key->public_key = *std::move(public_key);
      break;
    }
  }
  return {};
}

}  // namespace credmint::pkcs11
