// SPDX-License-Identifier: Apache-2.0
// Fed: three bytes that choose what is asked of a PKCS#11 module, and what the module answers, call
// by call. A zero, or nothing, is the answer of a token with one slot, a key pair and a
// certificate. Other bytes make it lie: about return codes, flags, counts, lengths, values.
//
// Holds: every load and signature ends. A failure has a known code and is one line. An accepted key
// has a size, and its signatures fit. A listing has one line of JSON for each object.

#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <p11-kit/pkcs11.h>
#include <string.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "builtin.h"
#include "fuzz/beside_fuzzer.h"
#include "fuzz/input.h"
#include "fuzz/provider_checks.h"
#include "fuzz/require.h"
#include "ossl/library_context.h"
#include "ossl/read_store.h"
#include "support/test_pki.h"

namespace credmint {
namespace {

using test::Require;

constexpr const char* kModule = "loaded_module.so";

/// Bytes from here on are lies.
constexpr std::uint8_t kLie = 0xc0;
/// Lists that long take their time. One of them is enough.
constexpr int kMostFullLists = 2;

/// CKR_SESSION_COUNT is not among them: it makes the slot wait for ten seconds.
constexpr std::array<CK_RV, 32> kCodes = {CKR_GENERAL_ERROR,
                                          CKR_FUNCTION_FAILED,
                                          CKR_HOST_MEMORY,
                                          CKR_ARGUMENTS_BAD,
                                          CKR_ATTRIBUTE_SENSITIVE,
                                          CKR_ATTRIBUTE_TYPE_INVALID,
                                          CKR_ATTRIBUTE_VALUE_INVALID,
                                          CKR_BUFFER_TOO_SMALL,
                                          CKR_CRYPTOKI_NOT_INITIALIZED,
                                          CKR_CRYPTOKI_ALREADY_INITIALIZED,
                                          CKR_DATA_LEN_RANGE,
                                          CKR_DEVICE_ERROR,
                                          CKR_DEVICE_MEMORY,
                                          CKR_DEVICE_REMOVED,
                                          CKR_FUNCTION_CANCELED,
                                          CKR_FUNCTION_NOT_SUPPORTED,
                                          CKR_KEY_FUNCTION_NOT_PERMITTED,
                                          CKR_KEY_HANDLE_INVALID,
                                          CKR_MECHANISM_INVALID,
                                          CKR_MECHANISM_PARAM_INVALID,
                                          CKR_OBJECT_HANDLE_INVALID,
                                          CKR_OPERATION_ACTIVE,
                                          CKR_PIN_INCORRECT,
                                          CKR_PIN_LOCKED,
                                          CKR_SESSION_CLOSED,
                                          CKR_SESSION_HANDLE_INVALID,
                                          CKR_SLOT_ID_INVALID,
                                          CKR_TOKEN_NOT_PRESENT,
                                          CKR_USER_ALREADY_LOGGED_IN,
                                          CKR_USER_NOT_LOGGED_IN,
                                          CKR_USER_PIN_NOT_INITIALIZED,
                                          CKR_VENDOR_DEFINED};

struct KeyKind {
  CK_KEY_TYPE type;
  std::string parameters;  ///< of the curve, in DER
  std::string point;       ///< in DER
  std::string modulus;
  std::size_t signature_size;
};

constexpr std::string_view kExponent{"\1\0\1", 3};

std::array<KeyKind, 3> MakeKeyKinds() {
  using namespace std::string_literals;
  const std::string x =
      "\x6b\x17\xd1\xf2\xe1\x2c\x42\x47\xf8\xbc\xe6\xe5\x63\xa4\x40\xf2"
      "\x77\x03\x7d\x81\x2d\xeb\x33\xa0\xf4\xa1\x39\x45\xd8\x98\xc2\x96";
  const std::string y =
      "\x4f\xe3\x42\xe2\xfe\x1a\x7f\x9b\x8e\xe7\xeb\x4a\x7c\x0f\x9e\x16"
      "\x2b\xce\x33\x57\x6b\x31\x5e\xce\xcb\xb6\x40\x68\x37\xbf\x51\xf5";
  return {{{CKK_EC, "\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07", "\x04\x41\x04" + x + y, "", 64},
           {CKK_RSA, "", "", "\xc0" + std::string(254, '\x55') + "\x01", 256},
           {CKK_EC_EDWARDS, "\x06\x03\x2b\x65\x70", "\x04\x20" + x, "", 64}}};
}

/// The token behind the module's functions. There is one, because they are plain functions.
struct Token {
  test::Input answers{nullptr, 0};
  const KeyKind* kind = nullptr;
  std::string certificate;
  CK_OBJECT_CLASS searched = CKO_DATA;
  bool found = true;
  int full_lists = 0;

  std::uint8_t Next() { return answers.Byte(); }
  bool Lies() { return Next() >= kLie; }

  /// The code that ends a call.
  CK_RV Code() {
    const std::uint8_t byte = Next();
    return byte < kLie ? CKR_OK : kCodes[byte % kCodes.size()];
  }
};

Token token;

template <std::size_t N>
void Fill(CK_UTF8CHAR (&field)[N], std::string_view text) {
  std::string lie;
  if (token.Lies()) text = lie = token.answers.Take(N);
  memset(field, ' ', N);
  memcpy(field, text.data(), std::min(text.size(), N));
}

CK_FLAGS Flags(CK_FLAGS flags) { return token.Lies() ? flags ^ token.answers.Number() : flags; }

CK_RV Initialize(void* /*arguments*/) { return token.Code(); }
CK_RV Finalize(void* /*reserved*/) { return token.Code(); }

CK_RV GetInfo(CK_INFO* info) {
  Fill(info->manufacturerID, "Example");
  Fill(info->libraryDescription, "Module");
  info->cryptokiVersion = {2, 40};
  info->libraryVersion = {token.Next(), token.Next()};
  return token.Code();
}

CK_RV GetSlotList(CK_BBOOL /*present*/, CK_SLOT_ID* slots, CK_ULONG* count) {
  const CK_ULONG room = *count;
  *count = token.Lies() ? token.Next() : 1;
  const bool fits = slots == nullptr || *count <= room;
  for (CK_ULONG i = 0; slots != nullptr && i < std::min(room, *count); ++i) slots[i] = i;
  if (token.Lies()) *count = token.answers.Number();
  return fits ? token.Code() : CKR_BUFFER_TOO_SMALL;
}

CK_RV GetSlotInfo(CK_SLOT_ID /*slot*/, CK_SLOT_INFO* info) {
  Fill(info->slotDescription, "Slot");
  Fill(info->manufacturerID, "Example");
  info->flags = Flags(CKF_TOKEN_PRESENT);
  return token.Code();
}

CK_RV GetTokenInfo(CK_SLOT_ID /*slot*/, CK_TOKEN_INFO* info) {
  Fill(info->label, "prod");
  Fill(info->manufacturerID, "Example");
  Fill(info->model, "One");
  Fill(info->serialNumber, "1");
  info->flags = Flags(CKF_TOKEN_INITIALIZED | CKF_LOGIN_REQUIRED | CKF_USER_PIN_INITIALIZED);
  return token.Code();
}

CK_RV OpenSession(CK_SLOT_ID /*slot*/, CK_FLAGS /*flags*/, void* /*application*/,
                  CK_NOTIFY /*notify*/, CK_SESSION_HANDLE* session) {
  static CK_SESSION_HANDLE last = 0;
  *session = token.Lies() ? token.Next() : ++last;
  return token.Code();
}

CK_RV CloseSession(CK_SESSION_HANDLE /*session*/) { return token.Code(); }

CK_RV GetSessionInfo(CK_SESSION_HANDLE /*session*/, CK_SESSION_INFO* info) {
  *info = {};
  info->state = token.Next();
  return token.Code();
}

CK_RV Login(CK_SESSION_HANDLE /*session*/, CK_USER_TYPE /*user*/, CK_UTF8CHAR* /*pin*/,
            CK_ULONG /*size*/) {
  return token.Code();
}

CK_RV FindObjectsInit(CK_SESSION_HANDLE /*session*/, CK_ATTRIBUTE* wanted, CK_ULONG count) {
  token.searched = CKO_DATA;
  token.found = false;
  for (CK_ULONG i = 0; i < count; ++i) {
    if (wanted[i].type == CKA_CLASS) memcpy(&token.searched, wanted[i].pValue, sizeof(CK_ULONG));
  }
  return token.Code();
}

/// An object's handle says its class: the number of the object below a byte of the class.
CK_RV FindObjects(CK_SESSION_HANDLE /*session*/, CK_OBJECT_HANDLE* objects, CK_ULONG room,
                  CK_ULONG* count) {
  *count = token.found ? 0 : 1;
  token.found = true;
  if (token.Lies()) {
    const std::uint8_t number = token.Next();
    *count = number == 0xff && token.full_lists++ < kMostFullLists ? room : number % 8;
  }
  for (CK_ULONG i = 0; i < std::min(room, *count); ++i) {
    objects[i] = token.searched << 8 | (i + token.answers.Byte() % 4);
  }
  if (token.Lies()) *count = token.answers.Number();
  return token.Code();
}

CK_RV FindObjectsFinal(CK_SESSION_HANDLE /*session*/) { return token.Code(); }

/// The true value; nothing if the object has no such attribute.
std::optional<std::string> TrueValue(CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type) {
  const auto bytes = [](auto value) {
    return std::string(reinterpret_cast<const char*>(&value), sizeof(value));
  };
  const CK_OBJECT_CLASS object_class = object >> 8;
  switch (type) {
    case CKA_CLASS:
      return bytes(object_class);
    case CKA_KEY_TYPE:
      return bytes(token.kind->type);
    case CKA_ID:
      return std::string(1, static_cast<char>(1 + object % 256));
    case CKA_LABEL:
      return "web";
    case CKA_MODULUS:
      return token.kind->modulus;
    case CKA_PUBLIC_EXPONENT:
      return std::string(kExponent);
    case CKA_EC_PARAMS:
      return token.kind->parameters;
    case CKA_EC_POINT:
      if (object_class == CKO_PUBLIC_KEY) return token.kind->point;
      return std::nullopt;
    case CKA_VALUE:
      if (object_class == CKO_CERTIFICATE) return token.certificate;
      return std::nullopt;
    case CKA_SIGN:
    case CKA_SENSITIVE:
      return bytes(CK_BBOOL{CK_TRUE});
    case CKA_ALWAYS_AUTHENTICATE:
    case CKA_EXTRACTABLE:
      return bytes(CK_BBOOL{CK_FALSE});
    default:
      return std::nullopt;
  }
}

/// Damages a value, or removes it.
void Damage(std::optional<std::string>& value) {
  switch (token.Next() % 6) {
    case 0:
      value.reset();
      break;
    case 1:
      value = std::string(token.answers.Take(token.Next()));
      break;
    case 2:
      if (value) value->resize(value->size() / 2);
      break;
    case 3:
      if (value) value->append(token.answers.Take(token.Next() % 16));
      break;
    case 4:
      value = "";
      break;
    default:
      if (value && !value->empty()) (*value)[token.Next() % value->size()] ^= token.Next();
      break;
  }
}

CK_RV GetAttributeValue(CK_SESSION_HANDLE /*session*/, CK_OBJECT_HANDLE object,
                        CK_ATTRIBUTE* attributes, CK_ULONG count) {
  CK_RV result = CKR_OK;
  for (CK_ULONG i = 0; i < count; ++i) {
    CK_ATTRIBUTE& attribute = attributes[i];
    auto value = TrueValue(object, attribute.type);
    if (token.Lies()) Damage(value);
    const CK_ULONG room = attribute.ulValueLen;
    attribute.ulValueLen = value ? value->size() : CK_UNAVAILABLE_INFORMATION;
    if (!value) result = CKR_ATTRIBUTE_TYPE_INVALID;
    if (value && value->size() > room) {
      attribute.ulValueLen = CK_UNAVAILABLE_INFORMATION;
      result = CKR_BUFFER_TOO_SMALL;
    } else if (value && attribute.pValue != nullptr) {
      memcpy(attribute.pValue, value->data(), value->size());
    }
    if (token.Lies())
      attribute.ulValueLen = CK_ULONG{token.answers.Number()} << (token.Next() % 33);
  }
  const CK_RV lie = token.Code();
  return lie != CKR_OK ? lie : result;
}

CK_RV SignInit(CK_SESSION_HANDLE /*session*/, CK_MECHANISM* /*mechanism*/,
               CK_OBJECT_HANDLE /*key*/) {
  return token.Code();
}

CK_RV Sign(CK_SESSION_HANDLE /*session*/, CK_BYTE* /*data*/, CK_ULONG /*size*/, CK_BYTE* signature,
           CK_ULONG* signature_size) {
  const CK_ULONG room = *signature_size;
  *signature_size = token.kind->signature_size;
  if (room < *signature_size) return CKR_BUFFER_TOO_SMALL;
  memset(signature, token.Next(), room);
  if (token.Lies()) *signature_size = token.answers.Number();
  return token.Code();
}

CK_FUNCTION_LIST* Functions() {
  static CK_FUNCTION_LIST functions{};
  functions.version = {2, 40};
  functions.C_Initialize = Initialize;
  functions.C_Finalize = Finalize;
  functions.C_GetInfo = GetInfo;
  functions.C_GetSlotList = GetSlotList;
  functions.C_GetSlotInfo = GetSlotInfo;
  functions.C_GetTokenInfo = GetTokenInfo;
  functions.C_OpenSession = OpenSession;
  functions.C_CloseSession = CloseSession;
  functions.C_GetSessionInfo = GetSessionInfo;
  functions.C_Login = Login;
  functions.C_FindObjectsInit = FindObjectsInit;
  functions.C_FindObjects = FindObjects;
  functions.C_FindObjectsFinal = FindObjectsFinal;
  functions.C_GetAttributeValue = GetAttributeValue;
  functions.C_SignInit = SignInit;
  functions.C_Sign = Sign;
  return &functions;
}

void RequireFailure(const Error& error) {
  Require(error.code <= kLastErrorCode && error.remedy <= kLastRemedy, "a failure is a known one");
  test::RequireOneLine(error.message + error.hint, "a failure is one line");
}

constexpr std::array kUris = {"pkcs11:", "pkcs11:token=prod", "pkcs11:token=prod;object=web;id=%01",
                              "pkcs11:slot-id=0;library-description=Module?pin-value=1234"};

StoreOptions OptionsFor(std::uint8_t choice) {
  StoreOptions options;
  options.properties = "provider=credmint-pkcs11";
  options.parameters = {{"pkcs11-module-path", test::PathBesideFuzzer(kModule)}};
  options.expect = static_cast<StoreExpect>(choice % 3);
  if (options.expect == StoreExpect::kName) {
    options.parameters.emplace_back("pkcs11-inventory", (choice & 0x10) != 0 ? "all" : "public");
  }
  if ((choice & 0x20) != 0) options.parameters.emplace_back("pkcs11-allow-final-try", "1");
  if ((choice & 0x40) != 0) options.parameters.emplace_back("pkcs11-remember-pin", "1");
  if ((choice & 0x80) != 0) options.secrets.emplace_back("pkcs11-context-pin", Secret("5678"));
  options.passphrase = [](const PassphraseRequest& request) -> Result<Secret> {
    test::RequireOneLine(request.subject, "a question is one line");
    return Secret("1234");
  };
  return options;
}

void Check(test::Input input) {
  static auto& functions =
      test::VariableBesideFuzzer<CK_FUNCTION_LIST*>(kModule, "module_functions");
  static const auto key_kinds = MakeKeyKinds();
  static const std::string certificate =
      test::CertificateDer(test::Issue(test::CertificateSpec()).certificate);
  static constexpr BuiltinProvider kProvider = {"credmint-pkcs11", credmint_pkcs11_provider_init};
  functions = Functions();
  const std::uint8_t uri = input.Byte();
  const std::uint8_t kind = input.Byte();
  const StoreOptions options = OptionsFor(input.Byte());
  token = {input, &key_kinds[kind % key_kinds.size()], certificate};

  const auto context = LibraryContext::Create(std::span(&kProvider, 1));
  Require(context.has_value(), "there is a context");
  auto contents = OpenStore(*context, kUris[uri % kUris.size()], options);
  if (!contents) return RequireFailure(contents.error());
  test::CheckListing(contents->names);
  for (const PkeyPtr& key : contents->keys) {
    for (const bool pss : {false, true}) test::SignWith(*context, key.get(), pss);
  }
}

}  // namespace
}  // namespace credmint

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  credmint::Check(credmint::test::Input(data, size));
  return 0;
}
