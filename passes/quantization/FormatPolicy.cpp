//===- FormatPolicy.cpp - which format a group of weights gets ---------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Options come from the command line, so everything about them that can be wrong is a message that names the option
// and what it accepts.
//===----------------------------------------------------------------------===//
#include "passes/quantization/FormatPolicy.h"

#include "llvm/ADT/StringExtras.h"

using namespace mlir;

namespace lapidary {

/// The format named `name`; reports names it does not know, with the option that had it.
static FailureOr<gemma::FormatAttr> parseFormat(ModuleOp module, StringRef name, const Twine &option) {
  if (name == "f32" || name == "bf16") {
    return gemma::FormatAttr::get(module.getContext(), name, 0);
  }
  if (name == "w8" || name == "w4") {
    return gemma::FormatAttr::get(module.getContext(), name, scaleGroup);
  }
  module.emitError() << option << ": unknown weight format '" << name << "', expected f32, bf16, w8 or w4";
  return failure();
}

/// Plain storage of a weight that an integer program leaves unquantized: as the checkpoint has it.
static gemma::FormatAttr checkpointFormat(Type elementType) {
  return gemma::FormatAttr::get(elementType.getContext(), elementType.isF32() ? "f32" : "bf16", 0);
}

FailureOr<FormatPolicy> FormatPolicy::create(ModuleOp module, const QuantizeWeightsOptions &options) {
  FormatPolicy policy;
  FailureOr<gemma::FormatAttr> program = parseFormat(module, options.format, "option format");
  if (failed(program)) {
    return failure();
  }
  policy.program = *program;
  // 4 bits cost the output head too much: every logit is a product with one row of it.
  std::string embedding = options.embeddingFormat;
  if (embedding.empty()) {
    embedding = options.format == "w4" ? "w8" : options.format;
  }
  FailureOr<gemma::FormatAttr> embeddingFormat = parseFormat(module, embedding, "option embedding-format");
  if (failed(embeddingFormat)) {
    return failure();
  }
  policy.embedding = *embeddingFormat;
  for (const std::string &text : options.overrides) {
    if (failed(policy.addOverride(module, text))) {
      return failure();
    }
  }
  return policy;
}

LogicalResult FormatPolicy::addOverride(ModuleOp module, StringRef text) {
  auto [pattern, name] = text.rsplit('=');
  if (pattern.empty() || name.empty()) {
    return module.emitError() << "override '" << text
                              << "' is not of the form pattern=format, such as *.v_proj.weight=w8";
  }
  FailureOr<gemma::FormatAttr> format = parseFormat(module, name, "override '" + text + "'");
  if (failed(format)) {
    return failure();
  }
  llvm::Expected<llvm::GlobPattern> glob = llvm::GlobPattern::create(pattern);
  if (!glob) {
    return module.emitError() << "override '" << text << "': " << llvm::toString(glob.takeError());
  }
  overrides.push_back({text.str(), pattern.str(), std::move(*glob), *format});
  return success();
}

FormatPolicy::Override *FormatPolicy::findOverride(StringRef weight) {
  auto found = llvm::find_if(overrides, [&](const Override &candidate) { return candidate.glob.match(weight); });
  return found == overrides.end() ? nullptr : &*found;
}

FailureOr<gemma::FormatAttr> FormatPolicy::choose(const WeightGroup &group) {
  gemma::FormatAttr fallback = group.isEmbeddingOrHead ? embedding : program;
  bool mustStayPlain = group.isRouter || group.isNarrow;
  gemma::FormatAttr chosen;
  StringAttr chosenFor;
  for (StringAttr weight : group.weights) {
    Override *rule = findOverride(weight);
    if (rule && mustStayPlain && rule->format.isInteger()) {
      rule = nullptr;
    }
    gemma::FormatAttr format = rule ? rule->format : fallback;
    if (chosen && format != chosen) {
      return group.readers.front()->emitError()
             << "weights @" << chosenFor.getValue() << " and @" << weight.getValue()
             << " are stored together and need one format, found " << chosen.getKind() << " and " << format.getKind()
             << "; write an override that matches both";
    }
    chosen = format;
    chosenFor = weight;
    if (rule) {
      rule->decided = true;
    }
  }
  return mustStayPlain && chosen.isInteger() ? checkpointFormat(group.elementType) : chosen;
}

/// The declared weight whose name is most like `pattern`, for a suggestion; empty without weights.
static StringRef closestWeight(ModuleOp module, StringRef pattern) {
  StringRef closest;
  unsigned best = ~0u;
  for (auto weight : module.getOps<gemma::WeightOp>()) {
    unsigned distance = weight.getSymName().edit_distance(pattern, /*AllowReplacements=*/true, best);
    if (distance < best) {
      best = distance;
      closest = weight.getSymName();
    }
  }
  return closest;
}

LogicalResult FormatPolicy::checkOverridesUsed(ModuleOp module) const {
  bool allUsed = true;
  for (const Override &rule : overrides) {
    if (rule.decided) {
      continue;
    }
    allUsed = false;
    bool matches = llvm::any_of(module.getOps<gemma::WeightOp>(),
                                [&](gemma::WeightOp weight) { return rule.glob.match(weight.getSymName()); });
    if (matches) {
      module.emitError()
          << "override '" << rule.text << "' decides nothing: what it matches has no format to choose "
          << "(norms, scalars, weights that the checkpoint stores as integers), stays plain (the router, "
          << "matrices of fewer than " << scaleGroup << " columns), or is matched by an earlier override";
      continue;
    }
    InFlightDiagnostic error = module.emitError()
                               << "override '" << rule.text << "': pattern '" << rule.pattern << "' matches no weight";
    if (StringRef closest = closestWeight(module, rule.pattern); !closest.empty()) {
      error << ", the closest name is '" << closest << "'";
    }
  }
  return success(allUsed);
}

} // namespace lapidary
