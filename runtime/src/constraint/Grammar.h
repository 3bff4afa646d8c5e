//===- Grammar.h - rules over characters, as the front ends build them ----===//
// SPDX-License-Identifier: Apache-2.0
//
// What GBNF and JSON schemas are translated to: rules whose right sides are expressions over code points. Expressions
// are numbers that may be used more than once (a graph, not a tree); Network.h turns rules into an automaton.
//
// A "character" is a Unicode code point, or FirstToken + id for a special token, which has no text: control tokens can
// be part of a grammar. Surrogates belong to no set.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_RUNTIME_CONSTRAINT_GRAMMAR_H
#define LAPIDARY_RUNTIME_CONSTRAINT_GRAMMAR_H

#include "runtime/src/constraint/Array.h"

namespace lap {

constexpr uint32_t LastCharacter = 0x10FFFF;
constexpr uint32_t FirstToken = 0x110000;
constexpr uint32_t Unlimited = UINT32_MAX; // as the most of a repetition

struct Range {
  uint32_t low, high; // both included
};

/// A set of characters being put together.
class SetBuilder {
public:
  void add(uint32_t low, uint32_t high) { ranges.add({low, high}); }
  void add(uint32_t character) { add(character, character); }
  void addText(const char *ascii);
  /// All code points that are not in the set.
  void invert();
  /// Takes out low..high.
  void remove(uint32_t low, uint32_t high);
  /// Sorts, joins what touches, takes out surrogates.
  void normalize();

  Array<Range> ranges{1u << 16};
};

struct CharSet {
  uint64_t ascii[2];     // bit c % 64 of word c / 64
  uint32_t first, count; // in Grammar::ranges: sorted, disjoint
  uint32_t classes;      // of lap_char_class, those that lie in the set as a whole
  uint32_t touched;      // those that have members in the set
  uint32_t bytes;        // of the shortest UTF-8 form of a member (1 for a token)
};

enum class ExprKind : uint8_t { Never, Empty, Set, Text, Sequence, Choice, Repeat, Rule };

/// Set, Rule: `a` is its index. Text: characters lists[a .. a + b). Sequence, Choice: expressions lists[a .. a + b).
/// Repeat: `a` from b to c times.
struct Expr {
  ExprKind kind;
  uint32_t a, b, c;
};

class Grammar {
public:
  Grammar();

  static constexpr uint32_t NeverExpr = 0, EmptyExpr = 1;

  uint32_t set(SetBuilder &builder);
  /// One character.
  uint32_t character(uint32_t value);
  /// Valid UTF-8.
  uint32_t text(const char *utf8, size_t bytes);
  uint32_t text(const char *ascii) { return text(ascii, strlen(ascii)); }
  uint32_t sequence(const uint32_t *parts, uint32_t count);
  uint32_t choice(const uint32_t *parts, uint32_t count);
  /// The same; texts that begin alike share their beginning, so that long lists stay cheap.
  uint32_t choiceOfTexts(const uint32_t *parts, uint32_t count);
  uint32_t repeat(uint32_t expr, uint32_t least, uint32_t most);
  uint32_t optional(uint32_t expr) { return repeat(expr, 0, 1); }
  /// A sequence or choice of two or more expressions.
  template <typename... Parts> uint32_t all(Parts... parts) {
    uint32_t list[] = {parts...};
    return sequence(list, sizeof...(parts));
  }
  template <typename... Parts> uint32_t any(Parts... parts) {
    uint32_t list[] = {parts...};
    return choice(list, sizeof...(parts));
  }
  /// A new rule, to be defined later. origin: whatever tells the front end where it comes from.
  uint32_t addRule(uint32_t origin);
  void define(uint32_t rule, uint32_t expr) { rules[rule].expr = expr; }
  uint32_t rule(uint32_t index);

  bool contains(const CharSet &set, uint32_t character) const;
  /// Whether a member lies in low..high.
  bool meets(const CharSet &set, uint32_t low, uint32_t high) const;

  bool failed() const;

  struct Rule {
    uint32_t expr, origin;
  };
  Array<Expr> exprs{1u << 20};
  Array<uint32_t> lists{1u << 22};
  Array<Range> ranges{1u << 20};
  Array<CharSet> sets{1u << 18};
  Array<Rule> rules{1u << 16}; // rule 0 is the start

private:
  int compareTexts(uint32_t a, uint32_t b) const;
  void sortTexts(uint32_t *exprs, uint32_t count) const;
  uint32_t shareBeginnings(const uint32_t *sorted, uint32_t count, uint32_t at, uint32_t level);
  uint32_t partOfText(uint32_t expr, uint32_t from, uint32_t to);
  uint32_t asciiCharacters[128] = {}; // expressions that exist already
};

/// Decodes one code point of valid UTF-8 at text[*at] and moves *at behind it. 0xFFFFFFFF for invalid bytes.
uint32_t decodeUtf8(const char *text, size_t bytes, size_t *at);
/// Writes the UTF-8 form; returns its size, 1..4.
uint32_t encodeUtf8(uint32_t character, char *out);

} // namespace lap

#endif // LAPIDARY_RUNTIME_CONSTRAINT_GRAMMAR_H
