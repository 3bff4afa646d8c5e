//===- TemplateBuilder.cpp - nodes to a template program -----------------===//
// SPDX-License-Identifier: Apache-2.0
//
// See TemplateBuilder.h. Templates have at most 1 MiB (Limits.h), so offsets fit 32 bits.
//===----------------------------------------------------------------------===//
#include "frontends/tokenizer/TemplateBuilder.h"

#include <algorithm>
#include <cstring>

using namespace lapidary::jinja;

uint32_t TemplateBuilder::lineOf(size_t at) {
  if (lineStarts.empty()) {
    lineStarts.push_back(0);
    for (size_t i = 0; i < source.size(); ++i) {
      if (source[i] == '\n') {
        lineStarts.push_back(i + 1);
      }
    }
  }
  auto after = std::upper_bound(lineStarts.begin(), lineStarts.end(), at);
  return static_cast<uint32_t>(after - lineStarts.begin());
}

uint32_t TemplateBuilder::intern(const std::string &text) {
  auto [entry, isNew] = offsets.emplace(text, static_cast<uint32_t>(strings.size()));
  if (isNew) {
    strings += text;
  }
  return entry->second;
}

NodeId TemplateBuilder::add(lap_node_kind kind, size_t at, const std::vector<NodeId> &children, const std::string &text,
                            uint8_t op, uint16_t flags) {
  lap_template_node node = {};
  node.kind = static_cast<uint8_t>(kind);
  node.op = op;
  node.flags = flags;
  node.line = lineOf(at);
  node.first = static_cast<uint32_t>(links.size());
  node.count = static_cast<uint32_t>(children.size());
  node.text = intern(text);
  node.text_bytes = static_cast<uint32_t>(text.size());
  links.insert(links.end(), children.begin(), children.end());
  nodes.push_back(node);
  return static_cast<NodeId>(nodes.size() - 1);
}

NodeId TemplateBuilder::addNumber(lap_node_kind kind, size_t at, uint64_t bits) {
  NodeId id = add(kind, at);
  nodes[id].first = static_cast<uint32_t>(bits);
  nodes[id].count = static_cast<uint32_t>(bits >> 32);
  return id;
}

NodeId TemplateBuilder::addFloat(size_t at, double value) {
  uint64_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  return addNumber(LAP_NODE_FLOAT, at, bits);
}

bool TemplateBuilder::readsVariable(const std::string &name) const {
  auto text = offsets.find(name);
  return text != offsets.end() && std::any_of(nodes.begin(), nodes.end(), [&](const lap_template_node &node) {
           return node.kind == LAP_NODE_NAME && node.text == text->second && node.text_bytes == name.size();
         });
}

std::vector<char> TemplateBuilder::finish(NodeId constants, NodeId body, uint32_t flags) const {
  lap_template header = {};
  std::memcpy(header.magic, LAP_TEMPLATE_MAGIC, sizeof header.magic);
  header.version = LAP_TEMPLATE_VERSION;
  header.flags = flags;
  header.node_count = static_cast<uint32_t>(nodes.size());
  header.link_count = static_cast<uint32_t>(links.size());
  header.string_bytes = static_cast<uint32_t>(strings.size());
  header.nodes = sizeof header;
  header.links = header.nodes + header.node_count * static_cast<uint32_t>(sizeof(lap_template_node));
  header.strings = header.links + header.link_count * static_cast<uint32_t>(sizeof(uint32_t));
  header.constants = constants;
  header.body = body;
  uint32_t bytes = header.strings + header.string_bytes;
  header.total_bytes = (bytes + LAP_TEMPLATE_ALIGN - 1) / LAP_TEMPLATE_ALIGN * LAP_TEMPLATE_ALIGN;
  std::vector<char> block(header.total_bytes);
  std::memcpy(block.data(), &header, sizeof header);
  std::copy_n(reinterpret_cast<const char *>(nodes.data()), nodes.size() * sizeof nodes[0], &block[header.nodes]);
  std::copy_n(reinterpret_cast<const char *>(links.data()), links.size() * sizeof links[0],
              block.data() + header.links);
  std::copy(strings.begin(), strings.end(), block.begin() + header.strings);
  return block;
}
