//===- Options.cpp - what `lapidary compile` and `lapidary plan` are told -------===//
// SPDX-License-Identifier: Apache-2.0
//
// The table is the only place where an option's spelling, values and help text are written.
//===----------------------------------------------------------------------===//
#include "compiler/Options.h"

#include "support/Limits.h"
#include "support/Quote.h"
#include "support/Suggest.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Threading.h"

namespace lapidary {

namespace {

// Formats the design names that this version cannot emit yet; known so that the message is not "unknown value".
constexpr const char *formatsNow = "f32, bf16, w8, w4, w8row, w4row, w2row";

const OptionSpec compileTable[] = {
    {"output", 'o', "FILE", nullptr, "Output", true, "the program to write (a directory for --emit=library)"},
    {"emit", 0, "KIND", "binary|library", "Output", true, "a program, or lib*.a, lib*.so and lapidary.h"},
    {"split-weights", 0, "FILE", nullptr, "Output", true, "write the weights to FILE instead of into the program"},
    {"hashes", 0, nullptr, nullptr, "Output", false, "record the SHA-256 of every shard (reads them once more)"},
    {"force", 0, nullptr, nullptr, "Output", false,
     "accepted for scripts; an old output is replaced after success anyway"},
    {"target", 0, "TARGET", nullptr, "Target", true, "native, or OS and CPU: x86_64-linux+znver4"},
    {"quant", 0, "FORMAT", nullptr, "Model", true,
     "weights: f32, bf16, w8, w4, w8row, w4row, w2row, or mobile (default w4; of quantized checkpoints: what is plain "
     "stays plain)"},
    {"quant-override", 0, "GLOB=FORMAT", nullptr, "Model", false,
     "format of the weights whose name matches; repeatable"},
    {"calibrate", 0, "FILE", nullptr, "Model", true,
     "run the model on this text first; round w4 weights, and choose mobile's static ranges, by what it sees"},
    {"calibration", 0, "FILE", nullptr, "Model", false, "the same with statistics that `lapidary calibrate` wrote"},
    {"kv", 0, "FORMAT", nullptr, "Model", true,
     "K/V cache: f32, bf16, or q8 where there are ranges for it (default: bf16 with integers, q8 with mobile or with "
     "ranges)"},
    {"context", 0, "N", nullptr, "Model", true, "tokens a conversation may have (default: at most 8192)"},
    {"chunk", 0, "N", nullptr, "Model", false, "prompt tokens processed at once (default 512)"},
    {"drafter", 0, "DIR", nullptr, "Model", false, "reserved: speculative decoding is not offered yet"},
    {"max-memory", 0, "SIZE", nullptr, "Limits", true, "refuse to use more memory while compiling: 8GiB"},
    {"jobs", 'j', "N", nullptr, "Limits", true, "threads for packing weights (default: all cores)"},
    {"strict", 0, nullptr, nullptr, "Limits", true, "treat warnings as errors"},
    {"dry-run", 0, nullptr, nullptr, "Limits", true, "check everything and print the plan, write nothing"},
    {"stop-after", 0, "PHASE", phaseChoices, "Looking inside", false, "print the module after a phase and stop"},
    {"dump-phases", 0, "DIR", nullptr, "Looking inside", false, "write the module after every phase to DIR"},
    {"print-after", 0, "PASS", nullptr, "Looking inside", false, "print the module after a pass, or after all"},
    {"print-changed", 0, nullptr, nullptr, "Looking inside", false,
     "with --print-after: only when a pass changed something"},
    {"time-passes", 0, nullptr, nullptr, "Looking inside", false, "print how long every pass took"},
    {"quiet", 'q', nullptr, nullptr, "Talking", true, "only errors and warnings"},
    {"verbose", 'v', nullptr, nullptr, "Talking", true, "say more"},
    {"progress", 0, "KIND", "auto|plain|none", "Talking", false, "progress bar, a line every 10 seconds, or nothing"},
    {"message-format", 0, "FORMAT", "human|json", "Talking", false, "errors for people or one JSON object per line"},
    {"color", 0, "WHEN", "auto|always|never", "Talking", false, "colours in messages"},
    {"help", 'h', nullptr, nullptr, "Talking", false, "the first screen of help"},
    {"help-all", 0, nullptr, nullptr, "Talking", true, "every option"},
};

bool refuseFormat(llvm::StringRef option, llvm::StringRef value, const std::vector<std::string> &accepted,
                  llvm::ArrayRef<const char *> planned, Diagnostics &diagnostics) {
  std::string list = llvm::join(accepted, ", ");
  bool later = llvm::is_contained(planned, value);
  return diagnostics.error(ErrorCode::BadOptionValue,
                           "--" + option.str() + "=" + value.str() +
                               (later ? " is not offered yet" : " is not a known format") + "; offered: " + list,
                           "", later ? "choose one of " + list : didYouMean(value.str(), accepted));
}

bool checkWeightFormat(llvm::StringRef option, llvm::StringRef value, Diagnostics &diagnostics) {
  std::vector<std::string> accepted = {"f32", "bf16", "w8", "w4", "w8row", "w4row", "w2row"};
  if (option == "quant") {
    accepted.push_back("mobile"); // a form of the whole program
  }
  return llvm::is_contained(accepted, value.str()) || refuseFormat(option, value, accepted, {"qat"}, diagnostics);
}

bool checkCacheFormat(llvm::StringRef value, Diagnostics &diagnostics) {
  const std::vector<std::string> accepted = {"f32", "bf16", "q8"};
  return llvm::is_contained(accepted, value.str()) || refuseFormat("kv", value, accepted, {}, diagnostics);
}

void readOverrides(const Arguments &arguments, CompileOptions &options, Diagnostics &diagnostics) {
  for (const std::string &text : arguments.all("quant-override")) {
    auto [pattern, format] = llvm::StringRef(text).rsplit('=');
    if (pattern.empty() || format.empty()) {
      diagnostics.error(ErrorCode::BadOptionValue, "--quant-override=" + text + " is not PATTERN=FORMAT", "",
                        std::string("example: --quant-override='*.embed_tokens.weight=w8'; formats: ") + formatsNow);
    } else if (checkWeightFormat("quant-override", format, diagnostics)) {
      options.overrides.push_back(text);
    }
  }
}

void readModelOptions(const Arguments &arguments, CompileOptions &options, Diagnostics &diagnostics) {
  options.quant = arguments.get("quant");
  options.kv = arguments.get("kv");
  if (arguments.has("quant")) {
    checkWeightFormat("quant", options.quant, diagnostics);
  }
  if (arguments.has("kv")) {
    checkCacheFormat(options.kv, diagnostics);
  }
  readOverrides(arguments, options, diagnostics);
  options.calibrate = arguments.get("calibrate");
  options.calibration = arguments.get("calibration");
  if (!options.calibrate.empty() && !options.calibration.empty()) {
    diagnostics.error(ErrorCode::BadOptionValue, "--calibrate and --calibration do not go together", "",
                      "--calibrate=TEXT makes new statistics, --calibration=STATS uses old ones");
  }
  if (arguments.has("drafter")) {
    diagnostics.error(ErrorCode::BadOptionValue, "--drafter is not offered yet", "",
                      "compile the model alone; speculative decoding will come with its own kernels");
  }
  options.context = arguments.number("context", 0, 16, limits::positions, diagnostics).value_or(0);
  options.chunk = arguments.number("chunk", 512, 1, 65536, diagnostics).value_or(512);
}

void readOutput(const Arguments &arguments, bool dryRun, CompileOptions &options, Diagnostics &diagnostics) {
  options.output = arguments.get("output");
  options.emit = arguments.get("emit", "binary") == "library" ? EmitKind::Library : EmitKind::Binary;
  options.splitWeights = arguments.get("split-weights");
  bool needed = !dryRun && !options.inspect.stopAfter;
  if (needed && options.output.empty()) {
    diagnostics.error(ErrorCode::MissingArgument, "no output was named", "",
                      "usage: lapidary compile MODEL_DIR -o FILE");
  }
  if (options.emit == EmitKind::Library && !options.splitWeights.empty()) {
    diagnostics.error(ErrorCode::BadOptionValue, "--split-weights does not go with --emit=library", "",
                      "a library always has its weights in a file of their own");
  }
  if (!options.splitWeights.empty() && options.splitWeights == options.output) {
    diagnostics.error(ErrorCode::BadOptionValue, "the program and its weights cannot be the same file");
  }
}

} // namespace

llvm::ArrayRef<OptionSpec> compileOptionTable() { return compileTable; }

std::vector<OptionSpec> talkingOptions() {
  std::vector<OptionSpec> result;
  for (const OptionSpec &option : compileTable) {
    if (llvm::StringRef(option.group) == "Talking" && llvm::StringRef(option.name) != "help-all") {
      result.push_back(option);
    }
  }
  return result;
}

std::optional<CompileOptions> compileOptions(const Arguments &arguments, bool dryRun, Diagnostics &diagnostics) {
  CompileOptions options;
  if (!expectWords(arguments, 1, "the checkpoint directory", "lapidary compile MODEL_DIR -o FILE", diagnostics)) {
    return std::nullopt;
  }
  options.model = arguments.positional().front();
  options.dryRun = dryRun || arguments.has("dry-run");
  if (arguments.has("stop-after")) {
    options.inspect.stopAfter = parsePhase(arguments.get("stop-after"));
  }
  options.inspect.dumpDirectory = arguments.get("dump-phases");
  options.inspect.printAfter = arguments.get("print-after", arguments.has("print-changed") ? "all" : "");
  options.inspect.printOnlyChanged = arguments.has("print-changed");
  options.inspect.timePasses = arguments.has("time-passes");
  readOutput(arguments, options.dryRun, options, diagnostics);
  readModelOptions(arguments, options, diagnostics);
  options.target = arguments.get("target", "native");
  options.maxMemory = arguments.bytes("max-memory", diagnostics).value_or(0);
  unsigned cores = llvm::hardware_concurrency().compute_thread_count();
  options.jobs = static_cast<unsigned>(arguments.number("jobs", std::max(1u, cores), 1, 256, diagnostics).value_or(1));
  options.strict = arguments.has("strict");
  options.hashes = arguments.has("hashes");
  if (diagnostics.hadError()) {
    return std::nullopt;
  }
  return options;
}

CompileOptions withFormats(CompileOptions options, bool quantizedCheckpoint, bool cacheRanges) {
  if (options.quant.empty()) {
    options.quant = quantizedCheckpoint ? "bf16" : "w4";
  }
  if (options.kv.empty()) {
    bool integers = quantizedCheckpoint || (options.quant != "f32" && options.quant != "bf16");
    options.kv = options.isMobile() || cacheRanges ? "q8" : integers ? "bf16" : "f32";
  }
  return options;
}

std::string compileHelp(bool all) {
  std::string text = "usage: lapidary compile MODEL_DIR -o FILE [options]\n"
                     "Compiles a Gemma 4 checkpoint directory into one program.\n\n"
                     "Examples:\n"
                     "  lapidary compile ./gemma-4-E2B-it -o gemma4\n"
                     "  lapidary compile ./gemma-4-E2B-it -o gemma4 --quant=w8 --context=32768\n"
                     "  lapidary compile ./gemma-4-E2B-it -o gemma4 --target=x86_64-linux+znver4\n"
                     "  lapidary compile ./gemma-4-E2B-it --dry-run\n\n";
  return text + optionHelp(compileTable, all);
}

} // namespace lapidary
