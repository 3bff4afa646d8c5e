//===- JinjaTest.cpp - templates that are refused -------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// What templates mean is held by RenderTest; here is what the compiler says about those it does not take, and where.
//===----------------------------------------------------------------------===//
#include "frontends/tokenizer/JinjaParser.h"

#include <gtest/gtest.h>

using namespace lapidary::jinja;

namespace {

/// The error of a template and the text at its place, "message @ text"; "" when it compiles.
std::string errorOf(const std::string &source) {
  TemplateError error;
  if (compileTemplate(source, {}, 0, error)) {
    return "";
  }
  EXPECT_LE(error.at, source.size()) << source;
  return error.message + " @ " + source.substr(std::min(error.at, source.size()), 8) +
         (error.help.empty() ? "" : " ! " + error.help);
}

TEST(Jinja, SaysWhatIsNotSupportedAndWhere) {
  const std::pair<const char *, const char *> cases[] = {
      {"a {% include 'x' %}", "the tag 'include' is not supported @ include "},
      {"{% fro x in y %}", "the tag 'fro' is not supported @ fro x in ! did you mean 'for'?"},
      {"{{ s | uper }}", "the filter 'uper' is not known @ uper }} ! did you mean 'upper'?"},
      {"{{ s is strng }}", "the test 'strng' is not known @ strng }} ! did you mean 'string'?"},
      {"{{ s.splt(',') }}", "the method 'splt' is not known @ .splt(', ! did you mean 'split'?"},
      {"{{ rang(3) }}", "the function 'rang' is not known @ rang(3)  ! did you mean 'range'?"},
      {"{{ s | replace('a') }}", "'replace' needs an argument 'new' @ replace("},
      {"{{ s | trim(1, 2) }}", "'trim' takes 1 arguments, 2 are given @ trim(1, "},
      {"{{ s | indent(widht=3) }}", "'indent' takes no argument 'widht' @ indent(w ! did you mean 'width'?"},
      {"{{ s | map(x) }}", "map needs the name of a filter as a text @ map(x) }"},
      {"{{ f()() }}", "only macros, functions and methods can be called, by their name @ () }}"},
      {"{% break %}", "'break' outside a loop @ break %}"},
      {"{% for x in y recursive %}{% endfor %}", "recursive loops are not supported @ recursiv"},
      {"{% if n %}x", "'endif' is missing @ x ! close the tag that ends before here"},
      {"{{ '\\u12' }}", "a string escape needs 4 hexadecimal digits @ u12' }}"},
      {"{{ 9999999999999999999 }}", "a number is too large @ 99999999"},
      {"{{ s", "a tag is not closed @ "},
      {"{# x", "a comment is not closed @ "},
      {"{{ 's }}", "a string is not closed @ 's }}"},
      {"{% raw %}x", "{% raw %} is not closed @ x ! close it with {% endraw %}"},
      {"{{ ( }}", "a tag is not closed @  ( }}"},
      {"{{ l[,] }}", "expected a value @ ,] }}"},
      {"{{ l[] }}", "expected an index @ }}"},
      {"{{ }}", "expected a value @ }}"},
      {"{{ ! }}", "unexpected character '!' @ ! }}"},
      {"{% endif %}", "the tag 'endif' is not supported @ endif %}"},
      {"{% set %}", "expected a name @ %}"},
      {"{% macro f(1) %}", "expected a name @ 1) %}"},
      {"{{ f(a=1, 2) }}", "an argument without a name behind one with a name @ 2) }}"},
  };
  for (const auto &[source, expected] : cases) {
    std::string text = errorOf(source);
    EXPECT_EQ(text.rfind(expected, 0), 0u) << source << " gave " << text;
  }
}

TEST(Jinja, KnowsMacrosBeforeTheyAreDefined) {
  EXPECT_EQ(errorOf("{% macro a() %}{{ b() }}{% endmacro %}{% macro b() %}{% endmacro %}{{ a() }}"), "");
}

TEST(Jinja, TakesOddTextAsText) {
  for (const char *source : {"{", "a { b", "}}", "%}", "", "\n", "#}"}) {
    EXPECT_EQ(errorOf(source), "") << source;
  }
}

TEST(Jinja, IsBoundedOnHostileTemplates) {
  std::string chain = "{{ s", nested, members = "{{ s", sums = "{{ 1";
  for (int i = 0; i < 50000; ++i) {
    chain += " | trim";
    nested += "{% if n %}";
    members += ".x";
  }
  for (const std::string &source : {"{{ " + std::string(50000, '(') + " }}", chain + " }}", nested, members + " }}",
                                    "{{ " + std::string(50000, '-') + "1 }}", "{{ " + std::string(50000, '[') + " }}",
                                    "{{ not " + std::string(100, ' ') + std::string(20000, '!')}) {
    EXPECT_NE(errorOf(source), "") << source.substr(0, 60);
  }
}

} // namespace
