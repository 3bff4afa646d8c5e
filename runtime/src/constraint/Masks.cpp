//===- Masks.cpp - walks over the vocabulary trie -------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The trie lies in preorder: a walk is a loop over node numbers that jumps over subtrees nothing can be read in, and
// over those whose tokens all end alike.
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

Masks::Masks(States &states, const Vocabulary &vocabulary)
    : states(states), vocabulary(vocabulary), trie(vocabulary.nodes), sets(states) {
  places.addZeros(1024);
  ends.addZeros(vocabulary.trie->max_bytes + 2);
  charsAt.addZeros(vocabulary.trie->max_bytes + 2);
}

Masks::~Masks() {
  forgetPlaces();
  for (StateMask &mask : stateMasks) {
    free(mask.bits);
  }
}

/// Allows token_list[firstToken .. endToken), which leave the end `distance` tokens away.
void Masks::take(Walk &walk, uint32_t firstToken, uint32_t endToken, uint32_t distance) {
  if (distance > walk.limit) {
    return;
  }
  walk.farthest = distance > walk.farthest && firstToken != endToken ? distance : walk.farthest;
  for (uint32_t i = firstToken; i < endToken; ++i) {
    uint32_t id = vocabulary.tokens[i];
    if (id < vocabulary.size) {
      walk.bits[id / 64] |= uint64_t(1) << (id % 64);
    }
  }
}

/// Takes the tokens of at most `chars` more characters below a node, whatever they are.
void Masks::takeShort(uint32_t node, uint32_t chars, uint32_t distance, Walk &walk) {
  if (distance > walk.limit) {
    return;
  }
  uint32_t end = trie[node].next_byte >> 8, depth = 0;
  ends[0] = end;
  for (uint32_t at = node + 1; at < end;) {
    while (ends[depth] <= at) {
      --depth;
    }
    uint8_t byte = uint8_t(trie[at].next_byte);
    uint32_t next = trie[at].next_byte >> 8, used = depth == 0 ? 0 : charsAt[depth];
    used += lap_char_class(byte) < 32;
    uint32_t below = trie[at].below & LAP_VOCABULARY_MAX_CHARS;
    if (used > chars) {
      at = next;
    } else if (used + below <= chars && below < LAP_VOCABULARY_MAX_CHARS) {
      take(walk, trie[at].first_token, trie[next].first_token, distance);
      at = next;
    } else {
      take(walk, trie[at].first_token, trie[at + 1].first_token, distance);
      ends[++depth] = next, charsAt[depth] = used;
      ++at;
    }
  }
}

/// Handles everything below a node at once, if all of it ends alike; false if the walk must look at it. `open` is the
/// class of the character that the node is in the middle of, as a bit; 0: none.
bool Masks::takeSubtree(uint32_t node, uint32_t set, uint32_t open, Walk &walk) {
  uint32_t classes = trie[node].below >> 6 | open, chars = (trie[node].below & LAP_VOCABULARY_MAX_CHARS) + (open != 0);
  uint32_t from = trie[node + 1].first_token, to = trie[trie[node].next_byte >> 8].first_token;
  if (sets.staysOver(set, classes)) {
    take(walk, from, to, sets[set].distance);
    return true;
  }
  for (uint32_t i = 0; i < sets[set].repetitionCount; ++i) {
    const Repetition &repetition = sets[set].repetitions[i];
    bool fits = repetition.left == Unlimited || (chars < LAP_VOCABULARY_MAX_CHARS && chars <= repetition.left);
    if ((classes & ~repetition.classes) != 0) {
      continue;
    }
    if ((classes & ~repetition.alone) == 0) {
      if (fits) {
        take(walk, from, to, repetition.after);
      } else if (repetition.left >= (open != 0)) {
        takeShort(node, repetition.left - (open != 0), repetition.after, walk);
      }
      return true;
    }
    if (fits && repetition.distance <= walk.limit) {
      take(walk, from, to, repetition.distance);
      return true;
    }
  }
  return false;
}

/// A node inside a character; a token that ends here is a byte.
bool Masks::enterPartial(const Frame &frame, uint32_t node, Walk &walk) {
  const Configuration *places = sets.placesOf(frame.set);
  uint32_t low = frame.partial.low(), high = frame.partial.high(), count = sets[frame.set].count;
  if (!states.accepts(places, count, low, high)) {
    return false;
  }
  uint32_t first = trie[node].first_token, end = trie[node + 1].first_token;
  uint32_t rest = first == end ? 0 : states.distanceAfter(places, count, low, high);
  take(walk, first, end, addDistance(frame.partial.left, rest));
  uint32_t open = frame.partial.least == 0x80 ? 1 : frame.partial.least == 0x800 ? 2 : 4;
  if (frame.end == node + 1 || takeSubtree(node, frame.set, open, walk)) {
    return false;
  }
  frames.add(frame);
  return true;
}

/// Reads the byte of trie node `node` from the places of its parent's frame and takes its tokens. True if the walk
/// shall go on below it: its frame is on top.
bool Masks::enter(const Frame &top, uint32_t node, Walk &walk) {
  Frame frame = {trie[node].next_byte >> 8, top.set, top.partial};
  if (!frame.partial.add(uint8_t(trie[node].next_byte))) {
    return false;
  }
  if (frame.partial.left != 0) {
    return enterPartial(frame, node, walk);
  }
  ++states.work;
  frame.set = sets.next(top.set, frame.partial.value);
  if (frame.set == PlaceSets::Empty) {
    return false;
  }
  take(walk, trie[node].first_token, trie[node + 1].first_token, sets[frame.set].distance);
  if (frame.end == node + 1 || takeSubtree(node, frame.set, 0, walk)) {
    return false;
  }
  if (walk.returns && sets[frame.set].hasEnd) {
    walk.returns->add(node);
  }
  frames.add(frame);
  return true;
}

/// Takes the tokens whose texts continue that of a trie node, which the places have read.
void Masks::walk(uint32_t trieNode, const Configuration *set, uint32_t count, Walk &walk) {
  uint32_t end = trie[trieNode].next_byte >> 8, first = sets.of(set, count);
  frames.clear();
  frames.add({end, first, {0, 0, 0}});
  for (uint32_t node = trieNode + 1; first != PlaceSets::Empty && node < end && !exhausted();) {
    while (frames.back().end <= node) {
      frames.pop();
    }
    const Frame top = frames.back();
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
    for (uint32_t id = range.low - FirstToken; id <= range.high - FirstToken && id < vocabulary.size; ++id) {
      if (distance <= walk.limit) {
        walk.farthest = distance > walk.farthest ? distance : walk.farthest;
        walk.bits[id / 64] |= uint64_t(1) << (id % 64);
      }
    }
  }
}

/// The bytes that may go on inside a character: texts never start there, so only tokens of one byte.
void Masks::takeContinuations(const Configuration *set, uint32_t count, const Partial &partial, Walk &walk) {
  for (uint32_t node = 1; node < vocabulary.trie->nodes; node = trie[node].next_byte >> 8) {
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
  sets.tidy();
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
  for (uint32_t i = 0; i < words(); ++i) {
    out[i] &= vocabulary.usable()[i];
  }
  if (states.outOfMemory() || frames.failed()) {
    return Status::OutOfMemory;
  }
  return states.overflowed() || exhausted() ? Status::TooAmbiguous : Status::Ok;
}

} // namespace lap
