//===- WgmmaKernel.cpp - kernels with wgmma in LLVM's text form --------------===//
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//
#include "WgmmaKernel.h"

namespace lapidary::cuda::emulator::test {

Names numbered(const std::string &name, unsigned count) {
  Names names;
  for (unsigned i = 0; i < count; ++i) {
    names.push_back("%" + name + std::to_string(i));
  }
  return names;
}

namespace {

/// part(0), part(1), .. with commas between.
template <typename Part> std::string list(unsigned count, Part part) {
  std::string text;
  for (unsigned i = 0; i < count; ++i) {
    text += (i ? ", " : "") + part(i);
  }
  return text;
}

std::string operandsFrom(unsigned first, unsigned count) {
  return list(count, [&](unsigned i) { return "$" + std::to_string(first + i); });
}

std::string structure(const std::string &type, unsigned count) {
  return "{" + list(count, [&](unsigned) { return type; }) + "}";
}

std::string extractAll(const std::string &type, const Names &results, const std::string &from) {
  std::string text;
  for (size_t i = 0; i < results.size(); ++i) {
    text += "  " + results[i] + " = extractvalue " + type + " " + from + ", " + std::to_string(i) + "\n";
  }
  return text;
}

/// "=r,=r,..,0,1,..,": `count` outputs and the inputs that are tied to them.
std::string tied(const std::string &type, unsigned count) {
  std::string outputs, inputs;
  for (unsigned i = 0; i < count; ++i) {
    outputs += type == "float" ? "=f," : "=r,";
    inputs += std::to_string(i) + ",";
  }
  return outputs + inputs;
}

std::string freshName() {
  static int number = 0;
  return "%all" + std::to_string(number++);
}

} // namespace

std::string wgmmaDeclarations() {
  return "declare void @llvm.nvvm.wgmma.commit_group.sync.aligned()\n"
         "declare void @llvm.nvvm.wgmma.fence.sync.aligned()\n"
         "declare void @llvm.nvvm.fence.proxy.async.shared_cta()\n";
}

std::string product(const WgmmaShape &shape, const Names &results, const Names &sums, const Names &a,
                    const std::string &descriptor) {
  const unsigned count = shape.sums();
  const std::string type = structure(shape.sumType(), count), all = freshName();
  constexpr const char *types[] = {"k32.s32.s8.s8", "k16.f32.bf16.bf16", "k16.f32.f16.f16"};
  const std::string mnemonic = "m64n" + std::to_string(shape.n) + types[shape.elements];
  return "  " + all + " = call " + type +
         " asm sideeffect \"{ .reg .pred p; setp.ne.b32 p, 1, 0; wgmma.mma_async.sync.aligned." + mnemonic + " {" +
         operandsFrom(0, count) + "}, {" + operandsFrom(2 * count, 4) + "}, $" + std::to_string(2 * count + 4) + ", p" +
         (shape.floats() ? ", 1, 1, 0" : "") + "; }\", \"" + tied(shape.sumType(), count) + "r,r,r,r,l,~{memory}\"(" +
         list(count, [&](unsigned i) { return shape.sumType() + " " + sums[i]; }) + ", " +
         list(4, [&](unsigned i) { return "i32 " + a[i]; }) + ", i64 " + descriptor + ")\n" +
         extractAll(type, results, all);
}

std::string passThrough(const std::string &assembly, const std::string &type, const Names &results,
                        const Names &values) {
  const unsigned count = unsigned(values.size());
  const std::string all = freshName(), resultType = count == 1 ? type : structure(type, count);
  const std::string call = " call " + resultType + " asm sideeffect \"" + assembly + "\", \"" + tied(type, count) +
                           "~{memory}\"(" + list(count, [&](unsigned i) { return type + " " + values[i]; }) + ")\n";
  return count == 1 ? "  " + results[0] + " =" + call : "  " + all + " =" + call + extractAll(resultType, results, all);
}

} // namespace lapidary::cuda::emulator::test
