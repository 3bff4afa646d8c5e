//===- SchemaMembers.h - which members an object may have -----------------===//
// SPDX-License-Identifier: Apache-2.0
//
// What the schemas of a conjunction together say about names: those that are declared or required, and whether others
// are welcome. SchemaObject.cpp makes a grammar of it.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_RUNTIME_CONSTRAINT_SCHEMAMEMBERS_H
#define LAPIDARY_RUNTIME_CONSTRAINT_SCHEMAMEMBERS_H

#include "runtime/src/constraint/SchemaTranslator.h"

namespace lap {

struct Member {
  const char *name; // in the schema
  uint32_t bytes;
  bool required;
  uint32_t pair; // expression: key, colon, value
};

class ObjectMembers {
public:
  static constexpr uint32_t Most = 2000;

  explicit ObjectMembers(SchemaTranslator &translator) : t(translator), json(t.json) {}

  /// Fills `declared` and `open`. Refuses what has the wrong type or is not supported.
  void collect(const Conjunction &conjunction);
  /// By the bytes of their names.
  void sort();

  Array<Member> declared{Most}; // in order of declaration, then those that are only required
  bool open = false;            // others are asked for

private:
  bool addProperties(uint32_t schema);
  bool readAdditional(uint32_t schema);
  bool addRequired(uint32_t schema);
  uint32_t memberOf(const char *name, uint32_t bytes);

  SchemaTranslator &t;
  const Json &json;
  bool anyProperties = false, closed = false; // some schema has "properties"; others are forbidden
};

} // namespace lap

#endif // LAPIDARY_RUNTIME_CONSTRAINT_SCHEMAMEMBERS_H
