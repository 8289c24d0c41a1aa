// SPDX-License-Identifier: Apache-2.0
#include "ossl/fips.h"

#include <fmt/format.h>
#include <openssl/bio.h>
#include <openssl/conf.h>
#include <openssl/provider.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>

#include "base/shown_value.h"
#include "ossl/error_queue.h"
#include "ossl/handles.h"

namespace credmint {
namespace {

using ConfPtr = Handle<CONF, NCONF_free>;

/// The statement of a configuration on FIPS.
struct FipsDemand {
  std::string file;
  std::string text = {};  ///< a configuration of FIPS alone; empty if nobody demands it
};

const char* ValueOf(const CONF* configuration, const char* section, const char* name) {
  const ErrorMark mark;  // a missing value is no error
  return NCONF_get_string(configuration, section, name);
}

/// Whether a property query, as in "fips = yes, provider != legacy", has the clause fips=yes.
bool DemandsFips(std::string_view query) {
  std::string clauses = ",";
  for (const char c : query) {
    if (isspace(static_cast<unsigned char>(c)) != 0) continue;
    clauses += static_cast<char>(tolower(static_cast<unsigned char>(c)));
  }
  clauses += ',';
  return clauses.find(",fips=yes,") != std::string::npos ||
         clauses.find(",fips,") != std::string::npos;
}

bool DemandsFips(const CONF* configuration, const char* start) {
  const char* algorithms = ValueOf(configuration, start, "alg_section");
  if (algorithms == nullptr) return false;
  const char* query = ValueOf(configuration, algorithms, "default_properties");
  const char* mode = ValueOf(configuration, algorithms, "fips_mode");
  constexpr std::string_view kTrue = "YyTt1";
  return (query != nullptr && DemandsFips(std::string_view(query))) ||
         (mode != nullptr && *mode != '\0' && kTrue.find(*mode) != std::string_view::npos);
}

/// A value as a configuration file has it: each character that may mean something is escaped.
std::string Escaped(const char* value) {
  std::string text;
  for (; *value != '\0'; ++value) {
    if (*value == '\n') continue;  // no value that can be used has one
    if (isalnum(static_cast<unsigned char>(*value)) == 0) text += '\\';
    text += *value;
  }
  return text;
}

/// The configuration of FIPS alone, with the settings that `section` has for its provider.
///
/// It prefers that provider, because `base` decodes a key file for any. Without a preference
/// OpenSSL takes the first by name that has the key's type, which would be one of ours.
std::string FipsAlone(const CONF* configuration, const char* section) {
  std::string text =
      "openssl_conf = start\n"
      "[start]\nproviders = both\nalg_section = algorithms\n"
      "[algorithms]\ndefault_properties = fips=yes,?provider=fips\n"
      "[both]\nfips = fips_settings\nbase = base_settings\n"
      "[base_settings]\nactivate = 1\n"
      "[fips_settings]\nactivate = 1\n";
  const STACK_OF(CONF_VALUE)* settings = NCONF_get_section(configuration, section);
  for (int i = 0; i < sk_CONF_VALUE_num(settings); ++i) {
    const CONF_VALUE* setting = sk_CONF_VALUE_value(settings, i);
    text += fmt::format("{} = {}\n", setting->name, Escaped(setting->value));
  }
  return text;
}

Error CannotBeHad(const std::string& file, std::string_view why) {
  return {ErrorCode::kUsage,
          fmt::format("{} demands FIPS, which cannot be had: {}", ShownPath(file), why),
          "let the file include the one that openssl fipsinstall writes"};
}

Result<FipsDemand> ReadDemand() {
  const OpensslTextPtr name(CONF_get1_default_config_file());
  if (!name) return Fail(ErrorCode::kInternal, "OpenSSL does not name its configuration");
  FipsDemand demand{name.get()};
  std::error_code unknown;
  if (demand.file.empty() || !std::filesystem::exists(demand.file, unknown)) return demand;
  const ConfPtr configuration(NCONF_new_ex(nullptr, nullptr));
  long line = 0;
  if (!configuration || NCONF_load(configuration.get(), demand.file.c_str(), &line) <= 0) {
    return Fail(TakeOpensslError(ErrorCode::kLocalIo)
                    .In(fmt::format("reading OpenSSL's configuration {}", ShownPath(demand.file))));
  }
  const char* start = ValueOf(configuration.get(), nullptr, "openssl_conf");
  if (start == nullptr || !DemandsFips(configuration.get(), start)) return demand;
  const char* providers = ValueOf(configuration.get(), start, "providers");
  const char* fips =
      providers != nullptr ? ValueOf(configuration.get(), providers, "fips") : nullptr;
  if (fips == nullptr) {
    return Fail(CannotBeHad(demand.file, "it has no settings for the provider fips"));
  }
  demand.text = FipsAlone(configuration.get(), fips);
  return demand;
}

const Result<FipsDemand>& DemandOfThisProcess() {
  static const Result<FipsDemand> kDemand = ReadDemand();
  return kDemand;
}

/// Whether the context has all that the configuration names.
bool Load(OSSL_LIB_CTX* context, const std::string& text) {
  const ConfPtr configuration(NCONF_new_ex(context, nullptr));
  const BioPtr bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
  long line = 0;
  return configuration && bio && NCONF_load_bio(configuration.get(), bio.get(), &line) > 0 &&
         CONF_modules_load(configuration.get(), nullptr, 0) > 0 &&
         OSSL_PROVIDER_available(context, "fips") == 1 &&
         OSSL_PROVIDER_available(context, "base") == 1;
}

}  // namespace

Result<bool> ObeyFips(OSSL_LIB_CTX* context) {
  const auto& demand = DemandOfThisProcess();
  if (!demand) return Fail(Error(demand.error()));
  if (demand->text.empty()) return false;
  ERR_clear_error();
  if (Load(context, demand->text)) return true;
  return Fail(CannotBeHad(demand->file, TakeOpensslError(ErrorCode::kUsage).message));
}

bool ObeysFips() {
  const auto& demand = DemandOfThisProcess();
  return demand && !demand->text.empty();
}

}  // namespace credmint
