// SPDX-License-Identifier: Apache-2.0
#include "common/params.h"

#include <openssl/params.h>
#include <string.h>

namespace credmint::provider {
namespace {

/// The contents: in the parameter itself, or where it points to (the types "_PTR").
template <typename T>
const T* ContentsOf(const OSSL_PARAM& param, unsigned type, unsigned pointer_type) {
  if (param.data == nullptr) return nullptr;
  if (param.data_type == type) return static_cast<const T*>(param.data);
  return param.data_type == pointer_type ? *static_cast<const T* const*>(param.data) : nullptr;
}

}  // namespace

bool HasParam(const OSSL_PARAM params[], const char* name) {
  return OSSL_PARAM_locate_const(params, name) != nullptr;
}

std::optional<std::string_view> TextOf(const OSSL_PARAM& param) {
  const auto* text = ContentsOf<char>(param, OSSL_PARAM_UTF8_STRING, OSSL_PARAM_UTF8_PTR);
  if (text == nullptr) return std::nullopt;
  if (param.data_type == OSSL_PARAM_UTF8_PTR) return text;  // its size is optional
  return std::string_view(text, strnlen(text, param.data_size));
}

std::optional<std::string> TextParam(const OSSL_PARAM params[], const char* name) {
  const OSSL_PARAM* param = OSSL_PARAM_locate_const(params, name);
  const auto text = param != nullptr ? TextOf(*param) : std::nullopt;
  return text ? std::optional<std::string>(*text) : std::nullopt;
}

std::optional<ByteView> OctetsParam(const OSSL_PARAM params[], const char* name) {
  const OSSL_PARAM* param = OSSL_PARAM_locate_const(params, name);
  if (param == nullptr) return std::nullopt;
  const auto* octets =
      ContentsOf<std::uint8_t>(*param, OSSL_PARAM_OCTET_STRING, OSSL_PARAM_OCTET_PTR);
  if (octets == nullptr) return std::nullopt;
  return ByteView(octets, param->data_size);
}

std::optional<Secret> SecretParam(const OSSL_PARAM params[], const char* name) {
  const auto octets = OctetsParam(params, name);
  if (!octets) return std::nullopt;
  return Secret(std::string_view(reinterpret_cast<const char*>(octets->data()), octets->size()));
}

}  // namespace credmint::provider
