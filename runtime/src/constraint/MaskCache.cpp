//===- MaskCache.cpp - masks that are computed once -----------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// See Masks.h: masks of places, whose callers are unknown, and masks of whole states put together from them.
//===----------------------------------------------------------------------===//
#include "runtime/src/constraint/Masks.h"

namespace lap {

namespace {

uint32_t slotOf(uint32_t node, uint32_t count, uint32_t slots) {
  return uint32_t((uint64_t(node) << 32 | count) * 0x9E3779B97F4A7C15ull >> 32) & (slots - 1);
}

} // namespace

/// The smallest count that differs in no token: none is longer than max_chars.
Configuration Masks::representative(Configuration place) const {
  place.stack = UnknownStack;
  const Node &node = states.net.nodes[place.node];
  if (node.loop == 0) {
    return place;
  }
  uint32_t least = states.net.nodes[node.loop].a, most = states.net.nodes[node.loop].b;
  uint32_t longest = vocabulary.trie->max_chars < LAP_VOCABULARY_MAX_CHARS ? vocabulary.trie->max_chars + 1 : Unlimited;
  uint32_t base = place.count >= least ? least : 0;
  bool farFromLeast = place.count >= least || least - place.count > longest;
  bool farFromMost = most == Unlimited || most - place.count > longest;
  place.count = farFromLeast && farFromMost ? base : place.count;
  return place;
}

Masks::PlaceMask *Masks::computePlace(const Configuration &place) {
  uint64_t *bits = static_cast<uint64_t *>(calloc(words(), sizeof(uint64_t)));
  Array<uint32_t> returns(1u << 20);
  if (!bits) {
    return nullptr;
  }
  Walk walk = {bits, NoWay - 1, 0, &returns};
  this->walk(0, &place, 1, walk);
  takeSpecialTokens(place, walk);
  uint32_t count = 0;
  for (uint32_t i = 0; i < words(); ++i) {
    count += uint32_t(__builtin_popcountll(bits[i]));
  }
  bool few = count <= FewTokens;
  uint64_t size = sizeof(PlaceMask) + (returns.size() + (few ? count : 0)) * sizeof(uint32_t);
  PlaceMask *mask = returns.failed() || exhausted() ? nullptr : static_cast<PlaceMask *>(malloc(size));
  if (!mask) {
    free(bits);
    return nullptr;
  }
  uint32_t *lists = reinterpret_cast<uint32_t *>(mask + 1);
  *mask = {place.node,     place.count,          walk.farthest,          count,
           returns.size(), few ? nullptr : bits, lists + returns.size(), lists};
  if (returns.size() != 0) {
    memcpy(mask->returns, returns.begin(), returns.size() * sizeof(uint32_t));
  }
  if (few) {
    uint32_t *next = mask->tokens;
    for (uint32_t i = 0; i < words(); ++i) {
      for (uint64_t word = bits[i]; word != 0; word &= word - 1) {
        *next++ = i * 64 + uint32_t(__builtin_ctzll(word));
      }
    }
    free(bits);
  }
  keptBytes += size + (few ? 0 : words() * sizeof(uint64_t));
  return mask;
}

void Masks::forgetStacks() {
  sets.clear();
  for (StateMask &mask : stateMasks) {
    mask.used = 0;
  }
}

void Masks::forgetPlaces() {
  for (PlaceMask *&mask : places) {
    if (mask) {
      free(mask->bits);
      free(mask);
      mask = nullptr;
    }
  }
  placeCount = 0;
  keptBytes = 0;
}

void Masks::keep(PlaceMask *mask) {
  if (placeCount * 2 >= places.size()) {
    Array<PlaceMask *> larger(1u << 20);
    larger.addZeros(places.size() * 2);
    if (larger.failed()) {
      forgetPlaces();
    } else {
      places.swap(larger);
      for (PlaceMask *old : larger) {
        if (old) {
          uint32_t slot = slotOf(old->node, old->count, places.size());
          for (; places[slot]; slot = (slot + 1) & (places.size() - 1)) {
          }
          places[slot] = old;
        }
      }
    }
  }
  uint32_t slot = slotOf(mask->node, mask->count, places.size());
  for (; places[slot]; slot = (slot + 1) & (places.size() - 1)) {
  }
  places[slot] = mask;
  ++placeCount;
}

const Masks::PlaceMask *Masks::placeMask(const Configuration &place) {
  if (places.size() == 0) {
    return nullptr;
  }
  uint32_t slot = slotOf(place.node, place.count, places.size());
  for (; places[slot]; slot = (slot + 1) & (places.size() - 1)) {
    if (places[slot]->node == place.node && places[slot]->count == place.count) {
      return places[slot];
    }
  }
  PlaceMask *mask = computePlace(place);
  if (mask) {
    keep(mask);
  }
  return mask;
}

/// Takes the tokens that may follow one place, whose stack is known.
void Masks::addPlace(const Configuration &place, Walk &walk) {
  if (states.isEnd(place)) {
    return;
  }
  if (states.stackDepth(place.stack) > States::MaxUnknownDepth) { // masks for unknown callers would allow too much
    this->walk(0, &place, 1, walk);
    takeSpecialTokens(place, walk);
    return;
  }
  const PlaceMask *mask = placeMask(representative(place));
  if (!mask) {
    noMemory = true;
    return;
  }
  for (uint32_t i = 0; mask->bits && i < words(); ++i) {
    walk.bits[i] |= mask->bits[i];
  }
  for (uint32_t i = 0; !mask->bits && i < mask->tokenCount; ++i) {
    walk.bits[mask->tokens[i] / 64] |= uint64_t(1) << (mask->tokens[i] % 64);
  }
  uint32_t distance = addDistance(mask->farthest, states.stackDistance(place.stack));
  walk.farthest = distance > walk.farthest ? distance : walk.farthest;
  if (mask->returnCount != 0 && place.stack != EmptyStack) {
    ConfigurationList callers(States::MaxPlaces);
    states.popped(place.stack, callers);
    for (uint32_t i = 0; i < mask->returnCount; ++i) {
      this->walk(mask->returns[i], callers.begin(), callers.size(), walk);
    }
  }
}

const Masks::StateMask *Masks::stateMask(const Configuration *set, uint32_t count) {
  StateMask *oldest = &stateMasks[0];
  for (StateMask &mask : stateMasks) {
    if (mask.used != 0 && mask.set.size() == count &&
        (count == 0 || memcmp(mask.set.begin(), set, count * sizeof(Configuration)) == 0)) {
      mask.used = ++clock;
      return &mask;
    }
    oldest = mask.used < oldest->used ? &mask : oldest;
  }
  if (keptBytes > MaxKept) {
    forgetPlaces();
  }
  oldest->used = 0;
  oldest->set.clear();
  oldest->set.append(set, count);
  oldest->bits = oldest->bits ? oldest->bits : static_cast<uint64_t *>(malloc(words() * sizeof(uint64_t)));
  if (!oldest->bits || oldest->set.failed()) {
    return nullptr;
  }
  memset(oldest->bits, 0, words() * sizeof(uint64_t));
  Walk walk = {oldest->bits, NoWay - 1, 0, nullptr};
  noMemory = false;
  for (uint32_t i = 0; i < count && !noMemory; ++i) {
    addPlace(set[i], walk);
  }
  if (noMemory || exhausted() || states.overflowed()) {
    return nullptr;
  }
  oldest->farthest = walk.farthest;
  oldest->used = ++clock;
  return oldest;
}

} // namespace lap
