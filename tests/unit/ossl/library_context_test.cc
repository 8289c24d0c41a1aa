// SPDX-License-Identifier: Apache-2.0
#include "ossl/library_context.h"

#include <gtest/gtest.h>
#include <openssl/core_dispatch.h>

#include <array>
#include <string>

namespace credmint {
namespace {

int provider_starts = 0;
int provider_ends = 0;

extern "C" {
static void TearDown(void* /*context*/) { ++provider_ends; }

static int StartProvider(const OSSL_CORE_HANDLE* /*handle*/, const OSSL_DISPATCH* /*in*/,
                         const OSSL_DISPATCH** out, void** context) {
  static const OSSL_DISPATCH kFunctions[] = {
      {OSSL_FUNC_PROVIDER_TEARDOWN, reinterpret_cast<void (*)()>(TearDown)}, {0, nullptr}};
  ++provider_starts;
  *out = kFunctions;
  *context = &provider_starts;
  return 1;
}

static int RefuseToStart(const OSSL_CORE_HANDLE* /*handle*/, const OSSL_DISPATCH* /*in*/,
                         const OSSL_DISPATCH** /*out*/, void** /*context*/) {
  return 0;
}
}

class LibraryContextTest : public testing::Test {
 protected:
  LibraryContextTest() { provider_starts = provider_ends = 0; }
};

TEST_F(LibraryContextTest, UnknownProviderOfTheUserIsAUsageError) {
  const std::array<std::string, 1> extra = {"credmint-no-such-provider"};
  const auto context = LibraryContext::Create({}, extra);
  ASSERT_FALSE(context.has_value());
  EXPECT_EQ(context.error().code, ErrorCode::kUsage);
  EXPECT_EQ(context.error().message,
            "the OpenSSL provider 'credmint-no-such-provider' cannot be loaded");
  EXPECT_EQ(ERR_peek_error(), 0UL);
}

TEST_F(LibraryContextTest, BuiltinProviderThatDoesNotStartIsADefect) {
  const std::array<BuiltinProvider, 1> builtin = {{{"test-refusing", RefuseToStart}}};
  const auto context = LibraryContext::Create(builtin);
  ASSERT_FALSE(context.has_value());
  EXPECT_EQ(context.error().code, ErrorCode::kInternal);
  EXPECT_EQ(context.error().message, "the OpenSSL provider 'test-refusing' cannot be loaded");
}

TEST_F(LibraryContextTest, TearsDownWhatItStartedBeforeTheFailure) {
  const std::array<BuiltinProvider, 2> builtin = {
      {{"test-starting", StartProvider}, {"test-refusing", RefuseToStart}}};
  EXPECT_FALSE(LibraryContext::Create(builtin).has_value());
  EXPECT_EQ(provider_starts, 1);
  EXPECT_EQ(provider_ends, 1);
}

TEST_F(LibraryContextTest, HasTheDefaultProviderOnly) {
  const auto context = LibraryContext::Create({});
  ASSERT_TRUE(context.has_value());
  EXPECT_EQ(OSSL_PROVIDER_available(context->get(), "default"), 1);
  EXPECT_EQ(OSSL_PROVIDER_available(context->get(), "base"), 0);
  EXPECT_EQ(OSSL_PROVIDER_available(context->get(), "legacy"), 0);
}

TEST_F(LibraryContextTest, LoadsBuiltinProvidersAndThoseTheUserNames) {
  const std::array<BuiltinProvider, 1> builtin = {{{"test-starting", StartProvider}}};
  const std::array<std::string, 1> extra = {"base"};
  const auto context = LibraryContext::Create(builtin, extra);
  ASSERT_TRUE(context.has_value()) << context.error().message;
  EXPECT_EQ(OSSL_PROVIDER_available(context->get(), "test-starting"), 1);
  EXPECT_EQ(OSSL_PROVIDER_available(context->get(), "base"), 1);
}

TEST_F(LibraryContextTest, LeavesTheProcessesGlobalContextAlone) {
  const std::array<BuiltinProvider, 1> builtin = {{{"test-starting", StartProvider}}};
  const auto context = LibraryContext::Create(builtin);
  ASSERT_TRUE(context.has_value());
  EXPECT_NE(context->get(), OSSL_LIB_CTX_get0_global_default());
  EXPECT_EQ(OSSL_PROVIDER_available(nullptr, "test-starting"), 0);
}

TEST_F(LibraryContextTest, TearsItsProvidersDownOnceAndOnlyAtTheEnd) {
  const std::array<BuiltinProvider, 1> builtin = {{{"test-starting", StartProvider}}};
  {
    auto context = LibraryContext::Create(builtin);
    ASSERT_TRUE(context.has_value());
    const LibraryContext moved = *std::move(context);
    EXPECT_EQ(provider_ends, 0);
  }
  EXPECT_EQ(provider_starts, 1);
  EXPECT_EQ(provider_ends, 1);
}

}  // namespace
}  // namespace credmint
