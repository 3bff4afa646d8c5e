//===- States.h - where a text can be in its grammar ----------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The pushdown automaton at work. A text that has been read so far may stand at several places at once: a set of
// configurations (node, loop count, stack). Stacks are lists that share their tails; equal stacks are one cell, so
// configurations compare by number. Only places that wait for a character are kept, and the end of the whole text.
//
// A place is never a dead end: nodes without a way to the end are not entered. Below MaxDepth open calls only the
// shortest way on is followed, so depth is bounded and the text can still be finished.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_RUNTIME_CONSTRAINT_STATES_H
#define LAPIDARY_RUNTIME_CONSTRAINT_STATES_H

#include "runtime/src/constraint/Network.h"

namespace lap {

struct Configuration {
  uint32_t node, count, stack;
};

using ConfigurationList = Array<Configuration>;

/// Stacks that are not a list of return nodes: the start's caller, and a caller that is not known.
constexpr uint32_t EmptyStack = 0, UnknownStack = 1;

class States {
public:
  static constexpr uint32_t MaxDepth = 512;                 // open calls that follow any way
  static constexpr uint32_t MaxUnknownDepth = MaxDepth / 2; // what UnknownStack stands for at most
  static constexpr uint32_t MaxPlaces = 8192;               // configurations that one step may look at
  static constexpr uint32_t MaxCells = 1u << 20;            // different stacks of all texts of a grammar

  explicit States(const Network &network) : net(network), pending(MaxPlaces) {
    visited.addZeros(4 * MaxPlaces);
    clear();
  }

  /// Forgets all stacks: places that were found before mean nothing any more.
  void clear();
  /// Whether there are so many stacks that they should be forgotten when nobody needs them.
  bool isCrowded() const { return cells.size() > MaxCells / 4; }

  /// Adds the places where a text may be before its first character.
  void start(ConfigurationList &out);
  /// Adds the places reached from set[0 .. count) over a character.
  void step(const Configuration *set, uint32_t count, uint32_t character, ConfigurationList &out);
  /// Adds the places reached when the call on top of `stack` returns.
  void popped(uint32_t stack, ConfigurationList &out);

  /// Whether this is the end of the text (EmptyStack) or of the rule in question (UnknownStack).
  bool isEnd(const Configuration &place) const { return place.node == 0; }
  /// Whether a character in low..high may come.
  bool accepts(const Configuration *set, uint32_t count, uint32_t low, uint32_t high) const;
  /// Tokens to the end of the text, from the nearest place. 0 places: NoWay.
  uint32_t distance(const Configuration *set, uint32_t count) const;
  /// The same from behind a character in low..high that one of the places accepts.
  uint32_t distanceAfter(const Configuration *set, uint32_t count, uint32_t low, uint32_t high) const;
  /// Tokens from the return of the call on top of `stack` to the end of the text.
  uint32_t stackDistance(uint32_t stack) const { return cells[stack].distance; }
  uint32_t stackDepth(uint32_t stack) const { return cells[stack].depth; }

  /// Too many places at once, or no memory: the last results are incomplete.
  bool overflowed() const { return tooMany || pending.failed() || cells.failed() || slots.failed(); }
  void clearOverflow() { tooMany = false; }
  bool outOfMemory() const { return cells.failed() || slots.failed() || visited.failed(); }
  uint64_t work = 0; // configurations looked at

  const Network &net;

private:
  struct Cell {
    uint32_t node, parent; // where the call returns to, and the caller's stack
    uint32_t distance;     // tokens from `node` to the end of the text
    uint32_t depth;
  };
  struct Mark {
    Configuration place;
    uint32_t round;
  };
  void begin();
  void visit(const Configuration &place);
  void follow(ConfigurationList &out);
  void followOne(const Configuration &place, ConfigurationList &out);
  void enterLoop(const Node &node, const Configuration &place);
  uint32_t push(uint32_t node, uint32_t parent);
  void growSlots();

  Array<Cell> cells{MaxCells};
  Array<uint32_t> slots{4 * MaxCells}; // hash table over cells; 0: free
  Array<Mark> visited{4 * MaxPlaces};
  ConfigurationList pending;
  uint32_t round = 0, places = 0;
  bool tooMany = false;
};

} // namespace lap

#endif // LAPIDARY_RUNTIME_CONSTRAINT_STATES_H
