//===- JinjaTest.cpp - the template language -----------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Each template with what Jinja 3.1 prints for it (trim_blocks and lstrip_blocks on), and templates that must be
// refused without harm.
//===----------------------------------------------------------------------===//
#include "frontends/tokenizer/JinjaAst.h"

#include <gtest/gtest.h>
#include <random>

using namespace lapidary::jinja;

namespace {

Value variables() {
  return Value::mapOf({{"n", Value::integerOf(3)},
                       {"s", Value::string(" Text ")},
                       {"l", Value::listOf({Value::string("x"), Value::string("y"), Value::integerOf(2)})},
                       {"m", Value::mapOf({{"b", Value::integerOf(1)}, {"A", Value::string("v")}})},
                       {"nothing", Value::none()}});
}

/// What the template prints, or "error: ...".
std::string print(const std::string &source) {
  std::string error;
  std::optional<Template> parsed = parseTemplate(source, error);
  std::optional<std::string> text = parsed ? render(*parsed, variables(), error) : std::nullopt;
  return text ? *text : "error: " + error;
}

TEST(Jinja, PrintsWhatJinjaPrints) {
  const std::pair<const char *, const char *> cases[] = {
      {"plain\n", "plain"},
      {"plain\n\n", "plain\n"},
      {"{{ s }}|{{ n }}|{{ missing }}|{{ true }}{{ none }}", " Text |3||TrueNone"},
      {"a {{- s -}} b", "a Text b"},
      {"a\n  {% if n %}\n  b\n  {% endif %}\nc", "a\n  b\nc"},
      {"a\n  {%- if n -%}\n  b\n  {%- endif -%}\nc", "abc"},
      {"a  {% if n %} b {% endif %} c", "a   b  c"},
      {"a\n  {%+ if n +%}\n b{% endif %}", "a\n  \n b"},
      {"a\n  {# note #}\nb {#- x -#} c", "a\nbc"},
      {"{{ '{{' }}{{ \"%}\" }}{{ 'a\\n\\t\\'b' }}", "{{%}a\n\t'b"},
      {"{% for x in l %}{{ loop.index0 }}{{ x }}{% if not loop.last %},{% endif %}{% endfor %}", "0x,1y,22"},
      {"{% for x in l if x is string %}{{ x }}{{ loop.length }}{% else %}none{% endfor %}", "x2y2"},
      {"{% for x in [] %}{{ x }}{% else %}none{% endfor %}", "none"},
      {"{% for k, v in m | dictsort %}{{ k }}={{ v }};{% endfor %}", "A=v;b=1;"},
      {"{% for k, v in m.items() %}{{ k }}={{ v }};{% endfor %}", "b=1;A=v;"},
      {"{% set x = 1 %}{% for y in l %}{% set x = 2 %}{% endfor %}{{ x }}", "1"},
      {"{% set ns = namespace(x=1) %}{% for y in l %}{% set ns.x = ns.x + 1 %}{% endfor %}{{ ns.x }}", "4"},
      {"{% macro f(a, b='z') %}[{{ a }}{{ b }}{{ n }}]{% endmacro %}{{ f(1) }}{{ f(1, b=2) }}{{ f(b=3, a=4) }}",
       "[1z3][123][433]"},
      {"{{ 1 + 2 - 4 }} {{ -n }} {{ 7 % 4 }} {{ 'a' ~ 1 }} {{ 'a' + 'b' }}", "-1 -3 3 a1 ab"},
      {"{{ n == 3 }} {{ n != 3 }} {{ n < 4 }} {{ n >= 4 }} {{ 'x' in l }} {{ 'z' not in l }} {{ 'ex' in s }} {{ 'b' in "
       "m }}",
       "True False True False True True True True"},
      {"{{ not n == 3 }} {{ not not n }} {{ n and s }} {{ 0 or 'd' }} {{ none or 'e' }}", "False True  Text  d e"},
      {"{{ 'a' if n == 3 else 'b' }}{{ 'a' if n == 4 }}{{ 'a' if false else 'b' if false else 'c' }}", "ac"},
      {"{{ l[0] }}{{ l[-1] }}{{ m['A'] }}{{ m.A }}{{ l[9] }}{{ m['zz'] }}{{ m.get('zz', 5) }}{{ m.get('zz') }}",
       "x2vv5None"},
      {"{{ l[1:] | length }}{{ l[:1] | length }}{{ l[-1:][0] }}{{ 'abc'[1:] }}", "212bc"},
      {"{{ s | trim | upper | lower }}{{ l | first }}{{ l | last }}{{ missing | default('d') }}{{ '' | default('d', "
       "true) }}",
       "textx2dd"},
      {"{{ not missing | default(false) }} {{ 'a' + 'b' | upper }}", "True aB"},
      {"{{ missing is defined }} {{ n is defined }} {{ n is not defined }} {{ nothing is none }} {{ m is mapping }} "
       "{{ l is sequence }} {{ true is boolean }} {{ n is boolean }}",
       "False True False True True True True False"},
      {"{{ 'a,b'.split(',')[1] }}{{ ' x '.strip() }}{{ 'abc'.startswith('ab') }}{{ 'abc'.endswith('ab') }}{{ "
       "'aa'.replace('a','b') }}",
       "bxTrueFalsebb"},
      {"{% for i in range(3) %}{{ i }}{% endfor %}{% for i in range(2, -1, -1) %}{{ i }}{% endfor %}", "012210"},
      {"{{ ['a', 'b'] | map('upper') | list | length }}", "2"},
      {"{% generation %}x{% endgeneration %}", "x"},
  };
  for (const auto &[source, expected] : cases) {
    EXPECT_EQ(print(source), expected) << source;
  }
}

TEST(Jinja, RefusesWhatItDoesNotKnow) {
  for (const char *source : {"{% include 'x' %}", "{{ s | frobnicate }}", "{{ s is odd }}", "{{ strftime_now('%Y') }}",
                             "{{ s.format() }}", "{{ l }}", "{{ missing.x }}", "{{ missing['x'] }}", "{{ 1 + 'a' }}",
                             "{{ 'a' < 'b' }}", "{{ '\\x41' }}", "{{ 99999999999 }}", "{{ raise_exception('no') }}",
                             "{% break %}", "{% set ns = namespace() %}{% set ns.x = ns %}", "{{ 5 % 0 }}", "{{ 1.5 }}",
                             "{% for a, b in l %}{% endfor %}", "{% set n.x = 1 %}"}) {
    EXPECT_EQ(print(source).rfind("error: ", 0), 0u) << source;
  }
}

TEST(Jinja, NamesTheLineOfASyntaxError) {
  EXPECT_EQ(print("a\n\n{{ 1 + }}").rfind("error: line 3", 0), 0u);
  for (const char *source :
       {"{{ s", "{% if n %}", "{% endif %}", "{# x", "{{ 's }}", "{{ ( }}", "{{ l[ }}", "{% for %}", "{{ }}",
        "{% macro f( %}", "{{ ! }}", "{", "{%", "{{", "{{-", "{%-%}", "{# -", "{#"}) {
    std::string text = print(source);
    EXPECT_TRUE(text.rfind("error: line", 0) == 0 || text == source) << source << " gave " << text;
  }
}

TEST(Jinja, IsBoundedOnHostileTemplates) {
  std::string deep(50000, '('), chain = "{{ s", body, nested;
  for (int i = 0; i < 50000; ++i) {
    chain += " | trim";
    nested += "{% if n %}";
  }
  for (const std::string &source :
       {"{{ " + deep + " }}", chain + " }}", nested, "{{ " + std::string(50000, '-') + "1 }}",
        std::string("{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}"),
        std::string("{% for a in range(99999) %}{% for b in range(99999) %}{{ a }}{% endfor %}{% endfor %}"),
        std::string("{% set ns = namespace(x='aaaaaaaa') %}{% for a in range(99) %}{% set ns.x = ns.x + ns.x %}{% "
                    "endfor %}")}) {
    EXPECT_EQ(print(source).rfind("error: ", 0), 0u) << source.substr(0, 60);
  }
}

TEST(Jinja, NeverCrashesOnDamagedTemplates) {
  unsigned seed = 17;
  std::mt19937 random(seed);
  const std::string good =
      "{%- macro f(a) -%}{{ a | trim }}{%- endmacro -%}{% for x in l %}{{ f(x) if loop.first else m['A'] }}"
      "{%- endfor %}{% set ns = namespace(q=1) %}{% set ns.q = ns.q + 1 %}{{ s.split('e')[0] ~ n }}";
  const std::string letters = "{}%#-'\"()[]|.,:=+~ nsmlx01\\if";
  for (int round = 0; round < 20000; ++round) {
    std::string source = good;
    for (int k = random() % 4; k >= 0; --k) {
      size_t at = random() % source.size();
      if (random() % 2) {
        source[at] = letters[random() % letters.size()];
      } else {
        source.insert(at, source.substr(random() % source.size(), random() % 20));
      }
    }
    print(source);
  }
  EXPECT_EQ(print(good).rfind("error", 0), std::string::npos) << print(good);
}

} // namespace
