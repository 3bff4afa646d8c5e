//===- TemplateBuilder.h - nodes to a template program -------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The parser adds nodes as it understands them, children before parents; the builder lays them out as
// runtime/src/chat/TemplateProgram.h describes. Equal texts are stored once.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_FRONTENDS_TOKENIZER_TEMPLATEBUILDER_H
#define LAPIDARY_FRONTENDS_TOKENIZER_TEMPLATEBUILDER_H

#include "runtime/src/chat/TemplateProgram.h"

#include <map>
#include <string>
#include <vector>

namespace lapidary::jinja {

using NodeId = uint32_t;

class TemplateBuilder {
public:
  /// The source gives nodes their lines; it must outlive the builder.
  explicit TemplateBuilder(const std::string &source) : source(source) {}

  /// Adds a node that starts at byte `at` of the source. Children may be LAP_NO_NODE where the kind allows it.
  NodeId add(lap_node_kind kind, size_t at, const std::vector<NodeId> &children = {}, const std::string &text = "",
             uint8_t op = 0, uint16_t flags = 0);
  NodeId addInteger(size_t at, int64_t value) { return addNumber(LAP_NODE_INTEGER, at, static_cast<uint64_t>(value)); }
  NodeId addFloat(size_t at, double value);

  lap_node_kind kindOf(NodeId node) const { return static_cast<lap_node_kind>(nodes[node].kind); }
  std::string textOf(NodeId node) const { return strings.substr(nodes[node].text, nodes[node].text_bytes); }
  NodeId childOf(NodeId node, size_t i) const { return links[nodes[node].first + i]; }
  /// Whether some node is a variable of this name.
  bool readsVariable(const std::string &name) const;
  size_t nodeCount() const { return nodes.size(); }

  /// The block of lap_program.chat_format, to be placed at an 8-byte boundary.
  std::vector<char> finish(NodeId constants, NodeId body, uint32_t flags) const;

private:
  NodeId addNumber(lap_node_kind kind, size_t at, uint64_t bits);
  uint32_t lineOf(size_t at);
  uint32_t intern(const std::string &text);

  const std::string &source;
  std::vector<lap_template_node> nodes;
  std::vector<uint32_t> links;
  std::string strings;
  std::map<std::string, uint32_t> offsets; // of texts in `strings`
  std::vector<size_t> lineStarts;
};

} // namespace lapidary::jinja

#endif // LAPIDARY_FRONTENDS_TOKENIZER_TEMPLATEBUILDER_H
