//===- JinjaCalls.cpp - calls by name ------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Filters, tests, methods and functions: TemplateOps.def says which there are and what they take. Names become numbers
// and arguments find their parameter's place here, so that an unknown one is found when the program is compiled.
//===----------------------------------------------------------------------===//
#include "frontends/tokenizer/JinjaGrammar.h"
#include "support/Suggest.h"

#include <algorithm>

using namespace lapidary::jinja;

namespace {

std::vector<std::string> splitNames(const std::string &names) {
  std::vector<std::string> found;
  for (size_t start = 0; start < names.size();) {
    size_t comma = std::min(names.find(',', start), names.size());
    found.push_back(names.substr(start, comma - start));
    start = comma + 1;
  }
  return found;
}

} // namespace

#define ROW(ID, NAME, PARAMETERS, REQUIRED) {NAME, PARAMETERS, REQUIRED},
const Parser::Callable Parser::filters[] = {
#define LAP_FILTER ROW
#include "runtime/src/chat/TemplateOps.def"
};
const Parser::Callable Parser::tests[] = {
#define LAP_TEST ROW
#include "runtime/src/chat/TemplateOps.def"
};
const Parser::Callable Parser::methods[] = {
#define LAP_METHOD ROW
#include "runtime/src/chat/TemplateOps.def"
};
const Parser::Callable Parser::functions[] = {
#define LAP_FUNCTION ROW
#include "runtime/src/chat/TemplateOps.def"
};
#undef ROW

template <size_t Count>
unsigned Parser::find(const Callable (&table)[Count], const std::string &name, const char *what, size_t where) {
  std::vector<std::string> known;
  for (unsigned i = 0; i < Count; ++i) {
    if (name == table[i].name) {
      return i;
    }
    known.push_back(table[i].name);
  }
  failAt(where, std::string("the ") + what + " '" + name + "' is not known", didYouMean(name, known));
  return 0;
}

/// (a, b, name=c); the opening parenthesis is the next token.
Parser::CallArguments Parser::arguments() {
  CallArguments args;
  expect("(");
  while (!failure && !isOperator(")")) {
    bool isNamed = peek().kind == Token::Kind::Name && peek(1).kind == Token::Kind::Operator && peek(1).text == "=";
    if (isNamed) {
      std::string key = name();
      ++at;
      args.named.emplace_back(key, expression());
    } else if (!args.named.empty()) {
      fail("an argument without a name behind one with a name");
    } else {
      args.positional.push_back(expression());
    }
    if (!accept(",")) {
      break;
    }
  }
  expect(")");
  return args;
}

bool Parser::place(const Callable &callable, const CallArguments &args, size_t where, std::vector<NodeId> &children) {
  std::string call = std::string("'") + callable.name + "'";
  if (std::string(callable.parameters) == "*") {
    children.insert(children.end(), args.positional.begin(), args.positional.end());
    return args.named.empty() || failAt(where, call + " takes no named arguments");
  }
  std::vector<std::string> parameters = splitNames(callable.parameters);
  std::vector<NodeId> placed = args.positional;
  if (placed.size() > parameters.size()) {
    return failAt(where, call + " takes " + std::to_string(parameters.size()) + " arguments, " +
                             std::to_string(placed.size()) + " are given");
  }
  placed.resize(parameters.size(), LAP_NO_NODE);
  for (const auto &[key, value] : args.named) {
    size_t which = std::find(parameters.begin(), parameters.end(), key) - parameters.begin();
    if (which == parameters.size() || placed[which] != LAP_NO_NODE) {
      return failAt(where, call + " takes no argument '" + key + "'", didYouMean(key, parameters));
    }
    placed[which] = value;
  }
  for (unsigned i = 0; i < callable.required; ++i) {
    if (placed[i] == LAP_NO_NODE) {
      return failAt(where, call + " needs an argument '" + parameters[i] + "'");
    }
  }
  while (!placed.empty() && placed.back() == LAP_NO_NODE) {
    placed.pop_back();
  }
  children.insert(children.end(), placed.begin(), placed.end());
  return true;
}

NodeId Parser::callName(const std::string &callee, size_t where) {
  CallArguments args = arguments();
  std::vector<NodeId> children;
  auto function = std::find_if(std::begin(functions), std::end(functions), [&](auto &f) { return callee == f.name; });
  if (macros.count(callee) || function == std::end(functions)) {
    if (!macros.count(callee)) {
      unknownCalls.emplace_back(callee, where);
    }
    children.push_back(builder.add(LAP_NODE_NAME, where, {}, callee));
    children.insert(children.end(), args.positional.begin(), args.positional.end());
    for (const auto &[key, value] : args.named) {
      children.push_back(builder.add(LAP_NODE_KEYWORD, where, {value}, key));
    }
    return builder.add(LAP_NODE_CALL, where, children);
  }
  uint8_t op = static_cast<uint8_t>(function - functions);
  if (std::string(function->parameters) != "**") {
    place(*function, args, where, children);
    return builder.add(LAP_NODE_FUNCTION, where, children, "", op);
  }
  if (!args.positional.empty()) {
    failAt(where, "'" + callee + "' takes named arguments only");
  }
  for (const auto &[key, value] : args.named) {
    children.push_back(builder.add(LAP_NODE_KEYWORD, where, {value}, key));
  }
  return builder.add(LAP_NODE_FUNCTION, where, children, "", op);
}

NodeId Parser::callMethod(NodeId object, const std::string &method, size_t where) {
  CallArguments args = arguments();
  unsigned op = find(methods, method, "method", where);
  std::vector<NodeId> children = {object};
  if (!failure) {
    place(methods[op], args, where, children);
  }
  return builder.add(LAP_NODE_METHOD, where, children, method, static_cast<uint8_t>(op));
}

/// Filters with a node of their own, like map.
static const std::string selecting[] = {"select", "reject", "selectattr", "rejectattr"};

NodeId Parser::filter(NodeId value) {
  size_t where = peek().at;
  std::string filterName = name();
  CallArguments args = isOperator("(") ? arguments() : CallArguments();
  if (failure) {
    return value;
  }
  if (filterName == "map") {
    return mapFilter(value, args, where);
  }
  if (std::find(std::begin(selecting), std::end(selecting), filterName) != std::end(selecting)) {
    return selectFilter(value, filterName, args, where);
  }
  unsigned op = find(filters, filterName, "filter", where);
  std::vector<NodeId> children = {value};
  if (!failure) {
    place(filters[op], args, where, children);
  }
  return builder.add(LAP_NODE_FILTER, where, children, "", static_cast<uint8_t>(op));
}

/// map('filter', args) or map(attribute=.., default=..).
NodeId Parser::mapFilter(NodeId value, CallArguments args, size_t where) {
  static const Callable byMember = {"map", "attribute,default", 1};
  std::vector<NodeId> children = {value};
  if (args.positional.empty()) {
    place(byMember, args, where, children);
    children.resize(3, LAP_NO_NODE);
    children[1] = children[1] == LAP_NO_NODE ? value : children[1];
    return builder.add(LAP_NODE_MAP_MEMBER, where, children);
  }
  if (builder.kindOf(args.positional[0]) != LAP_NODE_STRING) {
    failAt(where, "map needs the name of a filter as a text");
    return value;
  }
  unsigned op = find(filters, builder.textOf(args.positional[0]), "filter", where);
  args.positional.erase(args.positional.begin());
  if (!failure) {
    place(filters[op], args, where, children);
  }
  return builder.add(LAP_NODE_MAP_FILTER, where, children, "", static_cast<uint8_t>(op));
}

/// select('test', args), selectattr('member', 'test', args), and reject.
NodeId Parser::selectFilter(NodeId value, const std::string &filterName, CallArguments args, size_t where) {
  bool byMember = filterName.size() > 6;
  auto take = [&] {
    NodeId first = args.positional.empty() ? LAP_NO_NODE : args.positional[0];
    args.positional.erase(args.positional.begin(), args.positional.begin() + !args.positional.empty());
    return first;
  };
  std::vector<NodeId> children = {value, byMember ? take() : LAP_NO_NODE};
  if (byMember && children[1] == LAP_NO_NODE) {
    failAt(where, "'" + filterName + "' needs the name of a member");
  }
  unsigned op = LAP_TEST_Truthy;
  NodeId testName = take();
  if (testName != LAP_NO_NODE) {
    bool isText = builder.kindOf(testName) == LAP_NODE_STRING;
    std::string text = isText ? builder.textOf(testName) : "";
    op = isText ? find(tests, text == "==" ? "eq" : text == "!=" ? "ne" : text, "test", where) : op;
    if (!isText) {
      failAt(where, "'" + filterName + "' needs the name of a test as a text");
    }
  }
  if (!failure) {
    place(tests[op], args, where, children);
  }
  uint16_t flags = filterName[0] == 'r' ? LAP_SELECT_REJECT : 0;
  return builder.add(LAP_NODE_SELECT, where, children, "", static_cast<uint8_t>(op), flags);
}

/// value is [not] name, name(args) or name arg; `is` has been read.
NodeId Parser::test(NodeId value) {
  bool negated = accept("not");
  size_t where = peek().at;
  std::string testName = name();
  CallArguments args;
  Token::Kind next = peek().kind;
  bool word = next == Token::Kind::Name && !isName("else") && !isName("or") && !isName("and") && !isName("is") &&
              !isName("if") && !isName("in") && !isName("not");
  bool literal = next == Token::Kind::String || next == Token::Kind::Integer || next == Token::Kind::Float ||
                 isOperator("[") || isOperator("{");
  if (isOperator("(")) {
    args = arguments();
  } else if (!failure && (word || literal)) {
    args.positional.push_back(postfix(primary()));
  }
  unsigned op = failure ? 0 : find(tests, testName, "test", where);
  std::vector<NodeId> children = {value};
  if (!failure) {
    place(tests[op], args, where, children);
  }
  NodeId node = builder.add(LAP_NODE_TEST, where, children, "", static_cast<uint8_t>(op));
  return negated ? builder.add(LAP_NODE_NOT, where, {node}) : node;
}
