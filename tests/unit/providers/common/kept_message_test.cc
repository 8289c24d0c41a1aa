// SPDX-License-Identifier: Apache-2.0
#include "common/kept_message.h"

#include <gtest/gtest.h>

namespace credmint::provider {
namespace {

TEST(KeptMessageTest, IsGivenUpBeyondItsBound) {
  KeptMessage message;
  message.Append(Bytes(65536, 1));
  EXPECT_TRUE(message.View());
  message.Append(Bytes(1, 2));
  EXPECT_FALSE(message.View());
  message.Append(Bytes(1, 3));
  EXPECT_FALSE(message.View()) << "its beginning is gone";
}

TEST(KeptMessageTest, IsThePartsInTheirOrder) {
  KeptMessage message;
  ASSERT_TRUE(message.View());
  EXPECT_TRUE(message.View()->empty());
  message.Append(Bytes{1, 2});
  message.Append({});
  message.Append(Bytes{3});
  ASSERT_TRUE(message.View());
  EXPECT_EQ(Bytes(message.View()->begin(), message.View()->end()), (Bytes{1, 2, 3}));
}

}  // namespace
}  // namespace credmint::provider
