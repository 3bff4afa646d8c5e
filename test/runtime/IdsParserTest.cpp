//===- IdsParserTest.cpp - token ids as people write them -----------------===//
// SPDX-License-Identifier: Apache-2.0
//
// For the commands that read ids from a file.
//===----------------------------------------------------------------------===//
#include "runtime/src/cli/Input.h"

#include <gtest/gtest.h>
#include <string>
#include <vector>

using namespace lap;

TEST(IdsParser, AcceptsWhiteSpaceAndCommas) {
  IdList list;
  std::string text = " 1,2\n3\t4 ,, 259\r\n";
  ASSERT_EQ(parseIds(text.data(), text.size(), 260, &list, nullptr), LAP_OK);
  EXPECT_EQ(std::vector<int32_t>(list.ids, list.ids + list.count), (std::vector<int32_t>{1, 2, 3, 4, 259}));
  free(list.ids);
}

TEST(IdsParser, NamesThePositionOfAMistake) {
  for (const char *wrong : {"260", "-1", "1.5", "abc", "99999999999999999999999", "0x3", "+1", "3;4"}) {
    IdList list;
    lap_error error{};
    std::string text = std::string("7 8,") + wrong;
    EXPECT_EQ(parseIds(text.data(), text.size(), 260, &list, &error), LAP_INVALID_ARGUMENT) << wrong;
    EXPECT_NE(std::string(error.message).find("token 2, at byte 4"), std::string::npos) << error.message;
    EXPECT_NE(std::string(error.message).find("expected 0..259"), std::string::npos) << error.message;
  }
}
