// SPDX-License-Identifier: Apache-2.0
#include "common/store_loader.h"

#include <gtest/gtest.h>
#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/core_object.h>
#include <openssl/err.h>
#include <openssl/params.h>
#include <openssl/store.h>

#include <functional>
#include <new>
#include <optional>

#include "common/params.h"
#include "common/provider.h"

namespace credmint::provider {
namespace {

constexpr const char* kParam = "test-param";

/// The errors in the application's queue.
std::vector<std::uint32_t> raised;

void BeginNoError(const OSSL_CORE_HANDLE* /*handle*/) {}

void NoteError(const OSSL_CORE_HANDLE* /*handle*/, std::uint32_t reason, const char* /*format*/,
               va_list /*arguments*/) {
  raised.push_back(reason);
}

const OSSL_DISPATCH kCore[] = {
    {OSSL_FUNC_CORE_NEW_ERROR, reinterpret_cast<void (*)()>(BeginNoError)},
    {OSSL_FUNC_CORE_VSET_ERROR, reinterpret_cast<void (*)()>(NoteError)},
    kEnd};

class TestProvider : public ProviderContext {
 public:
  using ProviderContext::ProviderContext;
  [[nodiscard]] const char* description() const override { return "a provider for tests"; }
};

/// Finds the objects that a test sets, and counts the searches.
class TestLoader final : public StoreLoader {
 public:
  using Finder = std::function<Result<StoreObjects>()>;

  TestLoader(const ProviderContext& provider, Finder find)
      : StoreLoader(provider), find_(std::move(find)) {}

  int looked = 0;
  std::string parameter;
  int expected_at_last = 0;

 private:
  Result<void> Set(const OSSL_PARAM params[]) override {
    if (auto text = TextParam(params, kParam)) parameter = *std::move(text);
    return {};
  }

  Result<StoreObjects> Find(const PassphraseCallback& /*passphrase*/) override {
    ++looked;
    expected_at_last = expected();
    return find_();
  }

  Finder find_;
};

int Note(const OSSL_PARAM params[], void* seen) {
  int type = 0;
  OSSL_PARAM_get_int(OSSL_PARAM_locate_const(params, OSSL_OBJECT_PARAM_TYPE), &type);
  static_cast<std::vector<int>*>(seen)->push_back(type);
  return 1;
}

class StoreLoaderTest : public testing::Test {
 protected:
  StoreLoaderTest() { raised.clear(); }

  template <typename Function>
  Function* Callback(int id) {
    for (const OSSL_DISPATCH& row : table_) {
      if (row.function_id == id) return reinterpret_cast<Function*>(row.function);
    }
    return nullptr;
  }

  int Load() {
    return Callback<OSSL_FUNC_store_load_fn>(OSSL_FUNC_STORE_LOAD)(context_, Note, &seen_, nullptr,
                                                                   nullptr);
  }

  bool IsAtEnd() { return Callback<OSSL_FUNC_store_eof_fn>(OSSL_FUNC_STORE_EOF)(context_) != 0; }

  int SetParams(const OSSL_PARAM params[]) {
    return Callback<OSSL_FUNC_store_set_ctx_params_fn>(OSSL_FUNC_STORE_SET_CTX_PARAMS)(context_,
                                                                                       params);
  }

  void Finds(TestLoader::Finder find) {
    context_ = OpenStore(provider_, [&]() -> Result<std::unique_ptr<TestLoader>> {
      auto loader = std::make_unique<TestLoader>(provider_, std::move(find));
      loader_ = loader.get();
      return loader;
    });
  }

  void TearDown() override {
    if (context_ == nullptr) return;
    Callback<OSSL_FUNC_store_close_fn>(OSSL_FUNC_STORE_CLOSE)(context_);
  }

  TestProvider provider_{nullptr, kCore, Linkage::kModule};
  std::array<OSSL_DISPATCH, 8> table_ = StoreTable(nullptr, nullptr);
  void* context_ = nullptr;
  TestLoader* loader_ = nullptr;
  std::vector<int> seen_;
};

StoreObjects OneOfEach() {
  StoreObjects objects;
  objects.keys.push_back(std::make_unique<Key>());
  objects.certificates.push_back({0x30, 0x00});
  objects.inventory.push_back({"uri", "{}"});
  return objects;
}

TEST_F(StoreLoaderTest, HandsOutKeysThenCertificatesThenNames) {
  Finds([] { return OneOfEach(); });
  EXPECT_FALSE(IsAtEnd());
  for (int i = 0; i < 3; ++i) {
    EXPECT_FALSE(IsAtEnd());
    EXPECT_EQ(Load(), 1);
  }
  EXPECT_TRUE(IsAtEnd());
  EXPECT_EQ(Load(), 1);
  EXPECT_EQ(seen_, (std::vector<int>{OSSL_OBJECT_PKEY, OSSL_OBJECT_CERT, OSSL_OBJECT_NAME}));
  EXPECT_EQ(loader_->looked, 1);
  EXPECT_TRUE(raised.empty());
}

TEST_F(StoreLoaderTest, NothingIsTheEndWithoutAnError) {
  Finds([] { return StoreObjects(); });
  EXPECT_EQ(Load(), 1);
  EXPECT_TRUE(IsAtEnd());
  EXPECT_TRUE(seen_.empty());
  EXPECT_TRUE(raised.empty());
}

TEST_F(StoreLoaderTest, AFailureIsTheEnd) {
  Finds([]() -> Result<StoreObjects> { return Fail(ErrorCode::kDevice, "the device is gone"); });
  EXPECT_EQ(Load(), 0);
  EXPECT_TRUE(IsAtEnd());
  EXPECT_EQ(raised, (std::vector<std::uint32_t>{static_cast<std::uint32_t>(ErrorCode::kDevice)}));
  EXPECT_EQ(Load(), 1);
  EXPECT_EQ(loader_->looked, 1) << "a PIN could be sent again";
}

TEST_F(StoreLoaderTest, AnExceptionIsAnErrorAndTheEnd) {
  Finds([]() -> Result<StoreObjects> { throw std::bad_alloc(); });
  EXPECT_EQ(Load(), 0);
  EXPECT_TRUE(IsAtEnd());
  EXPECT_EQ(raised.size(), 1U);
  EXPECT_EQ(Load(), 1);
  EXPECT_EQ(loader_->looked, 1);
}

TEST_F(StoreLoaderTest, ParametersComeInParts) {
  Finds([] { return StoreObjects(); });
  char text[] = "text";
  const OSSL_PARAM own[] = {OSSL_PARAM_construct_utf8_string(kParam, text, 0), OSSL_PARAM_END};
  EXPECT_EQ(SetParams(own), 1);
  int type = OSSL_STORE_INFO_CERT;
  const OSSL_PARAM expected[] = {OSSL_PARAM_construct_int(OSSL_STORE_PARAM_EXPECT, &type),
                                 OSSL_PARAM_END};
  EXPECT_EQ(SetParams(expected), 1);
  Load();
  EXPECT_EQ(loader_->parameter, "text");
  EXPECT_EQ(loader_->expected_at_last, OSSL_STORE_INFO_CERT);
}

TEST_F(StoreLoaderTest, AnExpectationThatIsNoNumberIsRefused) {
  Finds([] { return StoreObjects(); });
  char text[] = "text";
  const OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_STORE_PARAM_EXPECT, text, 0),
                               OSSL_PARAM_END};
  EXPECT_EQ(SetParams(params), 0);
  ERR_clear_error();
}

TEST_F(StoreLoaderTest, WhatCannotBeOpenedIsAnError) {
  context_ = OpenStore(provider_, []() -> Result<std::unique_ptr<TestLoader>> {
    return Fail(ErrorCode::kMalformed, "no URI");
  });
  EXPECT_EQ(context_, nullptr);
  EXPECT_EQ(raised.size(), 1U);
}

TEST(StoreTableTest, HasAttachOnlyWhereItIsGiven) {
  const auto has_attach = [](const auto& table) {
    return std::any_of(table.begin(), table.end(), [](const OSSL_DISPATCH& row) {
      return row.function_id == OSSL_FUNC_STORE_ATTACH;
    });
  };
  EXPECT_FALSE(has_attach(StoreTable(nullptr, nullptr)));
  const StoreAttach attach = [](void*, OSSL_CORE_BIO*) noexcept -> void* { return nullptr; };
  const auto table = StoreTable(nullptr, nullptr, attach);
  EXPECT_TRUE(has_attach(table));
  EXPECT_EQ(table.back().function_id, 0);
}

/// A provider whose construction fails for lack of memory.
class GreedyProvider final : public TestProvider {
 public:
  GreedyProvider(const OSSL_CORE_HANDLE* handle, const OSSL_DISPATCH* in, Linkage linkage)
      : TestProvider(handle, in, linkage) {
    throw std::bad_alloc();
  }
};

const OSSL_ALGORITHM* NoAlgorithms(void* /*context*/, int /*operation*/,
                                   int* /*no_cache*/) noexcept {
  return nullptr;
}

TEST(InitProviderTest, GivesATableAndAContext) {
  const OSSL_DISPATCH* table = nullptr;
  void* context = nullptr;
  const auto init = InitProvider<TestProvider, NoAlgorithms>;
  ASSERT_EQ(init(nullptr, kCore, &table, &context, Linkage::kModule), 1);
  ASSERT_NE(table, nullptr);
  Teardown(context);
}

TEST(InitProviderTest, NoExceptionLeavesIt) {
  const OSSL_DISPATCH* table = nullptr;
  void* context = nullptr;
  const auto init = InitProvider<GreedyProvider, NoAlgorithms>;
  EXPECT_EQ(init(nullptr, kCore, &table, &context, Linkage::kModule), 0);
  EXPECT_EQ(table, nullptr);
  EXPECT_EQ(context, nullptr);
}

}  // namespace
}  // namespace credmint::provider
