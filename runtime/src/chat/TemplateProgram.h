//===- TemplateProgram.h - a compiled chat template, as read-only data ---===//
// SPDX-License-Identifier: Apache-2.0
//
// A checkpoint's chat template is a program in Jinja. The compiler parses it (frontends/tokenizer) and puts the tree
// described here into the emitted program (lap_program.chat_format); the interpreter beside this file runs it on a
// conversation. Plain old data, little endian, offsets from the start of the block, no pointers.
//
// A tree is an array of nodes. Children come before their parents, so opening checks in one pass that there is no
// cycle, that every link and text lies inside the block and that every node has the children its kind needs; the
// interpreter relies on that and bounds only depth, steps and memory.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_RUNTIME_CHAT_TEMPLATEPROGRAM_H
#define LAPIDARY_RUNTIME_CHAT_TEMPLATEPROGRAM_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define LAP_TEMPLATE_MAGIC "LAPJINJA" /* 8 bytes, no NUL */

enum { LAP_TEMPLATE_VERSION = 1, LAP_TEMPLATE_ALIGN = 8 };

/* "No child here" among a node's links. */
#define LAP_NO_NODE 0xFFFFFFFFu

/* What a node is. c0, c1 .. are its children; [c1] may be LAP_NO_NODE; text is its name or literal. */
typedef enum lap_node_kind {
  /* Expressions */
  LAP_NODE_NONE,        /* None */
  LAP_NODE_BOOL,        /* op: 0 or 1 */
  LAP_NODE_INTEGER,     /* first and count are the low and high half of an int64 */
  LAP_NODE_FLOAT,       /* the same of a double */
  LAP_NODE_STRING,      /* text */
  LAP_NODE_NAME,        /* the variable `text` */
  LAP_NODE_LIST,        /* items */
  LAP_NODE_TUPLE,       /* items */
  LAP_NODE_MAP,         /* key, value, key, value .. */
  LAP_NODE_MEMBER,      /* c0.text */
  LAP_NODE_INDEX,       /* c0[c1] */
  LAP_NODE_SLICE,       /* c0[[c1]:[c2]:[c3]] */
  LAP_NODE_CALL,        /* c0(c1 ..); named arguments are LAP_NODE_KEYWORD */
  LAP_NODE_KEYWORD,     /* text=c0, only inside calls */
  LAP_NODE_FUNCTION,    /* op: lap_template_function; arguments by parameter, or keywords */
  LAP_NODE_METHOD,      /* c0.op(c1 ..), op: lap_template_method */
  LAP_NODE_FILTER,      /* c0 | op([c1] ..), op: lap_template_filter */
  LAP_NODE_MAP_FILTER,  /* c0 | map('op', [c1] ..) */
  LAP_NODE_MAP_MEMBER,  /* c0 | map(attribute=c1, default=[c2]) */
  LAP_NODE_SELECT,      /* c0 | select('op', [c2] ..); with c1: selectattr(c1, 'op', [c2] ..); flags 1: reject */
  LAP_NODE_TEST,        /* c0 is op([c1] ..), op: lap_template_test */
  LAP_NODE_NOT,         /* not c0 */
  LAP_NODE_NEGATE,      /* -c0 */
  LAP_NODE_POSITIVE,    /* +c0 */
  LAP_NODE_AND,         /* c0 and c1 */
  LAP_NODE_OR,          /* c0 or c1 */
  LAP_NODE_BINARY,      /* c0 op c1, op: lap_template_operator up to LAP_OP_CONCAT */
  LAP_NODE_COMPARE,     /* c0 op1 c1 op2 c2 ..: c1 .. are LAP_NODE_COMPARE_TO */
  LAP_NODE_COMPARE_TO,  /* op c0, op: lap_template_operator from LAP_OP_EQUAL on */
  LAP_NODE_CONDITIONAL, /* c0 if c1 else [c2] */
  /* Statements */
  LAP_NODE_TEXT,      /* text */
  LAP_NODE_OUTPUT,    /* {{ c0 }} */
  LAP_NODE_BLOCK,     /* statements */
  LAP_NODE_IF,        /* condition, body, condition, body .. [else body] */
  LAP_NODE_FOR,       /* c0: iterable, [c1]: filter, c2: body, [c3]: else body, c4 ..: targets (LAP_NODE_NAME) */
  LAP_NODE_SET,       /* c0: value, c1 ..: targets (LAP_NODE_NAME, or LAP_NODE_MEMBER of a name) */
  LAP_NODE_SET_BLOCK, /* c0: body, c1: target */
  LAP_NODE_MACRO,     /* macro `text`; c0: body, c1 ..: LAP_NODE_PARAMETER */
  LAP_NODE_PARAMETER, /* text=[c0], only inside macros */
  LAP_NODE_WITH,      /* c0: body, c1 ..: LAP_NODE_SET in the scope of the body */
  LAP_NODE_BREAK,
  LAP_NODE_CONTINUE,
  LAP_NODE_KINDS
} lap_node_kind;

typedef enum lap_template_operator {
  LAP_OP_ADD,
  LAP_OP_SUBTRACT,
  LAP_OP_MULTIPLY,
  LAP_OP_DIVIDE,
  LAP_OP_FLOOR_DIVIDE,
  LAP_OP_MODULO,
  LAP_OP_POWER,
  LAP_OP_CONCAT, /* ~ */
  LAP_OP_EQUAL,
  LAP_OP_NOT_EQUAL,
  LAP_OP_LESS,
  LAP_OP_LESS_EQUAL,
  LAP_OP_GREATER,
  LAP_OP_GREATER_EQUAL,
  LAP_OP_IN,
  LAP_OP_NOT_IN,
  LAP_OPERATORS
} lap_template_operator;

typedef enum lap_template_filter {
#define LAP_FILTER(ID, NAME, PARAMETERS, REQUIRED) LAP_FILTER_##ID,
#include "runtime/src/chat/TemplateOps.def"
  LAP_FILTERS
} lap_template_filter;

typedef enum lap_template_test {
#define LAP_TEST(ID, NAME, PARAMETERS, REQUIRED) LAP_TEST_##ID,
#include "runtime/src/chat/TemplateOps.def"
  LAP_TESTS
} lap_template_test;

typedef enum lap_template_method {
#define LAP_METHOD(ID, NAME, PARAMETERS, REQUIRED) LAP_METHOD_##ID,
#include "runtime/src/chat/TemplateOps.def"
  LAP_METHODS
} lap_template_method;

typedef enum lap_template_function {
#define LAP_FUNCTION(ID, NAME, PARAMETERS, REQUIRED) LAP_FUNCTION_##ID,
#include "runtime/src/chat/TemplateOps.def"
  LAP_FUNCTIONS
} lap_template_function;

enum { LAP_SELECT_REJECT = 1 }; /* flags of LAP_NODE_SELECT */

typedef struct lap_template_node {
  uint8_t kind; /* lap_node_kind */
  uint8_t op;
  uint16_t flags;
  uint32_t line;             /* of the source, from 1 */
  uint32_t first, count;     /* children: links[first .. first + count) */
  uint32_t text, text_bytes; /* bytes of `strings` */
} lap_template_node;

/* lap_template.flags */
enum {
  LAP_TEMPLATE_KNOWS_THINKING = 1, /* the template reads enable_thinking */
  LAP_TEMPLATE_KNOWS_TOOLS = 2,    /* the template reads tools */
  LAP_TEMPLATE_ASSUMED = 4         /* the checkpoint has no template: this is Gemma 4's official format */
};

/* The header of the block. */
typedef struct lap_template {
  char magic[8];
  uint32_t version;
  uint32_t flags;
  uint32_t total_bytes;
  uint32_t nodes, node_count; /* offset of lap_template_node[node_count] */
  uint32_t links, link_count; /* offset of uint32_t[link_count] */
  uint32_t strings;           /* offset of the texts */
  uint32_t string_bytes;
  uint32_t constants; /* a LAP_NODE_MAP: variables that are always there (bos_token ..) */
  uint32_t body;      /* a statement: the template */
} lap_template;

/* The template in `block` (bytes long, 8-byte aligned), or NULL when it is not a sound one. */
const lap_template *lap_template_open(const void *block, uint64_t bytes);

#ifdef __cplusplus
}
#endif
#endif
