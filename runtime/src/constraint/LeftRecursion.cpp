//===- LeftRecursion.cpp - rules that call themselves first ---------------===//
// SPDX-License-Identifier: Apache-2.0
//
// A rule that calls itself before it reads a character would be entered for ever. Such grammars are refused, as
// llama.cpp does; every rule is checked, whether `root` reaches it or not.
//===----------------------------------------------------------------------===//
#include "runtime/src/constraint/Network.h"

namespace lap {

namespace {

/// Calls that can happen before any character is read, as edges between rules; then a search for a cycle.
class LeftCalls {
public:
  explicit LeftCalls(const Network &network) : net(network) {}
  bool findCycle(uint32_t *culprit);

private:
  void collect(uint32_t rule);
  void visit(uint32_t node) {
    if (marks[node] != mark) {
      marks[node] = mark;
      pending.add(node);
    }
  }
  const Network &net;
  Array<uint32_t> marks{1u << 19}, pending{1u << 19}, edges{1u << 20}, first{1u << 17};
  uint32_t mark = 0;
};

void LeftCalls::collect(uint32_t rule) {
  ++mark;
  visit(net.starts[rule]);
  while (pending.size() != 0) {
    const Node &node = net.nodes[pending.back()];
    pending.pop();
    if (node.kind == NodeKind::Split) {
      for (uint32_t i = 0; i < node.b; ++i) {
        visit(net.lists[node.a + i]);
      }
    } else if (node.kind == NodeKind::Call) {
      edges.add(node.a);
      if (net.nodes[net.starts[node.a]].distance == 0) {
        visit(node.next);
      }
    } else if (node.kind == NodeKind::Loop) {
      visit(node.c);
      if (node.a == 0) {
        visit(node.next);
      }
    }
  }
}

bool LeftCalls::findCycle(uint32_t *culprit) {
  uint32_t rules = net.starts.size();
  marks.addZeros(net.nodes.size());
  for (uint32_t rule = 0; rule < rules && !marks.failed(); ++rule) {
    first.add(edges.size());
    collect(rule);
  }
  first.add(edges.size());
  Array<uint32_t> colours{1u << 17}, path{1u << 17}, cursors{1u << 17}; // 0 new, 1 on the path, 2 done
  colours.addZeros(rules);
  cursors.addZeros(rules);
  *culprit = 0;
  if (marks.failed() || pending.failed() || edges.failed() || first.failed() || colours.failed() || cursors.failed()) {
    return true; // cannot be told: refuse
  }
  for (uint32_t root = 0; root < rules; ++root) {
    if (colours[root] == 0) {
      path.add(root);
      colours[root] = 1;
    }
    while (path.size() != 0) {
      uint32_t rule = path.back(), edge = first[rule] + cursors[rule];
      if (edge == first[rule + 1]) {
        colours[rule] = 2;
        path.pop();
        continue;
      }
      ++cursors[rule];
      uint32_t to = edges[edge];
      if (colours[to] == 1) {
        *culprit = to;
        return true;
      }
      if (colours[to] == 0) {
        colours[to] = 1;
        path.add(to);
      }
    }
  }
  return false;
}

} // namespace

bool Network::findLeftRecursion() { return LeftCalls(*this).findCycle(&culprit); }

} // namespace lap
