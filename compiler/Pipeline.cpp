//===- Pipeline.cpp - the eight phases ---------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// One PassManager per phase, so that a phase can be timed, dumped and stopped after.
//===----------------------------------------------------------------------===//
#include "compiler/Pipeline.h"

#include "passes/fusion/FusionPipeline.h"
#include "passes/layout/LayoutPipeline.h"
#include "passes/lowering/LoweringPipeline.h"
#include "passes/quantization/QuantizationPipeline.h"
#include "support/FileIO.h"
#include "support/Quote.h"
#include "support/Suggest.h"

#include "mlir/IR/Diagnostics.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Support/Timing.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/raw_ostream.h"

namespace lapidary {

namespace {

constexpr PhaseInfo phases[] = {
    {Phase::Import, "import", "checkpoint to unfused gemma ops; weights are symbols"},
    {Phase::Fuse, "fuse", "attention, norms, gates and projections fused; dead positions pruned"},
    {Phase::Quantize, "quantize", "a storage format for every weight"},
    {Phase::Layout, "layout", "the target packs weights and caches"},
    {Phase::Lower, "lower", "gemma ops to kernel calls on buffers"},
    {Phase::Plan, "plan", "arena offsets"},
    {Phase::Emit, "emit", "objects and the weight segment"},
    {Phase::Link, "link", "one ELF file"},
};

std::string numbered(const PhaseInfo &info) {
  return std::to_string(static_cast<int>(info.phase) + 1) + "-" + info.name + ".mlir";
}

bool dump(mlir::ModuleOp module, const PhaseInfo &info, const std::string &directory, Diagnostics &diagnostics) {
  std::string path = joinPath(directory, numbered(info));
  std::error_code error = llvm::sys::fs::create_directories(directory);
  if (!error) {
    llvm::raw_fd_ostream out(path, error);
    if (!error) {
      module.print(out);
      out << "\n";
    }
  }
  return !error ||
         diagnostics.error(ErrorCode::OutputNotWritable, "cannot write " + quoted(path) + ": " + error.message(), path);
}

QuantizeWeightsOptions quantizeOptions(const PipelineOptions &options) {
  QuantizeWeightsOptions result;
  result.format = options.quant;
  result.overrides.assign(options.overrides.begin(), options.overrides.end());
  return result;
}

AddStaticRangesOptions rangeOptions(const PipelineOptions &options) {
  AddStaticRangesOptions result;
  result.ranges.assign(options.ranges.products.begin(), options.ranges.products.end());
  result.caches.assign(options.ranges.caches.begin(), options.ranges.caches.end());
  return result;
}

void addPasses(Phase phase, mlir::PassManager &manager, const TargetBackend &target, const PipelineOptions &options) {
  switch (phase) {
  case Phase::Fuse:
    return buildFusionPipeline(manager);
  case Phase::Quantize:
    return buildQuantizationPipeline(manager, quantizeOptions(options), rangeOptions(options));
  case Phase::Layout:
    return buildLayoutPipeline(manager, target, options.program);
  case Phase::Lower:
    return buildLoweringPipeline(manager, target, options.program);
  case Phase::Plan:
    return buildPlanPipeline(manager, target, options.program);
  case Phase::Import:
  case Phase::Emit:
  case Phase::Link:
    return;
  }
}

void lookInside(mlir::PassManager &manager, const InspectOptions &inspect) {
  if (!inspect.printAfter.empty()) {
    manager.getContext()->disableMultithreading();
    std::string wanted = inspect.printAfter;
    auto after = [wanted](mlir::Pass *pass, mlir::Operation *) {
      return wanted == "all" || pass->getArgument() == wanted;
    };
    manager.enableIRPrinting(nullptr, after, /*printModuleScope=*/true, inspect.printOnlyChanged);
  }
}

/// --print-after must name a pass that will run.
bool checkPrintAfter(mlir::MLIRContext *context, const TargetBackend &target, const PipelineOptions &options,
                     Diagnostics &diagnostics) {
  const std::string &wanted = options.inspect.printAfter;
  std::string text;
  llvm::raw_string_ostream out(text);
  for (const PhaseInfo &info : phases) {
    mlir::PassManager manager(context);
    addPasses(info.phase, manager, target, options);
    manager.printAsTextualPipeline(out);
    out << " ";
  }
  llvm::SmallVector<llvm::StringRef> words;
  llvm::SplitString(text, words, "(){}, ");
  std::vector<std::string> names(words.begin(), words.end());
  names.push_back("all");
  if (wanted.empty() || llvm::is_contained(names, wanted)) {
    return true;
  }
  return diagnostics.error(ErrorCode::BadOptionValue, "--print-after=" + wanted + ": there is no such pass", "",
                           didYouMean(wanted, names));
}

bool runPhase(const PhaseInfo &info, mlir::ModuleOp module, const TargetBackend &target, const PipelineOptions &options,
              mlir::TimingScope &timing, Diagnostics &diagnostics) {
  mlir::PassManager manager(module.getContext());
  addPasses(info.phase, manager, target, options);
  lookInside(manager, options.inspect);
  mlir::TimingScope scope = timing.nest(info.name);
  manager.enableTiming(scope);
  // Only quantize-weights checks something the user wrote: the overrides.
  ErrorCode code = info.phase == Phase::Quantize ? ErrorCode::BadOptionValue : ErrorCode::InternalError;
  mlir::ScopedDiagnosticHandler handler(module.getContext(), [&](mlir::Diagnostic &diagnostic) {
    if (diagnostic.getSeverity() == mlir::DiagnosticSeverity::Error) {
      diagnostics.error(code, diagnostic.str());
    }
    return mlir::success();
  });
  if (mlir::succeeded(manager.run(module))) {
    return true;
  }
  return diagnostics.hadError()
             ? false
             : diagnostics.error(ErrorCode::InternalError, std::string("phase '") + info.name + "' failed", "",
                                 "run again with --dump-phases=DIR and report the last file written");
}

} // namespace

const char *const phaseChoices = "import|fuse|quantize|layout|lower|plan";

llvm::ArrayRef<PhaseInfo> allPhases() { return phases; }

std::optional<Phase> parsePhase(llvm::StringRef name) {
  for (const PhaseInfo &info : phases) {
    if (name == info.name) {
      return info.phase;
    }
  }
  return std::nullopt;
}

bool runPhases(mlir::ModuleOp module, const TargetBackend &target, const PipelineOptions &options,
               Diagnostics &diagnostics) {
  if (!checkPrintAfter(module.getContext(), target, options, diagnostics)) {
    return false;
  }
  mlir::DefaultTimingManager timingManager;
  timingManager.setEnabled(options.inspect.timePasses);
  mlir::TimingScope timing = timingManager.getRootScope();
  for (const PhaseInfo &info : phases) {
    if (info.phase >= Phase::Emit) {
      break;
    }
    if (info.phase != Phase::Import && !runPhase(info, module, target, options, timing, diagnostics)) {
      return false;
    }
    if (!options.inspect.dumpDirectory.empty() && !dump(module, info, options.inspect.dumpDirectory, diagnostics)) {
      return false;
    }
    if (options.inspect.stopAfter == info.phase) {
      break;
    }
  }
  return true;
}

} // namespace lapidary
