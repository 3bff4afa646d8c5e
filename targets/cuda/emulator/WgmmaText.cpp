//===- WgmmaText.cpp - inline assembly of wgmma, read -----------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// See WgmmaText.h.
//===----------------------------------------------------------------------===//
#include "targets/cuda/emulator/WgmmaText.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/IR/InlineAsm.h"
#include "llvm/Support/Regex.h"

namespace lapidary::cuda::emulator {

namespace {

using Texts = llvm::SmallVector<llvm::StringRef>;

/// Operands of inline assembly by number: outputs, then inputs, tied ones too.
class Operands {
public:
  explicit Operands(const llvm::CallBase &call)
      : call(call), constraints(llvm::cast<llvm::InlineAsm>(call.getCalledOperand())->ParseConstraints()) {}

  bool isOutput(unsigned number) const { return has(number, llvm::InlineAsm::isOutput); }
  bool isInput(unsigned number) const { return has(number, llvm::InlineAsm::isInput); }
  unsigned outputs() const { return unsigned(llvm::count_if(constraints, isOfType(llvm::InlineAsm::isOutput))); }
  unsigned inputs() const { return unsigned(llvm::count_if(constraints, isOfType(llvm::InlineAsm::isInput))); }
  /// The argument of an input.
  unsigned argument(unsigned number) const {
    return unsigned(
        std::count_if(constraints.begin(), constraints.begin() + number, isOfType(llvm::InlineAsm::isInput)));
  }
  /// The argument that an output is tied to.
  std::optional<unsigned> tiedTo(unsigned output) const {
    const int input = constraints[output].MatchingInput;
    return input < 0 ? std::nullopt : std::optional(argument(unsigned(input)));
  }
  const llvm::Type *type(unsigned argument) const { return call.getArgOperand(argument)->getType(); }

private:
  using Info = llvm::InlineAsm::ConstraintInfo;
  static std::function<bool(const Info &)> isOfType(llvm::InlineAsm::ConstraintPrefix type) {
    return [type](const Info &info) { return info.Type == type; };
  }
  bool has(unsigned number, llvm::InlineAsm::ConstraintPrefix type) const {
    return number < constraints.size() && constraints[number].Type == type;
  }

  const llvm::CallBase &call;
  llvm::InlineAsm::ConstraintInfoVector constraints;
};

/// "$0, $1, .." as numbers.
std::optional<llvm::SmallVector<unsigned>> readNumbers(llvm::StringRef text) {
  llvm::SmallVector<unsigned> numbers;
  Texts words;
  text.split(words, ',');
  for (llvm::StringRef word : words) {
    word = word.trim();
    if (!word.consume_front("$") || word.getAsInteger(10, numbers.emplace_back())) {
      return std::nullopt;
    }
  }
  return numbers;
}

/// PTX ISA, table of shapes: N of 8-bit integers is a multiple of 16 beyond 32.
bool isShape(ProductType type, unsigned n, unsigned k) {
  const bool integers = type == ProductType::S8;
  return n != 0 && n <= 256 && n % (integers && n > 32 ? 16 : 8) == 0 && k == (integers ? 32 : 16);
}

/// Operands of a product, of which `words` are the texts between its braces.
bool readOperands(const Operands &operands, const Texts &words, WgmmaText &out, std::string &out_problem) {
  auto sums = readNumbers(words[0]), a = readNumbers(words[1]), descriptor = readNumbers(words[2]);
  if (!sums || !a || !descriptor || sums->size() != out.n / 2 || a->size() != 4) {
    out_problem = "expected " + std::to_string(out.n / 2) + " sums, 4 registers of A and a descriptor";
    return false;
  }
  const auto isSum = out.type == ProductType::S8 ? [](const llvm::Type *type) { return type->isIntegerTy(32); }
                                                 : [](const llvm::Type *type) { return type->isFloatTy(); };
  for (unsigned number : *sums) {
    std::optional<unsigned> tied = operands.isOutput(number) ? operands.tiedTo(number) : std::nullopt;
    if (!tied || !isSum(operands.type(*tied))) {
      out_problem = "sum $" + std::to_string(number) + " is not an output that is tied to an input of its type";
      return false;
    }
    out.results.push_back(number);
    out.sums.push_back(*tied);
  }
  for (unsigned number : *a) {
    if (!operands.isInput(number) || !operands.type(operands.argument(number))->isIntegerTy(32)) {
      out_problem = "$" + std::to_string(number) + " of A is not an i32 input";
      return false;
    }
    out.a.push_back(operands.argument(number));
  }
  const unsigned number = descriptor->front();
  if (!operands.isInput(number) || !operands.type(operands.argument(number))->isIntegerTy(64)) {
    out_problem = "the descriptor $" + std::to_string(number) + " is not an i64 input";
    return false;
  }
  out.descriptor = operands.argument(number);
  return true;
}

std::optional<WgmmaText> readProduct(const Operands &operands, llvm::StringRef text, std::string &out_problem) {
  static const llvm::Regex form("^\\{ \\.reg \\.pred p; setp\\.ne\\.b32 p, 1, 0; wgmma\\.mma_async\\.sync\\.aligned\\."
                                "m64n([0-9]+)k([0-9]+)\\.(s32\\.s8\\.s8|f32\\.bf16\\.bf16|f32\\.f16\\.f16) "
                                "\\{([^}]*)\\}, \\{([^}]*)\\}, ([^,]*), p(, 1, 1, 0)?; \\}$");
  Texts parts;
  if (!form.match(text, &parts)) {
    return std::nullopt;
  }
  WgmmaText product;
  product.kind = WgmmaText::Product;
  product.type = parts[3].starts_with("s32") ? ProductType::S8
                 : parts[3] == "f32.f16.f16" ? ProductType::F16
                                             : ProductType::Bf16;
  unsigned k = 0;
  if (parts[1].getAsInteger(10, product.n) || parts[2].getAsInteger(10, k) || !isShape(product.type, product.n, k)) {
    out_problem = ("there is no shape m64n" + parts[1] + "k" + parts[2] + " of these types").str();
    return std::nullopt;
  }
  if (parts[7].empty() != (product.type == ProductType::S8)) {
    out_problem = "products of floats have ', 1, 1, 0' behind the predicate, those of integers do not";
    return std::nullopt;
  }
  return readOperands(operands, {parts[4], parts[5], parts[6]}, product, out_problem) ? std::optional(product)
                                                                                      : std::nullopt;
}

std::optional<WgmmaText> readFenceOrWait(const Operands &operands, llvm::StringRef text, std::string &out_problem) {
  WgmmaText read;
  if (text.consume_front("wgmma.wait_group.sync.aligned ")) {
    read.kind = WgmmaText::Wait;
    if (text.consumeInteger(10, read.groups) || text != ";") {
      return std::nullopt;
    }
  } else if (text != "wgmma.fence.sync.aligned;") {
    return std::nullopt;
  }
  for (unsigned output = 0; output < operands.outputs(); ++output) {
    std::optional<unsigned> tied = operands.tiedTo(output);
    if (!tied) {
      out_problem = "output $" + std::to_string(output) + " is not tied to an input";
      return std::nullopt;
    }
    read.results.push_back(output);
    read.sums.push_back(*tied);
  }
  if (operands.inputs() != operands.outputs()) {
    out_problem = "an input is not passed through";
    return std::nullopt;
  }
  return read;
}

} // namespace

std::optional<WgmmaText> readWgmma(const llvm::CallBase &call, std::string &out_problem) {
  out_problem.clear();
  // One blank between words.
  const std::string all(llvm::cast<llvm::InlineAsm>(call.getCalledOperand())->getAsmString());
  Texts words;
  llvm::SplitString(all, words, " \t\n");
  const std::string text = llvm::join(words, " ");
  const Operands operands(call);
  if (text.find("wgmma.mma_async") != std::string::npos) {
    return readProduct(operands, text, out_problem);
  }
  return readFenceOrWait(operands, text, out_problem);
}

} // namespace lapidary::cuda::emulator
