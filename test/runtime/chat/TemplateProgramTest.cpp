//===- TemplateProgramTest.cpp - damaged template programs ----------------===//
// SPDX-License-Identifier: Apache-2.0
//
// What lies in a program file may be damaged: opening refuses it, or running it is an error, never worse.
//===----------------------------------------------------------------------===//
#include "frontends/tokenizer/OfficialTemplate.h"
#include "test/runtime/chat/CompiledTemplate.h"

#include <gtest/gtest.h>
#include <random>

using namespace lapidary;

namespace {

const char *const conversation = R"([{"role":"system","content":"s"},{"role":"user","content":"u"},{"role":"assistant",
    "content":"a","tool_calls":[{"id":"1","function":{"name":"f","arguments":{"k":[1,"x"]}}}]},
    {"role":"tool","tool_call_id":"1","content":"r"}])";

TEST(TemplateProgram, IsRefusedWhenCutOff) {
  std::vector<char> block = *CompiledTemplate(officialTemplate).block;
  ASSERT_TRUE(lap_template_open(block.data(), block.size()));
  for (size_t bytes = 0; bytes < block.size(); bytes += 1 + bytes / 64) {
    EXPECT_FALSE(lap_template_open(block.data(), bytes)) << bytes;
  }
}

TEST(TemplateProgram, RefusesOtherVersionsAndForeignBlocks) {
  std::vector<char> block = *CompiledTemplate("x").block;
  for (size_t at : {0u, 7u, 8u}) {
    std::vector<char> other = block;
    ++other[at];
    EXPECT_FALSE(lap_template_open(other.data(), other.size())) << at;
  }
  EXPECT_FALSE(lap_template_open(nullptr, 0));
}

TEST(TemplateProgram, RefusesChildrenThatComeLater) {
  std::vector<char> block = *CompiledTemplate("{{ a + b }}").block;
  lap_template header;
  std::memcpy(&header, block.data(), sizeof header);
  ASSERT_GT(header.link_count, 0u);
  for (uint32_t i = 0; i < header.link_count; ++i) {
    std::vector<char> other = block;
    uint32_t self = header.node_count;
    std::memcpy(&other[header.links + i * 4], &self, 4);
    EXPECT_FALSE(lap_template_open(other.data(), other.size())) << i;
  }
}

TEST(TemplateProgram, NeverCrashesWhenDamaged) {
  std::mt19937 random(19);
  std::string every = officialTemplate;
  every += "{{ [3, 1] | sort | join(',') ~ 'a b'.split()[0] ~ {'a': 1} | tojson ~ (1 < 2 < 3) ~ messages | length }}"
           "{{ messages | map(attribute='role') | select('string') | list }}{% set a, b = 1, 2 %}{{ a if b else -a }}";
  std::vector<char> block = *CompiledTemplate(every).block;
  size_t opened = 0, rounds = 20000;
  for (size_t round = 0; round < rounds; ++round) {
    std::vector<char> other = block;
    for (int k = random() % 3; k >= 0; --k) {
      size_t at = sizeof(lap_template) + random() % (other.size() - sizeof(lap_template));
      other[at] = static_cast<char>(random() % 4 ? random() % 50 : random());
    }
    opened += !renderBlock(other, conversation, random() % 8).empty();
  }
  EXPECT_GT(opened, rounds / 20);
}

} // namespace
