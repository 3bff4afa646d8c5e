//===- States.cpp - steps of the pushdown automaton -----------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// See States.h. What is visited in one step is kept in a hash table whose entries carry the number of the step, so that
// it never has to be cleared.
//===----------------------------------------------------------------------===//
#include "runtime/src/constraint/States.h"

namespace lap {

namespace {

uint32_t hashOf(uint32_t a, uint32_t b, uint32_t c) {
  uint64_t hash = (uint64_t(a) << 32 | b) * 0x9E3779B97F4A7C15ull;
  hash = (hash ^ (hash >> 32) ^ c) * 0xD6E8FEB86659FD93ull;
  return uint32_t(hash >> 32);
}

} // namespace

void States::clear() {
  cells.restart();
  slots.restart();
  cells.addZeros(2);
  slots.addZeros(1024);
  if (!cells.failed()) {
    cells[UnknownStack].depth = MaxUnknownDepth;
  }
}

void States::growSlots() {
  Array<uint32_t> larger{4 * MaxCells};
  larger.addZeros(slots.size() * 2);
  if (larger.failed()) {
    return; // longer searches
  }
  uint32_t mask = larger.size() - 1;
  for (uint32_t cell : slots) {
    if (cell != 0) {
      uint32_t slot = hashOf(cells[cell].node, cells[cell].parent, 0) & mask;
      while (larger[slot] != 0) {
        slot = (slot + 1) & mask;
      }
      larger[slot] = cell;
    }
  }
  slots.swap(larger);
}

uint32_t States::push(uint32_t node, uint32_t parent) {
  if (cells.size() > slots.size() / 2) {
    growSlots();
  }
  uint32_t mask = slots.size() - 1, slot = hashOf(node, parent, 0) & mask;
  for (; slots[slot] != 0; slot = (slot + 1) & mask) {
    const Cell &cell = cells[slots[slot]];
    if (cell.node == node && cell.parent == parent) {
      return slots[slot];
    }
  }
  uint32_t distance = addDistance(net.nodes[node].distance, cells[parent].distance);
  uint32_t cell = cells.add({node, parent, distance, cells[parent].depth + 1});
  tooMany |= cell == 0;
  if (cell != 0) {
    slots[slot] = cell;
  }
  return cell;
}

void States::begin() {
  places = 0;
  if (++round == 0) {
    memset(static_cast<void *>(visited.begin()), 0, visited.size() * sizeof(Mark));
    round = 1;
  }
}

void States::visit(const Configuration &place) {
  ++work;
  const Node &node = net.nodes[place.node];
  if (node.distance == NoWay) {
    return;
  }
  uint32_t mask = visited.size() - 1, slot = hashOf(place.node, place.count, place.stack) & mask;
  for (; visited[slot].round == round; slot = (slot + 1) & mask) {
    const Configuration &known = visited[slot].place;
    if (known.node == place.node && known.count == place.count && known.stack == place.stack) {
      return;
    }
  }
  if (places++ == MaxPlaces) {
    tooMany = true;
    --places;
    return;
  }
  visited[slot] = {place, round};
  pending.add(place);
}

/// `count` rounds are done.
void States::enterLoop(const Node &node, const Configuration &place) {
  uint32_t count = node.b == Unlimited && place.count > node.a ? node.a : place.count;
  bool mayEnd = count >= node.a, shortest = cells[place.stack].depth >= MaxDepth;
  if (count < node.b && !(mayEnd && shortest)) {
    visit({node.c, count, place.stack});
  }
  if (mayEnd) {
    visit({node.next, 0, place.stack});
  }
}

void States::followOne(const Configuration &place, ConfigurationList &out) {
  const Node &node = net.nodes[place.node];
  switch (node.kind) {
  case NodeKind::Char:
    out.add(place);
    break;
  case NodeKind::End:
    if (place.stack <= UnknownStack) {
      out.add({0, 0, place.stack});
    } else {
      visit({cells[place.stack].node, 0, cells[place.stack].parent});
    }
    break;
  case NodeKind::Split: {
    bool shortest = cells[place.stack].depth >= MaxDepth;
    for (uint32_t i = 0; i < node.b; ++i) {
      uint32_t to = net.lists[node.a + i];
      if (!shortest || net.nodes[to].distance == node.distance) {
        visit({to, place.count, place.stack});
      }
    }
    break;
  }
  case NodeKind::Call: { // what returns only to return again needs no cell
    bool last = net.nodes[node.next].kind == NodeKind::End;
    uint32_t stack = last ? place.stack : push(node.next, place.stack);
    if (last || stack != 0) {
      visit({net.starts[node.a], 0, stack});
    }
    break;
  }
  case NodeKind::Loop:
    enterLoop(node, place);
    break;
  case NodeKind::Again:
    visit({node.a, place.count + 1, place.stack});
    break;
  }
}

void States::follow(ConfigurationList &out) {
  while (pending.size() != 0) {
    Configuration place = pending.back();
    pending.pop();
    followOne(place, out);
  }
}

void States::start(ConfigurationList &out) {
  begin();
  visit({net.starts[0], 0, EmptyStack});
  follow(out);
}

void States::step(const Configuration *set, uint32_t count, uint32_t character, ConfigurationList &out) {
  begin();
  for (uint32_t i = 0; i < count; ++i) {
    const Configuration place = set[i];
    const Node &node = net.nodes[place.node];
    ++work;
    if (node.kind == NodeKind::Char && net.contains(node, character)) {
      visit({node.next, place.count, place.stack});
    }
  }
  follow(out);
}

void States::popped(uint32_t stack, ConfigurationList &out) {
  begin();
  visit({0, 0, stack});
  follow(out);
}

bool States::accepts(const Configuration *set, uint32_t count, uint32_t low, uint32_t high) const {
  for (uint32_t i = 0; i < count; ++i) {
    const Node &node = net.nodes[set[i].node];
    if (node.kind == NodeKind::Char && net.grammar->meets(net.grammar->sets[node.a], low, high)) {
      return true;
    }
  }
  return false;
}

uint32_t States::distance(const Configuration *set, uint32_t count) const {
  uint32_t best = NoWay;
  for (uint32_t i = 0; i < count; ++i) {
    uint32_t far = addDistance(net.distance(set[i].node, set[i].count), cells[set[i].stack].distance);
    best = far < best ? far : best;
  }
  return best;
}

uint32_t States::distanceAfter(const Configuration *set, uint32_t count, uint32_t low, uint32_t high) const {
  uint32_t best = NoWay;
  for (uint32_t i = 0; i < count; ++i) {
    const Node &node = net.nodes[set[i].node];
    if (node.kind == NodeKind::Char && net.grammar->meets(net.grammar->sets[node.a], low, high)) {
      uint32_t far = addDistance(net.distance(node.next, set[i].count), cells[set[i].stack].distance);
      best = far < best ? far : best;
    }
  }
  return best;
}

} // namespace lap
