//===- Network.h - a grammar as a recursive transition network ------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Every rule becomes a small nondeterministic automaton over characters whose arcs may call other rules: together with
// a stack of return nodes this is a pushdown automaton. Repetitions of plain characters up to a count are one loop with
// a counter (node, count), so that maxLength 10000 costs no more than 3.
//
// Each node knows how far the end of its rule is: the tokens of a short way, found with the vocabulary. "Short" means
// that one token per character (or per byte, where a character has no token) always does, and that literal text is cut
// into the fewest tokens. This is what steers a text to its end in time, and what tells that a rule never ends.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_RUNTIME_CONSTRAINT_NETWORK_H
#define LAPIDARY_RUNTIME_CONSTRAINT_NETWORK_H

#include "runtime/src/constraint/Grammar.h"
#include "runtime/src/constraint/Vocabulary.h"

namespace lap {

enum class NodeKind : uint8_t {
  End,   // of a rule
  Char,  // a character of set a, then next
  Split, // any of lists[a .. a + b)
  Call,  // rule a, then next
  Loop,  // body c, from a to b times, then next; the count goes along while inside
  Again  // end of the body of loop a
};

/// Whether the character set of a Char node can be read again and again.
enum class Repeats : uint8_t { No, Freely, Counted };

struct Node {
  NodeKind kind;
  Repeats repeats;
  uint32_t a, b, c, next;
  uint32_t loop;     // the Loop whose body this is part of; 0: none
  uint32_t distance; // tokens to the end of the rule; inside a loop, to its Again
};

constexpr uint32_t NoWay = UINT32_MAX; // a distance: there is no end
constexpr uint32_t FarAway = 1u << 28; // larger distances are cut to this

inline uint32_t addDistance(uint32_t a, uint32_t b) {
  if (a == NoWay || b == NoWay) {
    return NoWay;
  }
  return a + b < FarAway ? a + b : FarAway;
}

struct Network {
  Network() { nodes.add({}); }

  static constexpr uint32_t MaxNodes = 1u << 18;
  enum class Status { Ok, TooLarge, LeftRecursion, NoText };

  /// Builds nodes from all rules of `grammar`. Afterwards the grammar may grow no more. LeftRecursion names a rule in
  /// `culprit`; NoText means that rule 0 has no finite text.
  Status build(Grammar &grammar, const Vocabulary &vocabulary);

  /// Tokens from node (with the loop count) to the end of its rule.
  uint32_t distance(uint32_t node, uint32_t count) const;
  bool contains(const Node &node, uint32_t character) const {
    return grammar->contains(grammar->sets[node.a], character);
  }

  Grammar *grammar = nullptr;
  Array<Node> nodes{MaxNodes}; // node 0 is End
  Array<uint32_t> lists{1u << 20};
  Array<uint32_t> starts{1u << 16}; // first node of every rule
  uint32_t culprit = 0;

private:
  bool emitRules();
  void markRepeats();
  bool measure(const Vocabulary &vocabulary);
  bool findLeftRecursion();
};

} // namespace lap

#endif // LAPIDARY_RUNTIME_CONSTRAINT_NETWORK_H
