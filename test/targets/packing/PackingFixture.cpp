//===- PackingFixture.cpp - what is packed ----------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// See PackingFixture.h.
//===----------------------------------------------------------------------===//
#include "test/targets/packing/PackingFixture.h"

namespace lapidary {

std::vector<PackingCase> allPackingCases() {
  std::vector<PackingCase> cases;
  auto add = [&](const char *kind, uint32_t group, const char *scale) {
    cases.push_back({{56, 84}, kind, WeightUse::Matrix, group, scale});
    cases.push_back({{512, 96}, kind, WeightUse::Matrix, group, scale});
    cases.push_back({{3, 40, 22}, kind, WeightUse::Experts, group, scale});
    cases.push_back({{1, 40, 22}, kind, WeightUse::Experts, group, scale});
    cases.push_back({{3, 44, 88}, kind, WeightUse::GatedExperts, group, scale});
    cases.push_back({{150, 48}, kind, WeightUse::Table, group, scale});
  };
  for (const char *kind : {"f32", "bf16"}) {
    add(kind, 0, "bf16");
  }
  for (const char *kind : {"w8", "w4"}) {
    add(kind, 32, "bf16");
  }
  add("w4", 32, "i8");
  for (PackingCase wide : std::vector<PackingCase>(cases.end() - 6, cases.end())) {
    wide.scaleSteps = false;
    cases.push_back(wide);
  }
  for (const char *kind : {"w8", "w4", "w2"}) {
    add(kind, 0, "f32");
    cases.push_back({{70, 192}, kind, WeightUse::Table, 64, "f32"});
    cases.push_back({{3, 160}, kind, WeightUse::Table, 32, "f32"});
  }
  cases.push_back({{84}, "bf16", WeightUse::Vector});
  cases.push_back({{1}, "f32", WeightUse::Vector});
  return cases;
}

std::vector<PackingCase> inBothCodes(std::vector<PackingCase> cases) {
  for (size_t i = 0, count = cases.size(); i < count; ++i) {
    if (cases[i].kind[0] == 'w') {
      cases.push_back(cases[i]);
      cases.back().code = IntegerCode::Signed;
    }
  }
  return cases;
}

} // namespace lapidary
