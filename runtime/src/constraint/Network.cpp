//===- Network.cpp - a grammar as a recursive transition network ----------===//
// SPDX-License-Identifier: Apache-2.0
//
// What is found out about nodes once they exist; they come from NetworkEmitter.cpp.
//===----------------------------------------------------------------------===//
#include "runtime/src/constraint/Network.h"

namespace lap {

namespace {

/// Whether `node` follows itself without a call: looks through splits and, once, through the end of a loop's body.
Repeats repeatsOf(const Network &net, uint32_t node) {
  constexpr uint32_t Most = 64;
  uint32_t seen[Most], count = 0;
  bool counted[Most];
  seen[count] = net.nodes[node].next, counted[count++] = false;
  Repeats found = Repeats::No;
  for (uint32_t i = 0; i < count; ++i) {
    const Node &at = net.nodes[seen[i]];
    if (seen[i] == node) {
      if (!counted[i]) {
        return Repeats::Freely;
      }
      found = Repeats::Counted;
      continue;
    }
    bool again = at.kind == NodeKind::Again && !counted[i] && net.nodes[at.a].b > 1;
    uint32_t next = again ? net.nodes[at.a].c : 0, choices = at.kind == NodeKind::Split ? at.b : again;
    for (uint32_t k = 0; k < choices && count < Most; ++k) {
      uint32_t to = again ? next : net.lists[at.a + k];
      bool known = false;
      for (uint32_t s = 0; s < count; ++s) {
        known |= seen[s] == to && counted[s] == (counted[i] || again);
      }
      if (!known) {
        seen[count] = to, counted[count++] = counted[i] || again;
      }
    }
  }
  return found;
}

} // namespace

void Network::markRepeats() {
  for (uint32_t i = 0; i < nodes.size(); ++i) {
    if (nodes[i].kind == NodeKind::Char) {
      nodes[i].repeats = repeatsOf(*this, i);
    }
  }
}

uint32_t Network::distance(uint32_t index, uint32_t count) const {
  const Node &node = nodes[index];
  if (node.kind == NodeKind::Loop) { // `count` rounds are done
    uint32_t left = count < node.a ? node.a - count : 0;
    uint64_t rounds = left ? uint64_t(left) * nodes[node.c].distance : 0;
    return addDistance(rounds < FarAway ? uint32_t(rounds) : FarAway, nodes[node.next].distance);
  }
  if (node.loop == 0) {
    return node.distance;
  }
  return addDistance(node.distance, distance(node.loop, count + 1));
}

Network::Status Network::build(Grammar &source, const Vocabulary &vocabulary) {
  grammar = &source;
  bool fits = emitRules();
  if (!fits || !measure(vocabulary)) {
    return Status::TooLarge;
  }
  markRepeats();
  if (findLeftRecursion()) {
    return Status::LeftRecursion;
  }
  return nodes[starts[0]].distance == NoWay ? Status::NoText : Status::Ok;
}

} // namespace lap
