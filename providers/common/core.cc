// SPDX-License-Identifier: Apache-2.0
#include "common/core.h"

#include <openssl/params.h>

#include <array>
#include <cstdarg>
#include <string_view>

#include "base/read_file.h"
#include "common/remedy_text.h"
#include "ossl/error_queue.h"
#include "ossl/fips.h"

namespace credmint::provider {
namespace {

using VsetError = OSSL_FUNC_core_vset_error_fn;

/// Makes the va_list that core_vset_error takes.
[[gnu::format(printf, 4, 5)]] void SetError(VsetError* vset_error, const OSSL_CORE_HANDLE* handle,
                                            std::uint32_t reason, const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vset_error(handle, reason, format, arguments);
  va_end(arguments);
}

/// ERR_MAX_DATA_SIZE: OpenSSL drops a longer text altogether.
constexpr std::size_t kMaxText = 1023;
constexpr std::string_view kCutOff = "...";

/// Shortens a text to what OpenSSL accepts, at a UTF-8 character boundary.
std::string Fitting(const std::string& text) {
  if (text.size() <= kMaxText) return text;
  std::size_t end = kMaxText - kCutOff.size();
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0U) == 0x80U) --end;
  return text.substr(0, end).append(kCutOff);
}

/// The remedy in this provider's words, followed by the error's own hint.
std::string RemedyHint(const Error& error) {
  std::string text(RemedyWords(error.remedy));
  if (!error.hint.empty()) text.append(kBehindWords).append(error.hint);
  return text;
}

/// Null if the context cannot be had as it must be.
LibCtxPtr NewLibraryContext(const OSSL_CORE_HANDLE* handle, const OSSL_DISPATCH* in) {
  LibCtxPtr context(OSSL_LIB_CTX_new_from_dispatch(handle, in));
  if (context && !ObeyFips(context.get())) context.reset();
  return context;
}

}  // namespace

Core::Core(const OSSL_CORE_HANDLE* handle, const OSSL_DISPATCH* in, Linkage linkage)
    : handle_(handle),
      context_(NewLibraryContext(handle, in)),
      digest_context_(context_.get()),
      is_builtin_(linkage == Linkage::kBuiltin) {
  for (; in->function_id != 0; ++in) {
    switch (in->function_id) {
      case OSSL_FUNC_CORE_NEW_ERROR:
        new_error_ = OSSL_FUNC_core_new_error(in);
        break;
      case OSSL_FUNC_CORE_SET_ERROR_DEBUG:
        set_error_debug_ = OSSL_FUNC_core_set_error_debug(in);
        break;
      case OSSL_FUNC_CORE_VSET_ERROR:
        vset_error_ = OSSL_FUNC_core_vset_error(in);
        break;
      case OSSL_FUNC_CORE_GET_PARAMS:
        get_params_ = OSSL_FUNC_core_get_params(in);
        break;
      case OSSL_FUNC_BIO_READ_EX:
        bio_read_ex_ = OSSL_FUNC_BIO_read_ex(in);
        break;
      case OSSL_FUNC_CORE_GET_LIBCTX:
        if (is_builtin_) {
          digest_context_ = reinterpret_cast<OSSL_LIB_CTX*>(OSSL_FUNC_core_get_libctx(in)(handle));
        }
        break;
      default:
        break;
    }
  }
  assumes_fips_ = is_builtin_ || Setting("assume-fips") == "1";
}

void Core::Push(int reason, const std::string& text) const {
  if (new_error_ == nullptr || vset_error_ == nullptr) return;
  new_error_(handle_);
  if (set_error_debug_ != nullptr) set_error_debug_(handle_, "", 0, "");
  SetError(vset_error_, handle_, static_cast<std::uint32_t>(reason), "%s", Fitting(text).c_str());
}

void Core::Raise(const Error& error) const {
  Push(static_cast<int>(error.code), error.message);
  if (error.remedy != Remedy::kNone) {
    Push(kRemedyReason + static_cast<int>(error.remedy), RemedyHint(error));
  } else if (!error.hint.empty()) {
    Push(kHintReason, error.hint);
  }
  if (const auto wait = error.retry_after.count(); wait > 0) {
    Push(kRetryAfterReason, std::to_string(wait));
  }
}

Result<Secret> Core::ReadAll(OSSL_CORE_BIO* bio, std::size_t max_size) const {
  std::vector<char> buffer(max_size + 1);
  std::size_t total = 0;
  while (total < buffer.size()) {
    std::size_t count = 0;
    if (bio_read_ex_ == nullptr ||
        bio_read_ex_(bio, buffer.data() + total, buffer.size() - total, &count) != 1) {
      break;
    }
    total += count;
  }
  Secret contents = Secret::Take(std::span(buffer).first(total));
  if (total > max_size) return Fail(ErrorCode::kMalformed, "the key file is too long");
  return contents;
}

std::optional<std::string> Core::Setting(const char* name) const {
  if (get_params_ == nullptr) return std::nullopt;
  char* value = nullptr;
  std::array<OSSL_PARAM, 2> params = {OSSL_PARAM_construct_utf8_ptr(name, &value, 0),
                                      OSSL_PARAM_construct_end()};
  if (get_params_(handle_, params.data()) != 1 || value == nullptr) return std::nullopt;
  return std::string(value);
}

}  // namespace credmint::provider
