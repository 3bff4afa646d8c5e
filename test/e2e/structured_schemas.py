"""Forty schemas for run_structured.py, each with one more keyword or combination than the ones before.
SPDX-License-Identifier: Apache-2.0
"""

NODE = {"type": "object", "properties": {"value": {"type": "integer"}, "next": {"anyOf": [{"$ref": "#/$defs/node"},
        {"type": "null"}]}}, "required": ["value", "next"], "additionalProperties": False}
TREE = {"type": "object", "properties": {"name": {"type": "string", "maxLength": 8}, "children": {"type": "array",
        "items": {"$ref": "#/definitions/tree"}, "maxItems": 2}}, "required": ["name"]}


def record(*required, **properties):
    return {"type": "object", "properties": properties, "required": list(required or properties),
            "additionalProperties": False}


SCHEMAS = {
    "null": {"type": "null"},
    "boolean": {"type": "boolean"},
    "integer": {"type": "integer"},
    "number": {"type": "number"},
    "string": {"type": "string"},
    "anything": {},
    "free_object": {"type": "object"},
    "free_array": {"type": "array"},
    "nullable": {"type": ["string", "null"]},
    "enum": {"enum": ["red", "green", "a \"quoted\" one", 12, 1.5, None, True, {"x": [1, "\u00e9"]}]},
    "const": {"const": {"version": 2, "tags": ["a", "b"]}},
    "integer_range": {"type": "integer", "minimum": -17, "maximum": 1234},
    "integer_exclusive": {"type": "integer", "exclusiveMinimum": 99, "exclusiveMaximum": 101},
    "integer_open": {"type": "integer", "minimum": 18},
    "number_range": {"type": "number", "minimum": 0, "maximum": 1},
    "number_exclusive": {"type": "number", "exclusiveMinimum": -0.5, "exclusiveMaximum": 99.95},
    "number_negative": {"type": "number", "maximum": -3.25},
    "number_narrow": {"type": "number", "minimum": 3.14159, "maximum": 3.1416},
    "string_lengths": {"type": "string", "minLength": 3, "maxLength": 7},
    "pattern": {"type": "string", "pattern": "^[A-Z]{2,3}-\\d{4}(-[a-f0-9]+)?$"},
    "pattern_search": {"type": "string", "pattern": "(foo|bar)\\d"},
    "pattern_escapes": {"type": "string", "pattern": "^[\"\\\\/\\n\\t]{1,4}[^a-z\\s]$"},
    "pattern_length": {"type": "string", "pattern": "^\\w+$", "minLength": 2, "maxLength": 5},
    "formats": record(date={"type": "string", "format": "date"}, time={"type": "string", "format": "time"},
                      moment={"type": "string", "format": "date-time"}, id={"type": "string", "format": "uuid"},
                      wait={"type": "string", "format": "duration"}, at={"type": "string", "format": "json-pointer"}),
    "addresses": record(mail={"type": "string", "format": "email"}, v4={"type": "string", "format": "ipv4"},
                        v6={"type": "string", "format": "ipv6"}, host={"type": "string", "format": "hostname"},
                        link={"type": "string", "format": "uri"}),
    "array_lengths": {"type": "array", "items": {"type": "integer", "minimum": 0, "maximum": 9}, "minItems": 2,
                      "maxItems": 5},
    "tuple": {"type": "array", "prefixItems": [{"type": "string", "maxLength": 3}, {"type": "boolean"}],
              "items": {"type": "null"}, "minItems": 1, "maxItems": 4},
    "tuple_closed": {"type": "array", "prefixItems": [{"type": "number"}, {"const": "km"}], "items": False,
                     "minItems": 2},
    "matrix": {"type": "array", "items": {"type": "array", "items": {"type": "boolean"}, "minItems": 2, "maxItems": 2},
               "minItems": 1, "maxItems": 3},
    "person": {"type": "object", "properties": {
        "name": {"type": "string", "minLength": 1, "maxLength": 20}, "age": {"type": "integer", "minimum": 0, "maximum": 130},
        "email": {"type": ["string", "null"], "maxLength": 10},
        "address": record("city", street={"type": "string", "maxLength": 10}, city={"type": "string", "maxLength": 10}),
        "tags": {"type": "array", "items": {"enum": ["new", "old", "vip"]}, "maxItems": 3}},
        "required": ["name", "age", "address"]},
    "all_optional": {"type": "object", "properties": {"a": {"type": "integer"}, "b": {"type": "boolean"},
                                                      "c": {"type": "null"}, "d e\"f": {"type": "string", "maxLength": 2}}},
    "additional": {"type": "object", "properties": {"id": {"type": "integer"}, "idea": {"type": "null"}},
                   "required": ["id"], "additionalProperties": {"type": "boolean"}},
    "map": {"type": "object", "additionalProperties": {"type": "number", "minimum": 0, "maximum": 5},
            "minProperties": 1, "maxProperties": 3},
    "any_of": {"anyOf": [{"type": "integer", "minimum": 10, "maximum": 20}, {"type": "string", "maxLength": 2},
                         record(kind={"const": "x"})]},
    "one_of": {"oneOf": [
        record(kind={"const": "circle"}, radius={"type": "number", "exclusiveMinimum": 0, "maximum": 10}),
        record(kind={"const": "box"}, width={"type": "integer", "minimum": 1, "maximum": 9},
               height={"type": "integer", "minimum": 1, "maximum": 9}), {"type": "null"}]},
    "all_of": {"allOf": [{"$ref": "#/$defs/base"}, {"properties": {"size": {"type": "integer", "maximum": 50}},
                                                    "required": ["size"]}],
               "$defs": {"base": {"type": "object", "properties": {"id": {"type": "string", "format": "uuid"},
                                                                   "size": {"minimum": 40}}, "required": ["id"]}}},
    "list_of_nodes": {"$ref": "#/$defs/node", "$defs": {"node": NODE}},
    "tree": {"$ref": "#/definitions/tree", "definitions": {"tree": TREE}},
    "required_alternatives": {"type": "object", "properties": {"mail": {"type": "string", "maxLength": 4},
                                                               "phone": {"type": "string", "pattern": "^\\+\\d{3,9}$"}},
                              "anyOf": [{"required": ["mail"]}, {"required": ["phone"]}], "additionalProperties": False},
    "tool_call": record(name={"enum": ["get_weather", "get_time"]}, arguments=record(
        "city", city={"type": "string", "description": "a city", "maxLength": 12},
        unit={"type": "string", "enum": ["c", "f"], "default": "c"}, days={"type": "integer", "minimum": 1, "maximum": 14})),
}
assert len(SCHEMAS) == 40
