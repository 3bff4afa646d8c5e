//===- Masks.cpp - walks over the vocabulary trie -------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The trie lies in preorder: a walk is a loop over node numbers that jumps over subtrees nothing can be read in. The
// sets of places along the path lie one after another in `pool`.
//===----------------------------------------------------------------------===//
#include "runtime/src/constraint/Masks.h"

namespace lap {

bool Partial::add(uint8_t byte) {
  if (left != 0) {
    value = value << 6 | (byte & 0x3F);
    --left;
    return (byte & 0xC0) == 0x80 && high() >= low();
  }
  left = byte < 0x80 ? 0 : byte < 0xE0 ? 1 : byte < 0xF0 ? 2 : 3;
  value = left == 0 ? byte : byte & (0x3Fu >> left);
  least = left == 0 ? 0 : left == 1 ? 0x80 : left == 2 ? 0x800 : 0x10000;
  return byte < 0x80 || (byte >= 0xC2 && byte <= 0xF4);
}

uint32_t Partial::low() const {
  uint32_t lowest = value << (6 * left);
  return lowest < least ? least : lowest;
}

uint32_t Partial::high() const {
  uint32_t highest = (value + 1) * (1u << (6 * left)) - 1;
  return highest < LastCharacter ? highest : LastCharacter;
}

Masks::Masks(States &states, const lap_vocabulary *vocabulary, uint32_t vocab)
    : states(states), vocabulary(vocabulary), trie(lap_vocabulary_nodes(vocabulary)),
      tokenIds(lap_vocabulary_tokens(vocabulary)), vocab(vocab) {
  places.addZeros(1024);
}

Masks::~Masks() {
  forgetPlaces();
  for (StateMask &mask : stateMasks) {
    free(mask.bits);
  }
}

/// Allows token_list[firstToken .. endToken), which leave the end `distance` tokens away.
void Masks::take(Walk &walk, uint32_t firstToken, uint32_t endToken, uint32_t distance) {
  if (firstToken == endToken || distance > walk.limit) {
    return;
  }
  walk.farthest = distance > walk.farthest ? distance : walk.farthest;
  for (uint32_t i = firstToken; i < endToken; ++i) {
    uint32_t id = tokenIds[i];
    if (id < vocab) {
      walk.bits[id / 64] |= uint64_t(1) << (id % 64);
    }
  }
}

/// Tokens to the end from a place that can read every text below the trie node by repeating its character set, so that
/// it is there again afterwards; NoWay if there is none.
uint32_t Masks::repeatDistance(uint32_t node, const Frame &frame, const Walk &walk) const {
  uint32_t classes = trie[node].below >> 6, chars = trie[node].below & LAP_VOCABULARY_MAX_CHARS;
  for (uint32_t i = 0; i < frame.count; ++i) {
    const Configuration &place = pool[frame.first + i];
    const Node &at = states.net.nodes[place.node];
    if (at.kind != NodeKind::Char || at.repeats == Repeats::No ||
        states.stackDepth(place.stack) >= States::MaxDepth ||
        (classes & ~states.net.grammar->sets[at.a].classes) != 0) {
      continue;
    }
    uint32_t most = at.repeats == Repeats::Freely ? Unlimited : states.net.nodes[at.loop].b;
    bool lasts = most == Unlimited || (chars < LAP_VOCABULARY_MAX_CHARS && chars <= most - place.count);
    uint32_t distance = states.distance(&place, 1);
    if (lasts && distance <= walk.limit) {
      return distance;
    }
  }
  return NoWay;
}

/// Reads the byte of trie node `node` from the places of its parent's frame and takes its tokens. True if the walk shall
/// go on below it: its frame is on top.
bool Masks::enter(const Frame &top, uint32_t node, Walk &walk) {
  uint32_t next = trie[node].next_byte >> 8, firstToken = trie[node].first_token, ownEnd = trie[node + 1].first_token;
  Frame frame = {next, top.first, top.count, top.partial};
  if (!frame.partial.add(uint8_t(trie[node].next_byte))) {
    return false;
  }
  if (frame.partial.left != 0) { // inside a character: a token that ends here is a byte
    uint32_t low = frame.partial.low(), high = frame.partial.high();
    if (!states.accepts(&pool[top.first], top.count, low, high)) {
      return false;
    }
    uint32_t rest = firstToken == ownEnd ? 0 : states.distanceAfter(&pool[top.first], top.count, low, high);
    take(walk, firstToken, ownEnd, addDistance(frame.partial.left, rest));
    frames.add(frame);
    return next != node + 1;
  }
  frame.first = pool.size();
  states.step(&pool[top.first], top.count, frame.partial.value, pool);
  frame.count = pool.size() - frame.first;
  if (frame.count == 0) {
    return false;
  }
  take(walk, firstToken, ownEnd, states.distance(&pool[frame.first], frame.count));
  if (next == node + 1) {
    return false;
  }
  uint32_t distance = repeatDistance(node, frame, walk);
  if (distance != NoWay) {
    take(walk, ownEnd, trie[next].first_token, distance);
    return false;
  }
  for (uint32_t i = 0; walk.returns && i < frame.count; ++i) {
    if (states.isEnd(pool[frame.first + i])) {
      walk.returns->add(node);
    }
  }
  frames.add(frame);
  return true;
}

/// Takes the tokens whose texts continue that of a trie node, which the places have read.
void Masks::walk(uint32_t trieNode, const Configuration *set, uint32_t count, Walk &walk) {
  uint32_t end = trie[trieNode].next_byte >> 8;
  pool.clear();
  frames.clear();
  pool.append(set, count);
  frames.add({end, 0, count, {0, 0, 0}});
  for (uint32_t node = trieNode + 1; node < end && !exhausted();) {
    while (frames.back().end <= node) {
      frames.pop();
    }
    const Frame top = frames.back();
    pool.shrink(top.first + top.count);
    node = enter(top, node, walk) ? node + 1 : trie[node].next_byte >> 8;
  }
}

void Masks::takeSpecialTokens(const Configuration &place, Walk &walk) {
  const Node &node = states.net.nodes[place.node];
  if (node.kind != NodeKind::Char) {
    return;
  }
  const Grammar &grammar = *states.net.grammar;
  const CharSet &set = grammar.sets[node.a];
  for (uint32_t i = set.count; i-- > 0 && grammar.ranges[set.first + i].low >= FirstToken;) {
    const Range range = grammar.ranges[set.first + i];
    uint32_t distance = states.distanceAfter(&place, 1, range.low, range.high);
    for (uint32_t id = range.low - FirstToken; id <= range.high - FirstToken && id < vocab; ++id) {
      if (distance <= walk.limit) {
        walk.farthest = distance > walk.farthest ? distance : walk.farthest;
        walk.bits[id / 64] |= uint64_t(1) << (id % 64);
      }
    }
  }
}

/// The bytes that may go on inside a character: texts never start there, so only tokens of one byte.
void Masks::takeContinuations(const Configuration *set, uint32_t count, const Partial &partial, Walk &walk) {
  for (uint32_t node = 1; node < vocabulary->nodes; node = trie[node].next_byte >> 8) {
    Partial after = partial;
    if (after.add(uint8_t(trie[node].next_byte)) && states.accepts(set, count, after.low(), after.high())) {
      uint32_t rest = states.distanceAfter(set, count, after.low(), after.high());
      take(walk, trie[node].first_token, trie[node + 1].first_token, addDistance(after.left, rest));
    }
  }
}

Masks::Status Masks::find(const Configuration *set, uint32_t count, const Partial &partial, uint32_t limit,
                          uint64_t *out) {
  workEnd = states.work + MaxWork;
  states.clearOverflow();
  memset(out, 0, words() * sizeof(uint64_t));
  Walk limited = {out, limit, 0, nullptr};
  if (partial.left != 0) {
    takeContinuations(set, count, partial, limited);
  } else {
    const StateMask *mask = stateMask(set, count);
    if (!mask) {
      bool ambiguous = !states.outOfMemory() && (states.overflowed() || exhausted());
      return ambiguous ? Status::TooAmbiguous : Status::OutOfMemory;
    }
    if (mask->farthest <= limit) {
      memcpy(out, mask->bits, words() * sizeof(uint64_t));
    } else {
      walk(0, set, count, limited);
      for (uint32_t i = 0; i < count; ++i) {
        takeSpecialTokens(set[i], limited);
      }
    }
  }
  if (states.outOfMemory() || pool.failed()) {
    return Status::OutOfMemory;
  }
  return states.overflowed() || exhausted() ? Status::TooAmbiguous : Status::Ok;
}

} // namespace lap
