//===- Compile.cpp - from a checkpoint directory to a program ----------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Inputs -> module -> plan -> output. Each step reports its own problems and returns nothing then.
//===----------------------------------------------------------------------===//
#include "compiler/Compile.h"

#include "compiler/Calibrate.h"
#include "compiler/Cleanup.h"
#include "compiler/Emission.h"
#include "compiler/Inputs.h"
#include "compiler/Mobile.h"
#include "compiler/Report.h"
#include "compiler/StaticRanges.h"
#include "compiler/Statistics.h"
#include "frontends/huggingface/import/ImportGemma.h"
#include "support/FileIO.h"
#include "support/Quote.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Diagnostics.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

#include <chrono>
#include <cstdlib>

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

/// int8 caches round to ranges that the checkpoint knows, or calibration (findRanges).
bool checkCacheRanges(const CompileOptions &options, const Inputs &inputs, Diagnostics &diagnostics) {
  bool known = llvm::any_of(inputs.tensors.caches(), [](const CacheSteps &steps) { return steps.key && steps.value; });
  return options.kv != "q8" || known || options.isMobile() ||
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

/// SHA-256 of every shard; reads the whole checkpoint.
std::optional<std::vector<std::string>> hashShards(const Checkpoint &checkpoint, Console &console,
                                                   Diagnostics &diagnostics) {
  std::vector<std::string> hashes;
  std::vector<uint8_t> buffer(8u << 20);
  console.beginProgress("hashes", checkpoint.totalBytes());
  for (const std::string &name : checkpoint.shardFiles()) {
    std::string path = joinPath(checkpoint.directory(), name);
    std::optional<OpenFile> file = openForReading(path, diagnostics);
    if (!file) {
      return std::nullopt;
    }
    Sha256Stream hash;
    for (uint64_t done = 0; done < file->size;) {
      uint64_t piece = std::min<uint64_t>(buffer.size(), file->size - done);
      if (!readExactly(file->descriptor.get(), buffer.data(), piece, done, path, diagnostics)) {
        return std::nullopt;
      }
      hash.update(llvm::ArrayRef(buffer).take_front(piece));
      console.advance(piece);
      done += piece;
    }
    Sha256 result = hash.finish();
    hashes.emplace_back(result.begin(), result.end());
  }
  console.endProgress();
  return hashes;
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

/// The statistics that the options name or ask to make; null without them and after reporting.
std::shared_ptr<const Checkpoint> findStatistics(const CompileOptions &options, const Installation &installation,
                                                 const Inputs &inputs, CalibrationRun &run, Console &console,
                                                 Diagnostics &diagnostics) {
  if (!options.calibration.empty()) {
    return openStatistics(options.calibration, *inputs.checkpoint, diagnostics);
  }
  if (options.calibrate.empty() || options.dryRun) {
    return nullptr;
  }
  std::string path = joinPath(run.work.path(), "statistics");
  return calibrate(inputs, options.calibrate, path, options, installation, run, console, diagnostics)
             ? openStatistics(path, *inputs.checkpoint, diagnostics)
             : nullptr;
}

/// Before a model is run for nothing: somebody must use what calibration finds.
bool checkCalibrated(const CompileOptions &options, const WeightSegment &segment, Diagnostics &diagnostics) {
  bool useful = options.isMobile() || llvm::any_of(segment.weights, usesStatistics);
  return (options.calibrate.empty() && options.calibration.empty()) || useful ||
         diagnostics.error(ErrorCode::BadOptionValue, "calibration changes nothing: no weight of a product is w4", "",
                           "compile with --quant=w4 or --quant=mobile, or without --calibrate and --calibration");
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

/// What calibration gives to the phases.
struct Calibration {
  TableReadings tables;
  CalibrationRun run;
  std::shared_ptr<const Checkpoint> statistics; ///< null: none yet
  StaticRanges ranges;
};

/// For --dry-run, which runs no model: the plan depends on where there are ranges, not on what they are.
StaticRanges placeholderRanges(mlir::ModuleOp module) {
  StaticRanges ranges;
  for (auto weight : module.getOps<gemma::WeightOp>()) {
    ranges.products.push_back(weight.getSymName().str() + "=1:1");
  }
  for (auto cache : module.getOps<gemma::KvCacheOp>()) {
    ranges.caches.push_back(cache.getSymName().str() + "=1:1");
  }
  return ranges;
}

/// Static ranges are written in the quantize phase, so they are found before it.
bool findRanges(const CompileOptions &options, const Installation &installation, const Inputs &inputs,
                mlir::ModuleOp module, Calibration &calibration, Console &console, Diagnostics &diagnostics) {
  if (!checkMobile(options, inputs, diagnostics)) {
    return false;
  }
  calibration.run.holdsOut = true;
  calibration.statistics = findStatistics(options, installation, inputs, calibration.run, console, diagnostics);
  if (diagnostics.hadError()) {
    return false;
  }
  std::optional<StaticRanges> ranges;
  if (!calibration.statistics) {
    calibration.ranges = placeholderRanges(module);
  } else if ((ranges = chooseRanges(*calibration.statistics, diagnostics))) {
    calibration.ranges = std::move(*ranges);
  }
  return !diagnostics.hadError();
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
  if (!checkCalibrated(options, *segment, diagnostics)) {
    return false;
  }
  auto statistics = calibration.statistics;
  if (!options.isMobile()) {
    statistics = findStatistics(options, installation, inputs, calibration.run, console, diagnostics);
  }
  if (diagnostics.hadError() ||
      (statistics &&
       !useStatistics(*segment, statistics, {*inputs.checkpoint, calibration.tables, target}, diagnostics))) {
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
  const CompileOptions options = withFormats(given, inputs->tensors.anyQuantized());
  if (!checkCacheRanges(options, *inputs, diagnostics)) {
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
  if (!module ||
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

std::string cacheDirectory() {
  if (const char *own = std::getenv("LAPIDARY_CACHE_DIR")) {
    return own;
  }
  if (const char *cache = std::getenv("XDG_CACHE_HOME")) {
    return joinPath(cache, "lapidary");
  }
  const char *home = std::getenv("HOME");
  return home ? joinPath(home, ".cache/lapidary") : "/tmp/lapidary-cache";
}

} // namespace

Installation findInstallation(const char *argv0) {
  static int anchor;
  std::string program = llvm::sys::fs::getMainExecutable(argv0, &anchor);
  std::string bin = llvm::sys::path::parent_path(program).str();
  std::string root = llvm::sys::path::parent_path(bin).str();
  return {joinPath(root, "lib/lapidary"), bin, cacheDirectory()};
}

int compile(const CompileOptions &options, const Installation &installation, Console &console,
            Diagnostics &diagnostics) {
  bool ok = compileSteps(options, installation, console, diagnostics);
  return ok && !diagnostics.hadError() ? 0 : std::max(1, diagnostics.exitCode());
}

} // namespace lapidary
