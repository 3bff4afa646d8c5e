//===- TargetBackend.h - what passes and the driver ask of a target --------===//
// SPDX-License-Identifier: Apache-2.0
//
// One class per target family, implemented in targets/<name>/ and found through the generated registry. Passes never
// know a target's name: layouts, cache geometry, kernels and code generation are questions to this interface. It lives
// beside the passes because targets depend on passes, not the other way round.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_PASSES_TARGETBACKEND_H
#define LAPIDARY_PASSES_TARGETBACKEND_H

#include "dialects/gemma/Gemma.h"
#include "dialects/kernel/Kernel.h"
#include "lapidary/ProgramAbi.h"
#include "support/Diagnostics.h"

#include "mlir/IR/BuiltinOps.h"
#include "llvm/Support/ErrorHandling.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace lapidary {

/// What a weight is used for; decides its layout.
enum class WeightUse {
  Matrix,       ///< one product: [rows, columns]
  Experts,      ///< a product per expert: [experts, rows, columns]
  GatedExperts, ///< the same, the first half of each expert's rows gate, the second up
  Table,        ///< gathered row by row: [rows, columns]
  Vector        ///< norm weights and scalars: [columns]
};

/// What the layout and plan phases need to know about the program, from the command line.
struct ProgramOptions {
  uint32_t context = 8192;          ///< positions the caches hold
  uint32_t chunk = 512;             ///< most tokens per call
  std::string cacheElement = "f32"; ///< "f32", "bf16" or "q8"; asked about one cache, "i8" for "q8"
};

/// Logical rows of a weight that the checkpoint stores as integers: value = integer * scale of its columns.
struct IntegerRows {
  const int8_t *values; ///< [rows][columns]
  const float *scales;  ///< [rows][scalesPerRow], finite and positive
  uint64_t scalesPerRow;
};

/// Groups of plain weights that were rounded to 4 bits, and those among them that lost nothing: models that were
/// trained for 4 bits are released in bf16, too, with weights that lie on such a grid.
struct GridGroups {
  uint64_t all = 0, exact = 0;
};

/// Turns the values of one packed weight into its bytes, in pieces so that memory stays bounded.
class WeightPacker {
public:
  virtual ~WeightPacker() = default;
  /// Logical rows that one piece covers (a multiple of the layout's tile).
  virtual uint64_t rowsPerPiece() const = 0;
  /// Bytes of the piece that starts at logical row `row` (all its tiles, padding included).
  virtual uint64_t pieceBytes(uint64_t row) const = 0;
  /// Packs `rows` logical rows ([rows][columns] float32, row-major) that start at `row` into `out`
  /// (pieceBytes(row) bytes, zeroed by the caller). Thread safe for different pieces.
  virtual void pack(const float *values, uint64_t row, uint64_t rows, uint8_t *out) const = 0;
  /// The same for rows that are integers already, kept bit for bit; only called for integer formats.
  virtual void packIntegers(const IntegerRows &values, uint64_t row, uint64_t rows, uint8_t *out) const {
    llvm_unreachable("this layout does not hold integers");
  }
  /// What `pack` has met so far; nothing for formats other than 4 bits in groups.
  virtual GridGroups gridGroups() const { return {}; }
};

/// What emitting a program leaves on disk for the link step.
struct EmittedObjects {
  std::vector<std::string> objects; ///< paths, in link order
};

/// Where a target finds its resources and puts its intermediate files.
struct EmitContext {
  std::string resourceDirectory; ///< lib/lapidary beside the compiler
  std::string toolDirectory;     ///< where lapidary-kernelgen is
  std::string cacheDirectory;    ///< kernel objects by content hash; survives
  std::string workDirectory;     ///< removed afterwards
  Diagnostics &diagnostics;
};

class TargetBackend {
public:
  virtual ~TargetBackend() = default;

  /// "x86_64-linux": what --target= names, before the '+'.
  virtual llvm::StringRef name() const = 0;
  virtual llvm::StringRef summary() const = 0;
  /// CPUs or devices after the '+', the default first.
  virtual std::vector<std::string> cpus() const = 0;
  /// What a --target= text that means this target says behind its name ("" for nothing); nullopt for other targets.
  virtual std::optional<llvm::StringRef> cpuIn(llvm::StringRef target) const {
    auto [family, cpu] = target.split('+');
    return family == name() ? std::optional(cpu) : std::nullopt;
  }
  /// True when programs of this target can run on the machine that compiles.
  virtual bool runsHere() const = 0;
  /// Chooses a CPU: one of cpus(), "native" (what this machine has) or "" (the default). Reports unknown names.
  virtual bool selectCpu(llvm::StringRef cpu, Diagnostics &diagnostics) = 0;
  /// The full target string of the chosen CPU, "x86_64-linux+znver4".
  virtual std::string targetString() const = 0;
  /// Feature names as /proc/cpuinfo spells them, space separated; the program checks them when it starts.
  virtual std::string requiredFeatures() const = 0;

  /// Head sizes and the width of per-layer embeddings must be multiples of this; other models are refused.
  virtual uint32_t headMultiple() const = 0;

  /// Bytes of weights, caches and scratch that a program's addresses can reach; plans beyond are refused.
  virtual uint64_t addressSpaceBytes() const { return UINT64_MAX; }

  //===--- layout -----------------------------------------------------------===//
  /// The packed type for a weight of `shape` ([rows, columns], [experts, rows, columns] or [columns]).
  virtual kernel::PackedType packedType(llvm::ArrayRef<int64_t> shape, gemma::FormatAttr format,
                                        WeightUse use) const = 0;
  /// Bytes in the weight segment, padding included.
  virtual uint64_t packedBytes(kernel::PackedType type) const = 0;
  /// `moments`: the second moments of the weight's input (lap_observer in ProgramAbi.h), which a format may use to make
  /// the error of the outputs small instead of the weights'; empty when nothing was observed.
  virtual std::unique_ptr<WeightPacker> packer(kernel::PackedType type, llvm::ArrayRef<float> moments) const = 0;
  /// What the op drivers are told about a weight of this type (ProgramAbi.h); `offset` is left 0.
  virtual lap_weight describeWeight(kernel::PackedType type) const = 0;
  /// Slots, element and size of one layer's cache (`window` 0: global); offsets in the result are 0.
  virtual kernel::CacheAttr cacheGeometry(mlir::MLIRContext *context, int64_t heads, int64_t dim, int64_t window,
                                          const ProgramOptions &options) const = 0;
  /// Bytes of K plus V for a geometry; `keyBytes` is where V starts.
  virtual uint64_t cacheBytes(kernel::CacheAttr geometry, int64_t heads, int64_t dim, uint64_t &keyBytes) const = 0;

  //===--- lower and emit ---------------------------------------------------===//
  /// How the program functions call: drivers are named <prefix><op>, and lanes meet at barriers unless one lane runs
  /// everything in order.
  struct Drivers {
    llvm::StringRef prefix;
    bool barriers;
  };
  virtual Drivers drivers() const { return {"lap_op_", true}; }
  /// True when the kernel of a gemma op (rms_norm, gelu_mul, residual_norm, attention) can round its result to rows of
  /// `element` (i8, q8, q24, r24) as it writes them, so that no kernel.quantize has to follow. With residual_norm that
  /// is kernel.residual_norm_rounded.
  virtual bool rounds(mlir::Operation *op, llvm::StringRef element) const {
    return element == "i8" && llvm::isa<gemma::RmsNormOp, gemma::GeluMulOp>(op);
  }
  /// True when kernel.kv_norm_append shall take the place of the norms in front of a kernel.kv_append.
  virtual bool fusesKvNorms() const { return false; }
  /// Names of the kernels that run `op`, in the order of its driver's parameters; empty if the driver needs none.
  virtual std::vector<std::string> selectKernels(kernel::ComputeOpInterface op) const = 0;
  /// Scratch bytes each lane needs for the whole program.
  virtual uint64_t laneScratchBytes(mlir::ModuleOp module) const = 0;
  /// What the target plans beyond buffers and weights, a line each for the compile report.
  virtual std::vector<std::string> planNotes(mlir::ModuleOp) const { return {}; }
  /// The most bytes that runtime, kernels and program functions take in an image; known before they are made.
  virtual uint64_t codeBytes() const { return 4u << 20; }
  /// Generates the objects of a planned module: kernels and the program functions. `descriptor` is the finished
  /// lap_program with its blobs (ProgramAbi.h).
  virtual bool emitObjects(mlir::ModuleOp module, llvm::ArrayRef<char> descriptor, EmitContext &context,
                           EmittedObjects &out) const = 0;
  /// Links the objects with the runtime into the program image (no weights yet).
  virtual bool linkProgram(const EmittedObjects &objects, llvm::StringRef image, EmitContext &context) const = 0;
  /// Links a static and a shared library `lib<name>.a` / `.so` into `directory`.
  virtual bool linkLibrary(const EmittedObjects &objects, llvm::StringRef directory, llvm::StringRef name,
                           EmitContext &context) const = 0;
};

/// Every target of this build, in the order of targets/CMakeLists.txt (generated list). Fresh objects each call.
std::vector<std::unique_ptr<TargetBackend>> createAllTargets();

/// Parses "native", "x86_64-linux", "x86_64-linux+znver4", ..; reports misses with a suggestion. "native" is the first
/// target that runs here, with CPU "native".
std::unique_ptr<TargetBackend> createTarget(llvm::StringRef text, Diagnostics &diagnostics);

} // namespace lapidary

#endif // LAPIDARY_PASSES_TARGETBACKEND_H
