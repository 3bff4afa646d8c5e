//===- Rotary.cpp - rope_parameters ----------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// "default" rotates every pair; "proportional" rotates the first floor(partial_rotary_factor * headDim / 2) pairs with
// frequencies spaced as if all were rotated (gemma4-spec 4.3). Other types change frequencies in other ways.
//===----------------------------------------------------------------------===//
#include "frontends/huggingface/ModelConfigParts.h"

#include <cmath>

namespace lapidary {

RotaryFields readRotary(const ConfigFields &text, const std::string &kind) {
  bool full = kind == "full_attention";
  const JsonValue *all = text.member("rope_parameters");
  if (!all) {
    return full ? RotaryFields{1e6, 1.0, 0.25} : RotaryFields{1e4, 1.0, 1.0};
  }
  ConfigFields types = text.inside("rope_parameters", *all);
  const JsonValue *object = types.member(kind);
  RotaryFields rotary;
  if (!object) {
    if (!types.find(kind)) {
      types.error(ErrorCode::ConfigMissingField, kind, "is missing, expected rope_type and rope_theta of these layers");
    }
    return rotary;
  }
  ConfigFields fields = types.inside(kind, *object);
  std::string type = fields.string("rope_type").value_or("default");
  rotary.theta = fields.real("rope_theta", 1.0, 1e12, full ? 1e6 : 1e4);
  rotary.factor = fields.real("factor", 1e-3, 1e6, 1.0);
  rotary.partial = fields.real("partial_rotary_factor", 1e-6, 1.0, 1.0);
  if (type != "default" && type != "proportional") {
    fields.error(ErrorCode::UnsupportedRope, "rope_type",
                 "is " + quoted(type) + ", expected 'default' or 'proportional'");
  } else if (type == "default" && (rotary.partial != 1.0 || rotary.factor != 1.0)) {
    fields.error(ErrorCode::UnsupportedRope, "rope_type",
                 "is 'default' with partial_rotary_factor or factor, expected 'proportional' with them");
  }
  return rotary;
}

RotaryConfig rotaryFor(const RotaryFields &fields, uint32_t headDim) {
  RotaryConfig rotary;
  rotary.theta = fields.theta;
  rotary.factor = fields.factor;
  rotary.rotatedPairs = static_cast<uint32_t>(std::floor(fields.partial * headDim / 2)); // partial <= 1
  return rotary;
}

} // namespace lapidary
