// SPDX-License-Identifier: Apache-2.0
// Prints facts of the source code as JSON: exit statuses, limits of the server, and the parameters
// and settings of the providers. Tests compare the documents with them. No quick run of the program
// shows these facts.

#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/params.h>

#include <algorithm>
#include <array>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/error_name.h"
#include "builtin.h"
#include "cli/output/exit_status.h"
#include "credmint_version.h"
#include "serve/transport/http_server.h"
#include "serve/transport/open_connections.h"

#ifdef CREDMINT_HAVE_PKCS11
#include "pkcs11/slot.h"
#include "pkcs11/uri.h"
#endif

namespace {

using nlohmann::json;

/// The settings that a provider has requested.
std::vector<std::string> asked;

/// Acts as OpenSSL with an openssl.cnf that has every setting, each naming a file that is missing.
int AnswerSettings(const OSSL_CORE_HANDLE* /*handle*/, OSSL_PARAM params[]) {
  static char nowhere[] = "/nonexistent";
  for (OSSL_PARAM* param = params; param->key != nullptr; ++param) {
    asked.emplace_back(param->key);
    OSSL_PARAM_set_utf8_ptr(param, nowhere);
  }
  return 1;
}

template <typename Function>
Function* Find(const OSSL_DISPATCH* table, int id) {
  while (table->function_id != 0 && table->function_id != id) ++table;
  return reinterpret_cast<Function*>(table->function);
}

json NamesOf(const OSSL_PARAM* params) {
  json names = json::array();
  for (; params->key != nullptr; ++params) names.push_back(params->key);
  return names;
}

int Ignore(const OSSL_PARAM /*params*/[], void* /*argument*/) { return 1; }

/// Lists a store's parameters. It also tries to load a URI, which fails, so that the provider
/// requests its settings.
json DescribeStore(const OSSL_ALGORITHM& store, void* provider, const std::string& rest) {
  const OSSL_DISPATCH* table = store.implementation;
  auto* const open = Find<OSSL_FUNC_store_open_fn>(table, OSSL_FUNC_STORE_OPEN);
  if (void* loader = open(provider, (store.algorithm_names + rest).c_str()); loader != nullptr) {
    Find<OSSL_FUNC_store_load_fn>(table, OSSL_FUNC_STORE_LOAD)(loader, Ignore, nullptr, nullptr,
                                                               nullptr);
    Find<OSSL_FUNC_store_close_fn>(table, OSSL_FUNC_STORE_CLOSE)(loader);
  }
  return NamesOf(Find<OSSL_FUNC_store_settable_ctx_params_fn>(
      table, OSSL_FUNC_STORE_SETTABLE_CTX_PARAMS)(provider));
}

/// `rest` is the part of a URI after its scheme.
json DescribeProvider(OSSL_provider_init_fn* init, const std::string& rest) {
  const OSSL_DISPATCH core[] = {
      {OSSL_FUNC_CORE_GET_PARAMS, reinterpret_cast<void (*)()>(AnswerSettings)}, {0, nullptr}};
  const OSSL_DISPATCH* functions = nullptr;
  void* provider = nullptr;
  asked.clear();
  if (init(nullptr, core, &functions, &provider) != 1) return {};
  int no_cache = 0;
  json parameters;
  auto* const query =
      Find<OSSL_FUNC_provider_query_operation_fn>(functions, OSSL_FUNC_PROVIDER_QUERY_OPERATION);
  for (const OSSL_ALGORITHM* store = query(provider, OSSL_OP_STORE, &no_cache);
       store->algorithm_names != nullptr; ++store) {
    parameters[store->algorithm_names] = DescribeStore(*store, provider, rest);
  }
  Find<OSSL_FUNC_provider_teardown_fn>(functions, OSSL_FUNC_PROVIDER_TEARDOWN)(provider);
  std::sort(asked.begin(), asked.end());
  asked.erase(std::unique(asked.begin(), asked.end()), asked.end());
  return {{"parameters of the stores", parameters}, {"settings", asked}};
}

json DescribeServer() {
  const credmint::serve::HttpServerOptions options;
  return {{"connections", options.max_connections},
          {"seconds for a request", options.patience.count()},
          {"seconds for a connection", options.longest_life.count()},
          {"parts of the room", credmint::serve::OpenConnections::kStrangersPart}};
}

/// The exit status of each error code, by the code's name.
std::map<std::string, int> DescribeErrors() {
  std::map<std::string, int> errors;
  for (int number = 1; number <= static_cast<int>(credmint::kLastErrorCode); ++number) {
    const auto code = static_cast<credmint::ErrorCode>(number);
    errors.emplace(credmint::NameOf(code), static_cast<int>(credmint::cli::ExitStatusOf(code)));
  }
  return errors;
}

/// The exit statuses of all error codes.
std::set<int> FailureStatuses() {
  std::set<int> statuses;
  for (const auto& [name, status] : DescribeErrors()) statuses.insert(status);
  return statuses;
}

}  // namespace

int main() {
  json facts = {{"exit statuses of failures", FailureStatuses()},
                {"error codes", DescribeErrors()},
                {"server", DescribeServer()}};
#ifdef CREDMINT_HAVE_PKCS11
  using credmint::pkcs11::Uri;
  facts["credmint-pkcs11"] = DescribeProvider(credmint_pkcs11_module_init, ":");
  facts["sessions with a token"] = credmint::pkcs11::Slot::kMostSessions;
  facts["attributes of pkcs11:"] = {{"path", Uri::PathAttributes()},
                                    {"query", Uri::QueryAttributes()}};
#endif
#ifdef CREDMINT_HAVE_TPM2
  facts["credmint-tpm2"] = DescribeProvider(credmint_tpm2_module_init, ":0x81000001");
#endif
  std::cout << facts << '\n';
}
