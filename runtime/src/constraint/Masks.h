//===- Masks.h - which tokens may come next -------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// A token may come next if its whole text can be read from some place. Most of that does not depend on the stack: for
// every (node, count) that is met, the vocabulary trie is walked once with an unknown caller. Tokens that stay inside
// the rule are in or out for good; where the rule returns inside a token, the trie node is noted and the walk goes on
// from there later, when the caller is known. Masks of whole states are kept too, as a text usually stays in its state
// (in a string) for many tokens.
//
//   state -> mask (StateMask, a few) = OR over its places of PlaceMask(node, count), computed once, plus walks from
//            the noted trie nodes with the real stack
//
// With a limit on the tokens left, tokens after which the end is too far are left out. That needs a walk of its own,
// but only if some token of the mask can lead that far (farthest), so not before a text is near its limit.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_RUNTIME_CONSTRAINT_MASKS_H
#define LAPIDARY_RUNTIME_CONSTRAINT_MASKS_H

#include "runtime/src/constraint/PlaceSets.h"

namespace lap {

/// A character of which some bytes have been read.
struct Partial {
  uint32_t value, left; // bits so far, bytes to come; left 0: none
  uint32_t least;       // smallest character that this many bytes may stand for

  /// Adds a byte of UTF-8; false if it cannot be there.
  bool add(uint8_t byte);
  uint32_t low() const;
  uint32_t high() const;
};

class Masks {
public:
  Masks(States &states, const Vocabulary &vocabulary);
  ~Masks();
  Masks(const Masks &) = delete;
  Masks &operator=(const Masks &) = delete;

  enum class Status { Ok, TooAmbiguous, OutOfMemory };

  /// Sets the bits of the tokens that may follow `set`; every token must leave the end at most `limit` tokens away
  /// (NoWay: no limit). `out` has words() words.
  Status find(const Configuration *set, uint32_t count, const Partial &partial, uint32_t limit, uint64_t *out);

  /// Forgets what was kept for places with stacks.
  void forgetStacks();

  uint32_t words() const { return vocabulary.words(); }

private:
  static constexpr uint64_t MaxWork = 1u << 22;  // steps of one mask, about a second
  static constexpr uint64_t MaxKept = 64u << 20; // bytes of place masks
  static constexpr uint32_t FewTokens = 1024;    // a list instead of bits
  static constexpr uint32_t StateMasks = 32;

  struct PlaceMask {
    uint32_t node, count;
    uint32_t farthest; // of the tokens' distances, to the end of the rule
    uint32_t tokenCount, returnCount;
    uint64_t *bits;    // all tokens, or null
    uint32_t *tokens;  // [tokenCount] if bits is null
    uint32_t *returns; // [returnCount] trie nodes with children at which the rule returns
  };
  struct StateMask {
    Array<Configuration> set;
    uint64_t *bits = nullptr;
    uint32_t farthest = 0;
    uint64_t used = 0; // time of last use; 0: free
  };
  /// One walk over the trie.
  struct Walk {
    uint64_t *bits;
    uint32_t limit, farthest;
    Array<uint32_t> *returns; // null: callers are known
  };
  struct Frame {
    uint32_t end; // trie node after the subtree
    uint32_t set; // places that have read the text of the node
    Partial partial;
  };

  void walk(uint32_t trieNode, const Configuration *set, uint32_t count, Walk &walk);
  bool enter(const Frame &top, uint32_t node, Walk &walk);
  bool enterPartial(const Frame &frame, uint32_t node, Walk &walk);
  void take(Walk &walk, uint32_t firstToken, uint32_t endToken, uint32_t distance);
  bool takeSubtree(uint32_t node, uint32_t set, uint32_t open, Walk &walk);
  void takeShort(uint32_t node, uint32_t chars, uint32_t distance, Walk &walk);
  void takeSpecialTokens(const Configuration &place, Walk &walk);
  void takeContinuations(const Configuration *set, uint32_t count, const Partial &partial, Walk &walk);

  /// The mask without a limit, kept for later; null without memory.
  const StateMask *stateMask(const Configuration *set, uint32_t count);
  void addPlace(const Configuration &place, Walk &walk);
  Configuration representative(Configuration place) const;
  const PlaceMask *placeMask(const Configuration &place);
  PlaceMask *computePlace(const Configuration &place);
  void keep(PlaceMask *mask);
  void forgetPlaces();
  bool exhausted() const { return sets.failed() || frames.failed() || states.work > workEnd; }

  States &states;
  const Vocabulary &vocabulary;
  const lap_vocabulary_node *trie; // of the vocabulary
  PlaceSets sets;
  Array<Frame> frames{1u << 16};
  Array<uint32_t> ends{1u << 16}, charsAt{1u << 16}; // along a path of takeShort: end of the subtree, characters
  Array<PlaceMask *> places{1u << 20};               // hash table, null: free
  uint32_t placeCount = 0;
  uint64_t keptBytes = 0, workEnd = 0, clock = 0;
  StateMask stateMasks[StateMasks];
  bool noMemory = false;
};

} // namespace lap

#endif // LAPIDARY_RUNTIME_CONSTRAINT_MASKS_H
