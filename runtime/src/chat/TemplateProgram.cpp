//===- TemplateProgram.cpp - check a compiled template -------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// One pass over the nodes. What a kind needs is one row of a table.
//===----------------------------------------------------------------------===//
#include "runtime/src/chat/TemplateProgram.h"

#include <string.h>

namespace {

constexpr uint32_t Any = 0xFFFFFFFFu;

/// Children of a kind: how many, which may be missing (bit i: child i; bit 31: every one from 1 on), how large op is.
struct Shape {
  uint32_t least, most, optional, ops;
};

constexpr uint32_t Tail = 1u << 31;

constexpr Shape Shapes[LAP_NODE_KINDS] = {
    {0, 0, 0, 1},                  // NONE
    {0, 0, 0, 2},                  // BOOL
    {0, 0, 0, 1},                  // INTEGER: no links
    {0, 0, 0, 1},                  // FLOAT: no links
    {0, 0, 0, 1},                  // STRING
    {0, 0, 0, 1},                  // NAME
    {0, Any, 0, 1},                // LIST
    {0, Any, 0, 1},                // TUPLE
    {0, Any, 0, 1},                // MAP
    {1, 1, 0, 1},                  // MEMBER
    {2, 2, 0, 1},                  // INDEX
    {4, 4, 2 | 4 | 8, 1},          // SLICE
    {1, Any, 0, 1},                // CALL
    {1, 1, 0, 1},                  // KEYWORD
    {0, Any, Tail, LAP_FUNCTIONS}, // FUNCTION
    {1, Any, Tail, LAP_METHODS},   // METHOD
    {1, Any, Tail, LAP_FILTERS},   // FILTER
    {1, Any, Tail, LAP_FILTERS},   // MAP_FILTER
    {3, 3, 4, 1},                  // MAP_MEMBER
    {2, Any, Tail, LAP_TESTS},     // SELECT
    {1, Any, Tail, LAP_TESTS},     // TEST
    {1, 1, 0, 1},                  // NOT
    {1, 1, 0, 1},                  // NEGATE
    {1, 1, 0, 1},                  // POSITIVE
    {2, 2, 0, 1},                  // AND
    {2, 2, 0, 1},                  // OR
    {2, 2, 0, LAP_OP_CONCAT + 1},  // BINARY
    {2, Any, 0, 1},                // COMPARE
    {1, 1, 0, LAP_OPERATORS},      // COMPARE_TO
    {3, 3, 4, 1},                  // CONDITIONAL
    {0, 0, 0, 1},                  // TEXT
    {1, 1, 0, 1},                  // OUTPUT
    {0, Any, 0, 1},                // BLOCK
    {2, Any, 0, 1},                // IF
    {5, Any, 2 | 8, 1},            // FOR
    {2, Any, 0, 1},                // SET
    {2, 2, 0, 1},                  // SET_BLOCK
    {1, Any, 0, 1},                // MACRO
    {1, 1, 1, 1},                  // PARAMETER
    {1, Any, 0, 1},                // WITH
    {0, 0, 0, 1},                  // BREAK
    {0, 0, 0, 1},                  // CONTINUE
};

bool inside(uint64_t offset, uint64_t count, uint64_t size, uint64_t alignment, uint64_t total) {
  return offset % alignment == 0 && offset <= total && count <= (total - offset) / size;
}

bool checkNode(const lap_template &program, const lap_template_node &node, uint32_t index, const uint32_t *links) {
  if (node.kind >= LAP_NODE_KINDS || !inside(node.text, node.text_bytes, 1, 1, program.string_bytes)) {
    return false;
  }
  const Shape &shape = Shapes[node.kind];
  if (node.op >= shape.ops) {
    return false;
  }
  if (node.kind == LAP_NODE_INTEGER || node.kind == LAP_NODE_FLOAT) {
    return true;
  }
  if (node.count < shape.least || node.count > shape.most ||
      !inside(node.first, node.count, 1, 1, program.link_count)) {
    return false;
  }
  for (uint32_t i = 0; i < node.count; ++i) {
    uint32_t child = links[node.first + i];
    bool optional =
        (i < 31 && (shape.optional >> i & 1)) || ((shape.optional & Tail) && i > 0) || (node.kind == LAP_NODE_FUNCTION);
    if (child == LAP_NO_NODE ? !optional : child >= index) {
      return false;
    }
  }
  return true;
}

} // namespace

const lap_template *lap_template_open(const void *block, uint64_t bytes) {
  if (!block || bytes < sizeof(lap_template) || reinterpret_cast<uintptr_t>(block) % LAP_TEMPLATE_ALIGN != 0) {
    return nullptr;
  }
  const lap_template &program = *static_cast<const lap_template *>(block);
  if (memcmp(program.magic, LAP_TEMPLATE_MAGIC, 8) != 0 || program.version != LAP_TEMPLATE_VERSION ||
      program.total_bytes > bytes) {
    return nullptr;
  }
  uint64_t total = program.total_bytes;
  bool fits = inside(program.nodes, program.node_count, sizeof(lap_template_node), 4, total) &&
              inside(program.links, program.link_count, 4, 4, total) &&
              inside(program.strings, program.string_bytes, 1, 1, total) && program.body < program.node_count &&
              program.constants < program.node_count;
  if (!fits) {
    return nullptr;
  }
  const char *base = static_cast<const char *>(block);
  const lap_template_node *nodes = reinterpret_cast<const lap_template_node *>(base + program.nodes);
  const uint32_t *links = reinterpret_cast<const uint32_t *>(base + program.links);
  for (uint32_t i = 0; i < program.node_count; ++i) {
    if (!checkNode(program, nodes[i], i, links)) {
      return nullptr;
    }
  }
  return &program;
}
