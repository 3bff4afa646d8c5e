//===- Compile.cpp - from a checkpoint directory to a program ----------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Inputs -> module -> plan -> output. Each step reports its own problems and returns nothing then.
//===----------------------------------------------------------------------===//
#include "compiler/Compile.h"

#include "compiler/CompileCalibration.h"
#include "compiler/Emission.h"
#include "compiler/GridWeights.h"
#include "compiler/Mobile.h"
#include "compiler/Report.h"
#include "compiler/ShardHashes.h"
#include "frontends/huggingface/import/ImportGemma.h"
#include "support/Limits.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Diagnostics.h"

#include <chrono>

namespace lapidary {

namespace {

constexpr uint32_t defaultContext = 8192;

/// Context and chunk, from the options and what the model was made for.
std::optional<ProgramOptions> programOptions(const CompileOptions &options, const ModelConfig &config,
                                             Diagnostics &diagnostics) {
  if (options.context > config.maxPositions) {
    diagnostics.error(ErrorCode::ContextTooLong,
                      "--context=" + std::to_string(options.context) + " is longer than the model's " +
                          countText(config.maxPositions) + " positions",
                      "", "use --context=" + std::to_string(config.maxPositions) + " or less");
    return std::nullopt;
  }
  ProgramOptions program;
  program.context =
      options.context ? static_cast<uint32_t>(options.context) : std::min(defaultContext, config.maxPositions);
  program.chunk = std::min(static_cast<uint32_t>(options.chunk), program.context);
  program.cacheElement = options.kv;
  return program;
}

bool hasCacheRanges(const Inputs &inputs) {
  return llvm::any_of(inputs.tensors.caches(), [](const CacheSteps &steps) { return steps.key && steps.value; });
}

/// The widest head of the model; int8 caches are summed in 32 bits.
uint32_t widestHead(const ModelConfig &config) {
  uint32_t widest = 0;
  for (const LayerConfig &layer : config.layers) {
    widest = std::max(widest, layer.headDim);
  }
  return widest;
}

bool takesIntegerCaches(const Inputs &inputs) {
  return hasCacheRanges(inputs) && widestHead(inputs.config) <= limits::integerHeadDim;
}

/// int8 caches round to ranges that the checkpoint knows, or calibration (findRanges).
bool checkCacheFormat(const CompileOptions &options, const Inputs &inputs, Diagnostics &diagnostics) {
  if (options.kv != "q8") {
    return true;
  }
  if (const uint32_t widest = widestHead(inputs.config); widest > limits::integerHeadDim) {
    return diagnostics.error(ErrorCode::BadOptionValue,
                             "--kv=q8 takes heads of at most " + std::to_string(limits::integerHeadDim) +
                                 " dimensions, and the model has " + std::to_string(widest),
                             "", "use --kv=bf16");
  }
  return hasCacheRanges(inputs) || options.isMobile() ||
         diagnostics.error(ErrorCode::BadOptionValue,
                           "--kv=q8 needs ranges of keys and values, and the checkpoint has none (k_cache_scale, "
                           "v_cache_scale)",
                           "", "use --kv=bf16, or --quant=mobile, which calibrates");
}

bool refuseWarnings(const CompileOptions &options, Diagnostics &diagnostics) {
  unsigned warnings = static_cast<unsigned>(diagnostics.all().size()) - diagnostics.errorCount();
  if (!options.strict || warnings == 0) {
    return true;
  }
  return diagnostics.error(ErrorCode::WarningsAreErrors,
                           std::to_string(warnings) + (warnings == 1 ? " warning" : " warnings") + " under --strict");
}

/// What passes and verifiers say about the module is a bug of ours, so it is passed on as one.
mlir::ScopedDiagnosticHandler internalErrors(mlir::MLIRContext &context, Diagnostics &diagnostics) {
  return mlir::ScopedDiagnosticHandler(&context, [&diagnostics](mlir::Diagnostic &diagnostic) {
    if (diagnostic.getSeverity() == mlir::DiagnosticSeverity::Error) {
      diagnostics.error(ErrorCode::InternalError, diagnostic.str());
    }
    return mlir::success();
  });
}

bool emitProgram(const CompileOptions &options, const Installation &installation, const TargetBackend &target,
                 mlir::ModuleOp module, ProgramFacts &facts, Console &console, Diagnostics &diagnostics) {
  auto started = std::chrono::steady_clock::now();
  if (options.hashes) {
    auto hashes = hashShards(*facts.checkpoint, console, diagnostics);
    if (!hashes) {
      return false;
    }
    facts.shardHashes = std::move(*hashes);
  }
  Emission emission(options, installation, target, module, facts, console, diagnostics);
  if (!emission.run()) {
    if (!diagnostics.hadError()) {
      diagnostics.error(ErrorCode::InternalError, "the target failed without saying why");
    }
    return false;
  }
  double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
  reportDone(options, emission.writtenBytes(), emission.weightHash(), seconds, facts, console);
  return true;
}

ProgramFacts gatherFacts(const Inputs &inputs, const CompileOptions &options, const ProgramOptions &program,
                         const TargetBackend &target) {
  ProgramFacts facts;
  facts.modelName = inputs.modelName;
  facts.config = &inputs.config;
  facts.checkpoint = inputs.checkpoint.get();
  facts.program = program;
  facts.target = target.targetString();
  facts.cpuFeatures = target.requiredFeatures();
  facts.quant =
      inputs.tensors.anyQuantized() ? inputs.config.quantization->methodName() + ("+" + options.quant) : options.quant;
  facts.tokenizer = inputs.tokenizer;
  facts.chatFormat = inputs.chatFormat;
  facts.licenses = licenseText(options.model);
  facts.parameters = parameterCount(inputs);
  return facts;
}

void reportPlaces(mlir::ModuleOp module, const WeightSegment &segment, Placement &placed) {
  for (const SegmentWeight &weight : segment.weights) {
    Placement::Weight place{weight.offset, {}};
    for (const SegmentWeight::Source &source : weight.sources) {
      place.parts.push_back({source.tensor.name, source.firstRow, source.rows});
    }
    if (!place.parts.empty()) {
      placed.weights.push_back(std::move(place));
    }
  }
  for (auto cache : module.getOps<kernel::KvCacheOp>()) {
    placed.caches.emplace_back(cache.getGeometry().getKey(), cache.getSymName().str());
  }
}

bool planAndEmit(const CompileOptions &options, const Installation &installation, const Inputs &inputs,
                 const ProgramOptions &program, const TargetBackend &target, mlir::ModuleOp module,
                 Calibration &calibration, Console &console, Diagnostics &diagnostics) {
  std::optional<WeightSegment> segment = collectWeights(module, *inputs.checkpoint, target, diagnostics);
  if (!segment) {
    return false;
  }
  if (options.placed) {
    reportPlaces(module, *segment, *options.placed);
  }
  if (!calibrateWeights(options, installation, inputs, target, *segment, calibration, console, diagnostics)) {
    return false;
  }
  ProgramFacts facts = gatherFacts(inputs, options, program, target);
  facts.segment = &*segment;
  facts.plan = makePlan(module, *segment, target, target.codeBytes() + inputs.tokenizer.size(), options.jobs);
  facts.caches = listCaches(module, target);
  reportPlan(options, facts, target.planNotes(module), console);
  if (!checkPlan(facts.plan, options.maxMemory, options.output, diagnostics)) {
    return false;
  }
  return options.dryRun || emitProgram(options, installation, target, module, facts, console, diagnostics);
}

bool compileSteps(const CompileOptions &given, const Installation &installation, Console &console,
                  Diagnostics &diagnostics) {
  std::optional<Inputs> inputs = readInputs(given.model, diagnostics);
  std::unique_ptr<TargetBackend> target = createTarget(given.target, diagnostics);
  if (!inputs || !target || !checkShapes(inputs->config, *target, diagnostics) || !refuseWarnings(given, diagnostics)) {
    return false;
  }
  const CompileOptions options = withFormats(given, inputs->tensors.anyQuantized(), takesIntegerCaches(*inputs));
  if (!checkCacheFormat(options, *inputs, diagnostics)) {
    return false;
  }
  std::optional<ProgramOptions> program = programOptions(options, inputs->config, diagnostics);
  if (!program) {
    return false;
  }
  console.line("model", modelText(*inputs));
  mlir::MLIRContext context;
  context.loadDialect<gemma::GemmaDialect, kernel::KernelDialect, mlir::func::FuncDialect>();
  auto handler = internalErrors(context, diagnostics);
  mlir::OwningOpRef<mlir::ModuleOp> module =
      importGemma(context, inputs->config, *inputs->checkpoint, inputs->tensors, diagnostics);
  Calibration calibration;
  if (!module || !markGridWeights(*module, *inputs->checkpoint, diagnostics) ||
      (options.isMobile() && !findRanges(options, installation, *inputs, *module, calibration, console, diagnostics))) {
    return false;
  }
  calibration.tables = {findTokenStream(*module), findPerLayerTable(*module)}; // before anything is fused
  PipelineOptions pipeline{options.quant, options.overrides, *program, options.inspect, calibration.ranges};
  if (!runPhases(*module, *target, pipeline, diagnostics)) {
    return false;
  }
  if (options.inspect.stopAfter) {
    module->print(llvm::outs());
    return true;
  }
  if (!planAndEmit(options, installation, *inputs, *program, *target, *module, calibration, console, diagnostics)) {
    return false;
  }
  bool measures = options.isMobile() && !options.calibrate.empty() && !options.dryRun;
  return !measures || reportCost(options, calibration.run, console, diagnostics);
}

} // namespace

int compile(const CompileOptions &options, const Installation &installation, Console &console,
            Diagnostics &diagnostics) {
  bool ok = compileSteps(options, installation, console, diagnostics);
  return ok && !diagnostics.hadError() ? 0 : std::max(1, diagnostics.exitCode());
}

} // namespace lapidary
