//===- NetworkDistance.cpp - how far every node is from its rule's end ----===//
// SPDX-License-Identifier: Apache-2.0
//
// Knuth's generalisation of Dijkstra's algorithm ("A generalization of Dijkstra's algorithm", 1977): a call costs the
// distance of its rule plus that of what follows, a split the least of its branches; nodes are settled in ascending
// order, so recursion needs no iteration. Runs of literal characters have extra arcs, one per token that covers a part.
//===----------------------------------------------------------------------===//
#include "runtime/src/constraint/Network.h"

namespace lap {

namespace {

struct Arc {
  uint32_t to, from, cost; // settled `to` offers `from` a distance of cost more
};

struct Offer {
  uint32_t distance, node;
};

class Measure {
public:
  Measure(Network &network, const Vocabulary &vocabulary) : net(network), vocabulary(vocabulary) {}
  bool run();

private:
  void collect(uint32_t node);
  void collectTokens(uint32_t node);
  void sortArcs();
  void settle(uint32_t node);
  void offer(uint32_t node, uint32_t distance);
  bool take(Offer *out);
  bool single(const Node &node, uint32_t *character) const;

  Network &net;
  const Vocabulary &vocabulary;
  Array<Arc> arcs{1u << 22};
  Array<Arc> sorted{1u << 22};
  Array<uint32_t> first{1u << 19}; // arcs into node n: sorted[first[n] .. first[n + 1])
  Array<Offer> heap{1u << 23};
};

bool Measure::single(const Node &node, uint32_t *character) const {
  if (node.kind != NodeKind::Char) {
    return false;
  }
  const CharSet &set = net.grammar->sets[node.a];
  const Range &range = net.grammar->ranges[set.first];
  *character = range.low;
  return set.count == 1 && range.low == range.high && range.low < FirstToken;
}

/// Arcs over all tokens that are literal text starting at `start`.
void Measure::collectTokens(uint32_t start) {
  uint32_t at = 0, character = 0;
  for (uint32_t node = start; single(net.nodes[node], &character) && net.nodes[node].loop == net.nodes[start].loop;) {
    char bytes[4];
    uint32_t count = encodeUtf8(character, bytes);
    for (uint32_t i = 0; i < count; ++i) {
      at = vocabulary.child(at, uint8_t(bytes[i]));
      if (at == 0) {
        return;
      }
    }
    node = net.nodes[node].next;
    if (vocabulary.endsToken(at)) {
      arcs.add({node, start, 1});
    }
  }
}

void Measure::collect(uint32_t index) {
  const Node &node = net.nodes[index];
  switch (node.kind) {
  case NodeKind::Char:
    arcs.add({node.next, index, net.grammar->sets[node.a].bytes});
    collectTokens(index);
    break;
  case NodeKind::Split:
    for (uint32_t i = 0; i < node.b; ++i) {
      arcs.add({net.lists[node.a + i], index, 0});
    }
    break;
  case NodeKind::Call:
    arcs.add({net.starts[node.a], index, 0});
    arcs.add({node.next, index, 0});
    break;
  case NodeKind::Loop:
    arcs.add({node.c, index, 0});
    arcs.add({node.next, index, 0});
    break;
  case NodeKind::End:
  case NodeKind::Again:
    break;
  }
}

void Measure::sortArcs() {
  first.addZeros(net.nodes.size() + 1);
  sorted.addZeros(arcs.size());
  if (first.failed() || sorted.failed()) {
    return;
  }
  for (const Arc &arc : arcs) {
    ++first[arc.to];
  }
  uint32_t sum = 0;
  for (uint32_t &start : first) {
    sum += start;
    start = sum; // the end, for now
  }
  for (const Arc &arc : arcs) {
    sorted[--first[arc.to]] = arc;
  }
}

void Measure::offer(uint32_t node, uint32_t distance) {
  if (distance == NoWay || net.nodes[node].distance != NoWay) {
    return;
  }
  uint32_t at = heap.add({distance, node});
  while (at > 0 && heap[(at - 1) / 2].distance > heap[at].distance) {
    Offer other = heap[(at - 1) / 2];
    heap[(at - 1) / 2] = heap[at];
    heap[at] = other;
    at = (at - 1) / 2;
  }
}

bool Measure::take(Offer *out) {
  if (heap.size() == 0) {
    return false;
  }
  *out = heap[0];
  Offer last = heap.back();
  heap.pop();
  uint32_t at = 0, count = heap.size();
  for (uint32_t child; (child = 2 * at + 1) < count; at = child) {
    child += child + 1 < count && heap[child + 1].distance < heap[child].distance;
    if (heap[child].distance >= last.distance) {
      break;
    }
    heap[at] = heap[child];
  }
  if (count != 0) {
    heap[at] = last;
  }
  return true;
}

void Measure::settle(uint32_t index) {
  uint32_t distance = net.nodes[index].distance;
  for (uint32_t i = first[index]; i < first[index + 1]; ++i) {
    const Arc &arc = sorted[i];
    const Node &from = net.nodes[arc.from];
    if (from.kind == NodeKind::Call) {
      offer(arc.from, addDistance(net.nodes[net.starts[from.a]].distance, net.nodes[from.next].distance));
    } else if (from.kind == NodeKind::Loop) {
      bool ready = from.a == 0 || net.nodes[from.c].distance != NoWay;
      offer(arc.from, ready ? net.distance(arc.from, 0) : NoWay);
    } else {
      offer(arc.from, addDistance(distance, arc.cost));
    }
  }
}

bool Measure::run() {
  for (uint32_t i = 0; i < net.nodes.size(); ++i) {
    collect(i);
  }
  sortArcs();
  if (arcs.failed() || first.failed() || sorted.failed()) {
    return false;
  }
  for (uint32_t i = 0; i < net.nodes.size(); ++i) {
    NodeKind kind = net.nodes[i].kind;
    net.nodes[i].distance = NoWay;
    if (kind == NodeKind::End || kind == NodeKind::Again) {
      offer(i, 0);
    }
  }
  for (Offer best; take(&best);) {
    if (net.nodes[best.node].distance == NoWay) {
      net.nodes[best.node].distance = best.distance;
      settle(best.node);
    }
  }
  return !heap.failed();
}

} // namespace

bool Network::measure(const Vocabulary &vocabulary) { return Measure(*this, vocabulary).run(); }

} // namespace lap
