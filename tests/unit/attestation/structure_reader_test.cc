// SPDX-License-Identifier: Apache-2.0
#include "attestation/structure_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace credmint {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(StructureReaderTest, NumbersAreBigEndian) {
  const Bytes input = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  StructureReader reader(input);
  EXPECT_EQ(reader.Byte(), 0x01);
  EXPECT_EQ(reader.Short(), 0x0203);
  EXPECT_EQ(reader.Long(), 0x04050607U);
  EXPECT_EQ(reader.LongLong(), 0x08090a0b0c0d0e0fU);
  EXPECT_TRUE(reader.IsComplete());
}

TEST(StructureReaderTest, SizedBytesFollowTheirSize) {
  const Bytes input = {0, 2, 7, 8, 0, 0, 9};
  StructureReader reader(input);
  EXPECT_THAT(reader.Sized(), ElementsAre(7, 8));
  EXPECT_THAT(reader.Sized(), IsEmpty());
  EXPECT_TRUE(reader.ok());
  EXPECT_FALSE(reader.IsComplete()) << "a byte is left";
  EXPECT_EQ(reader.Byte(), 9);
  EXPECT_TRUE(reader.IsComplete());
}

TEST(StructureReaderTest, NothingIsReadBehindTheFirstGap) {
  for (const Bytes& input : {Bytes{0, 3, 1, 2}, Bytes{0xff, 0xff, 1}, Bytes{0}, Bytes()}) {
    StructureReader reader(input);
    EXPECT_THAT(reader.Sized(), IsEmpty());
    EXPECT_FALSE(reader.ok());
    EXPECT_EQ(reader.Byte(), 0) << "although a byte is left";
    EXPECT_FALSE(reader.IsComplete());
  }
}

TEST(StructureReaderTest, ARejectedInputIsNotComplete) {
  StructureReader reader({});
  EXPECT_TRUE(reader.IsComplete());
  reader.Reject();
  EXPECT_FALSE(reader.IsComplete());
}

TEST(StructureReaderTest, WhatIsAppendedIsReadAgain) {
  const Bytes value(0x0102, 7);
  Bytes bytes;
  AppendSized(bytes, value);
  EXPECT_EQ(bytes.size(), value.size() + 2);
  StructureReader reader(bytes);
  EXPECT_EQ(reader.Short(), 0x0102);
  EXPECT_THAT(reader.Take(value.size()), testing::ElementsAreArray(value));
}

}  // namespace
}  // namespace credmint
