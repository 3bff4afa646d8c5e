"""Random schemas for run_structured.py: what no list of examples thinks of.
SPDX-License-Identifier: Apache-2.0
"""
import random

PATTERNS = ("^[a-c]+x$", "^a?b{2,3}$", "x[0-9]", "^(ab|cd)*$", "\\d$|^z", "^[^a-z]{1,3}$", "^\\S+@\\w{2}$", "^[^\\s\\d].$")
NAMES = ("a", "b", "ab", "abc", "kind", "x y", "\u00e9")


class RandomSchemas:
    """The same seed gives the same schemas."""

    def __init__(self, seed):
        self.random = random.Random(seed)

    def leaf(self):
        pick = self.random
        return pick.choice((
            {"type": "integer", "minimum": pick.randint(-5, 5), "maximum": pick.randint(6, 300)},
            {"type": "number", "exclusiveMinimum": pick.choice((0, -1.5, 3)), "maximum": pick.choice((4, 7.25, 10))},
            {"type": "string", "minLength": pick.randint(0, 2), "maxLength": pick.randint(2, 8)},
            {"type": "string", "pattern": pick.choice(PATTERNS)},
            {"type": "string", "format": pick.choice(("date", "ipv4", "uuid", "email"))},
            {"enum": pick.sample(("a", "b", "ab", 1, 2, None, True, 1.5, "x y"), pick.randint(1, 5))},
            {"const": pick.choice(("k", 3, None, [1, 2], {"z": 1}))},
            {"type": pick.sample(("null", "boolean", "integer"), 2)}, True, {}, {"$ref": "#/$defs/shared"}))

    def object(self, depth):
        pick = self.random
        names = pick.sample(NAMES, pick.randint(0, 4))
        schema = {"type": "object", "properties": {name: self.schema(depth) for name in names}}
        if pick.random() < 0.6:
            schema["required"] = pick.sample(names, pick.randint(0, len(names))) + (["q"] if pick.random() < 0.2 else [])
        if pick.random() < 0.5:
            schema["additionalProperties"] = pick.choice((False, True, self.leaf()))
        if pick.random() < 0.2:
            schema["minProperties"] = pick.randint(0, 1)
        if names and pick.random() < 0.15:
            schema["anyOf"] = [{"required": [name]} for name in names]
        return schema

    def array(self, depth):
        pick = self.random
        schema = {"type": "array", "items": self.schema(depth)}
        if pick.random() < 0.7:
            schema.update(minItems=pick.randint(0, 2), maxItems=pick.randint(2, 4))
        if pick.random() < 0.4:
            schema["prefixItems"] = [self.schema(depth) for _ in range(pick.randint(1, 3))]
        return schema

    def schema(self, depth):
        pick = self.random
        kind = pick.randrange(8) if depth else 0
        if kind < 2:
            return self.leaf()
        if kind < 5:
            return self.object(depth - 1)
        if kind == 5:
            return self.array(depth - 1)
        if kind == 6:
            return {pick.choice(("anyOf", "anyOf", "oneOf")): [self.schema(depth - 1) for _ in range(pick.randint(1, 3))]}
        more = ({}, {"minLength": 1}, {"maximum": 50}, {"properties": {"a": self.leaf()}}, {"maxItems": 3},
                {"additionalProperties": pick.choice((self.leaf(), False))})
        return {"allOf": [self.schema(depth - 1), pick.choice(more)]}

    def next(self):
        schema = self.schema(3)
        schema = {} if schema is True else schema
        recursive = {"type": "array", "items": {"$ref": "#/$defs/shared"}, "maxItems": 2}
        schema["$defs"] = {"shared": self.random.choice((recursive, {"type": "boolean"}, {"type": "string", "maxLength": 3}))}
        return schema
