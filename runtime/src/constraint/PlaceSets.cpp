//===- PlaceSets.cpp - sets of places as states of a lazy automaton -------===//
// SPDX-License-Identifier: Apache-2.0
//
// See PlaceSets.h. Subset construction on demand; sets are compared by their lists of places, in the order in which a
// step finds them.
//===----------------------------------------------------------------------===//
#include "runtime/src/constraint/PlaceSets.h"

namespace lap {

void PlaceSets::clear() {
  sets.restart();
  places.restart();
  buckets.restart();
  buckets.addZeros(Buckets);
  places.add({0, 0, 0});
  sets.addZeros(2); // none, and Empty
  if (!sets.failed()) {
    sets[Empty].distance = NoWay;
  }
}

/// Classes of which nothing else can be read while `place`, in a counted loop, goes on and when it ends; 0 if its rule
/// may end, as its caller could read anything.
uint32_t PlaceSets::classesAlone(const Configuration &place, uint32_t *out_after) {
  const Network &net = states.net;
  const Node &node = net.nodes[place.node];
  if (node.repeats != Repeats::Counted || place.count + 1 < net.nodes[node.loop].a) {
    return 0;
  }
  uint32_t sample = net.grammar->ranges[net.grammar->sets[node.a].first].low, others = 0;
  after.clear();
  states.step(&place, 1, sample, after);
  for (const Configuration &next : after) {
    const Node &other = net.nodes[next.node];
    if (other.kind != NodeKind::Char) {
      return 0;
    }
    others |= next.node != place.node || next.stack != place.stack ? net.grammar->sets[other.a].touched : 0;
  }
  *out_after = states.distance(after.begin(), after.size()); // what follows is nearer than what goes on
  return ~others;
}

/// What a walk asks about every set, found out once.
void PlaceSets::describe(PlaceSet &set) {
  const Network &net = states.net;
  const Configuration *list = &places[set.first];
  set.distance = states.distance(list, set.count);
  set.uniform = (1u << LAP_CHAR_CLASSES) - 1;
  for (uint32_t i = 0; i < set.count; ++i) {
    const Node &node = net.nodes[list[i].node];
    set.hasEnd |= states.isEnd(list[i]);
    if (node.kind != NodeKind::Char) {
      continue;
    }
    const CharSet &chars = net.grammar->sets[node.a];
    set.uniform &= chars.classes | ~chars.touched;
    if (node.repeats == Repeats::No || chars.classes == 0 || set.repetitionCount == PlaceSet::Repetitions ||
        states.stackDepth(list[i].stack) >= States::MaxDepth) {
      continue;
    }
    uint32_t most = node.repeats == Repeats::Freely ? Unlimited : net.nodes[node.loop].b;
    uint32_t left = most == Unlimited ? most : most - list[i].count;
    uint32_t after = 0, alone = classesAlone(list[i], &after);
    for (uint32_t k = 0; k < set.count; ++k) {
      const Node &other = net.nodes[list[k].node];
      alone &= k == i || other.kind != NodeKind::Char ? ~0u : ~net.grammar->sets[other.a].touched;
    }
    set.repetitions[set.repetitionCount++] = {chars.classes, left, alone, states.distance(&list[i], 1), after};
  }
  for (uint32_t i = 0; set.hasEnd && i < set.repetitionCount; ++i) {
    set.repetitions[i].alone = 0;
  }
}

uint32_t PlaceSets::addSet(const Configuration *set, uint32_t count) {
  uint32_t index = sets.addZeros(1);
  if (index == 0) {
    return Empty;
  }
  sets[index].first = places.size();
  sets[index].count = count;
  places.append(set, count);
  if (places.failed()) {
    sets.pop();
    return Empty;
  }
  describe(sets[index]);
  return index;
}

uint32_t PlaceSets::of(const Configuration *set, uint32_t count) {
  if (count == 0 || failed()) {
    return Empty;
  }
  uint64_t hash = count;
  for (uint32_t i = 0; i < count; ++i) {
    hash = (hash ^ set[i].node) * 0x9E3779B97F4A7C15ull;
    hash = (hash ^ set[i].stack ^ uint64_t(set[i].count) << 32) * 0xD6E8FEB86659FD93ull;
  }
  uint32_t bucket = uint32_t(hash >> 40) % Buckets;
  for (uint32_t at = buckets[bucket]; at != 0; at = sets[at].nextInBucket) {
    const PlaceSet &known = sets[at];
    if (known.count == count && memcmp(&places[known.first], set, count * sizeof(Configuration)) == 0) {
      return at;
    }
  }
  uint32_t index = addSet(set, count);
  if (index != Empty) {
    sets[index].nextInBucket = buckets[bucket];
    buckets[bucket] = index;
  }
  return index;
}

uint32_t PlaceSets::compute(uint32_t set, uint32_t character) {
  scratch.clear();
  states.step(&places[sets[set].first], sets[set].count, character, scratch);
  return of(scratch.begin(), scratch.size());
}

uint32_t PlaceSets::next(uint32_t set, uint32_t character) {
  if (set == Empty) {
    return Empty;
  }
  uint32_t kind = character < 0x80      ? lap_char_class(uint8_t(character))
                  : character < 0x800   ? 0
                  : character < 0x10000 ? 1
                                        : 2;
  bool uniform = sets[set].uniform >> kind & 1;
  if (!uniform && character >= 0x80) {
    return compute(set, character);
  }
  uint32_t found = uniform ? sets[set].byClass[kind] : sets[set].byAscii[character];
  if (found == 0) {
    found = compute(set, character);
    (uniform ? sets[set].byClass[kind] : sets[set].byAscii[character]) = found;
  }
  return found;
}

bool PlaceSets::staysOver(uint32_t set, uint32_t classes) {
  static const uint32_t members[LAP_CHAR_CLASSES] = {0x80, 0x800, 0x10000, '\n', 0x7F, 0,   '0', 'a', 'g',
                                                     'A',  'G',   ' ',     '"',  '\\', '-', '_', '.', ',',
                                                     ':',  '/',   '+',     '@',  '\'', '{', '[', '!'};
  if ((classes & ~sets[set].uniform) != 0) {
    return false;
  }
  for (uint32_t left = classes & ~sets[set].known; left != 0; left &= left - 1) {
    uint32_t kind = uint32_t(__builtin_ctz(left));
    bool self = next(set, members[kind]) == set;
    sets[set].known |= 1u << kind;
    sets[set].self |= self ? 1u << kind : 0;
  }
  return (classes & ~sets[set].self) == 0;
}

} // namespace lap
