//===- FormatPolicy.cpp - which format a group of weights gets ---------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Options come from the command line, so everything about them that can be wrong is a message that names the option
// and what it accepts.
//===----------------------------------------------------------------------===//
#include "passes/quantization/FormatPolicy.h"

#include "passes/quantization/IntegerInputs.h"

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
  if (name == "w8row" || name == "w4row" || name == "w2row") {
    return gemma::FormatAttr::get(module.getContext(), name.drop_back(3), /*group=*/0);
  }
  module.emitError() << option << ": unknown weight format '" << name
                     << "', expected f32, bf16, w8, w4, w8row, w4row or w2row";
  return failure();
}

/// The name that parseFormat takes.
static std::string formatName(gemma::FormatAttr format) {
  return format.getKind().str() + (hasRowScales(format) ? "row" : "");
}

/// Plain storage of a weight that an integer program leaves unquantized: as the checkpoint has it.
static gemma::FormatAttr checkpointFormat(Type elementType) {
  return gemma::FormatAttr::get(elementType.getContext(), elementType.isF32() ? "f32" : "bf16", 0);
}

FailureOr<FormatPolicy> FormatPolicy::create(ModuleOp module, const QuantizeWeightsOptions &options) {
  FormatPolicy policy;
  bool mobile = options.format == "mobile";
  FailureOr<gemma::FormatAttr> program = parseFormat(module, mobile ? "w4row" : options.format, "option format");
  if (failed(program)) {
    return failure();
  }
  policy.program = *program;
  // 4 bits cost the output head too much: every logit is a product with one row of it.
  std::string embedding = options.embeddingFormat;
  if (embedding.empty()) {
    bool few = options.format == "w4row" || options.format == "w2row";
    embedding = mobile ? "w4row" : options.format == "w4" ? "w8" : few ? "w8row" : options.format;
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
  if (mobile) {
    policy.addMobileRules(module.getContext());
  }
  return policy;
}

void FormatPolicy::addMobileRules(MLIRContext *context) {
  auto add = [&](StringRef pattern, gemma::FormatAttr format) {
    overrides.push_back(
        {pattern.str(), pattern.str(), cantFail(llvm::GlobPattern::create(pattern)), format, /*isDefault=*/true});
  };
  auto w8row = gemma::FormatAttr::get(context, "w8", /*group=*/0);
  add("*.per_layer_input_gate.weight", w8row);
  add("*.per_layer_projection.weight", w8row);
  add("*.per_layer_model_projection.weight", gemma::FormatAttr());
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
  overrides.push_back({text.str(), pattern.str(), std::move(*glob), *format, /*isDefault=*/false});
  return success();
}

FormatPolicy::Override *FormatPolicy::findOverride(StringRef weight) {
  auto found = llvm::find_if(overrides, [&](const Override &candidate) { return candidate.glob.match(weight); });
  return found == overrides.end() ? nullptr : &*found;
}

FormatPolicy::Override *FormatPolicy::ruleFor(const WeightGroup &group, StringRef weight) {
  Override *rule = findOverride(weight);
  if (Override *own = group.isTiedHead ? findOverride(tiedHeadName) : nullptr; own && !own->glob.match(weight)) {
    rule = own; // a pattern that matches both names says nothing of the head alone
  }
  bool mustStayPlain = group.isRouter || group.isNarrow;
  return rule && rule->format && rule->format.isInteger() && mustStayPlain ? nullptr : rule;
}

/// What experts get where other weights have one scale per row.
static gemma::FormatAttr groupFormat(gemma::FormatAttr format) {
  return gemma::FormatAttr::get(format.getContext(), format.getKind() == "w8" ? "w8" : "w4", scaleGroup);
}

/// Scales of 4-bit groups take 8 bits where the weights are rounded and products read them. Weights that are multiples
/// of bf16 scales already keep those. Token tables go with the head, which may share the matrix.
static gemma::FormatAttr withScales(gemma::FormatAttr format, const WeightGroup &group) {
  const bool isLookedUp = llvm::all_of(group.readers, llvm::IsaPred<gemma::EmbeddingOp>) && !group.isEmbeddingOrHead;
  if (format.getKind() != "w4" || hasRowScales(format) || group.isOnGrid || isLookedUp) {
    return format;
  }
  return gemma::FormatAttr::get(format.getContext(), format.getKind(), format.getGroup(), "i8");
}

FailureOr<gemma::FormatAttr> FormatPolicy::choose(const WeightGroup &group) {
  gemma::FormatAttr fallback = group.isEmbeddingOrHead ? embedding : program;
  hasTiedHead |= group.isTiedHead;
  fallback = group.isExperts && hasRowScales(fallback) ? groupFormat(fallback) : fallback;
  gemma::FormatAttr chosen;
  StringAttr chosenFor;
  for (StringAttr weight : group.weights) {
    Override *rule = ruleFor(group, weight);
    gemma::FormatAttr format = !rule ? fallback : rule->format ? rule->format : checkpointFormat(group.elementType);
    if (group.isExperts && hasRowScales(format)) {
      return group.readers.front()->emitError() << "override '" << rule->text << "': experts have no kernels for "
                                                << formatName(format) << ", expected f32, bf16, w8 or w4";
    }
    if (chosen && format != chosen) {
      return group.readers.front()->emitError()
             << "weights @" << chosenFor.getValue() << " and @" << weight.getValue()
             << " are stored together and need one format, found " << formatName(chosen) << " and "
             << formatName(format) << "; write an override that matches both";
    }
    chosen = format;
    chosenFor = weight;
    if (rule) {
      rule->decided = true;
    }
  }
  const bool staysPlain = (group.isRouter || group.isNarrow) && chosen.isInteger();
  return staysPlain ? checkpointFormat(group.elementType) : withScales(chosen, group);
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
    if (rule.decided || rule.isDefault) {
      continue;
    }
    allUsed = false;
    bool matches = (hasTiedHead && rule.glob.match(tiedHeadName)) ||
                   llvm::any_of(module.getOps<gemma::WeightOp>(),
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
