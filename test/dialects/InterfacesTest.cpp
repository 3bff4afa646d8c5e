//===- InterfacesTest.cpp - what passes learn from interfaces and types ----===//
// SPDX-License-Identifier: Apache-2.0
//
// Pruning trusts getPositionOperands, barriers and memory planning trust the buffer lists, targets trust row sizes:
// none of it shows in printed IR, so it is asked here.
//===----------------------------------------------------------------------===//
#include "dialects/kernel/Kernel.h"

#include "mlir/AsmParser/AsmParser.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Parser/Parser.h"

#include <gtest/gtest.h>

using namespace lapidary;
using Indices = llvm::SmallVector<unsigned>;

namespace {

class Interfaces : public testing::Test {
protected:
  Interfaces() { context.loadDialect<gemma::GemmaDialect, kernel::KernelDialect, mlir::func::FuncDialect>(); }
  /// Parses `text` and returns its only op of type `Op`, or null.
  template <typename Op> Op parse(llvm::StringRef text) {
    module = mlir::parseSourceString<mlir::ModuleOp>(text, &context);
    Op found;
    if (module) {
      module->walk([&](Op op) { found = op; });
    }
    return found;
  }
  mlir::Type type(llvm::StringRef text) { return mlir::parseType(text, &context); }

  mlir::MLIRContext context{mlir::MLIRContext::Threading::DISABLED};
  mlir::OwningOpRef<mlir::ModuleOp> module;
};

TEST_F(Interfaces, TokenRowsAreUnknownFirstDimensions) {
  EXPECT_TRUE(gemma::hasTokenRows(type("tensor<?x96xf32>")));
  EXPECT_TRUE(gemma::hasTokenRows(type("tensor<?xi32>")));
  EXPECT_TRUE(gemma::hasTokenRows(type("!gemma.q8<?x96, group = 32>")));
  EXPECT_FALSE(gemma::hasTokenRows(type("tensor<1xbf16>")));
  EXPECT_FALSE(gemma::hasTokenRows(type("tensor<96x?xf32>")));
  EXPECT_FALSE(gemma::hasTokenRows(type("tensor<f32>")));
  EXPECT_FALSE(gemma::hasTokenRows(type("!gemma.q8<1x96, group = 32>")));
  EXPECT_FALSE(gemma::hasTokenRows(type("!kernel.packed<96, <f32>, \"vector\">")));
}

TEST_F(Interfaces, WeightsAreNotPositionOperands) {
  auto op = parse<gemma::RotaryOp>(R"(func.func @f(%q: tensor<?x4x16xf32>, %p: tensor<?xi32>) {
    %0 = gemma.rotary %q, %p theta 1.0 pairs 8 factor 1.0 : tensor<?x4x16xf32>, tensor<?xi32>
    return })");
  ASSERT_TRUE(op);
  EXPECT_EQ(op.getPositionOperands(), (Indices{0, 1}));
  auto norm = parse<gemma::RmsNormOp>(R"(func.func @f(%x: tensor<?x96xf32>, %w: tensor<96xf32>) {
    %0 = gemma.rms_norm %x, %w eps 1.0 : tensor<?x96xf32>, tensor<96xf32>
    return })");
  ASSERT_TRUE(norm);
  EXPECT_EQ(norm.getPositionOperands(), Indices{0});
}

TEST_F(Interfaces, KeysAndValuesStayWhenAQueryRowIsSelected) {
  auto fused = parse<gemma::GlobalAttentionOp>(
      R"(func.func @f(%q: tensor<?x64xf32>, %k: tensor<?x1x16xf32>, %p: tensor<?xi32>) {
    %0 = gemma.global_attention %q, %k, %k, %p heads 4
      : (tensor<?x64xf32>, tensor<?x1x16xf32>, tensor<?x1x16xf32>, tensor<?xi32>) -> tensor<?x64xf32>
    return })");
  ASSERT_TRUE(fused);
  EXPECT_EQ(fused.getPositionOperands(), (Indices{0, 3}));
  auto scores = parse<gemma::HeadScoresOp>(R"(func.func @f(%q: tensor<?x4x16xf32>, %k: tensor<?x1x16xf32>) {
    %0 = gemma.head_scores %q, %k : (tensor<?x4x16xf32>, tensor<?x1x16xf32>) -> tensor<?x4x?xf32>
    return })");
  ASSERT_TRUE(scores);
  EXPECT_EQ(scores.getPositionOperands(), Indices{0});
  EXPECT_FALSE(llvm::isa<gemma::PositionWiseOpInterface>(
      parse<gemma::SelectLastOp>("func.func @f(%x: tensor<?x96xf32>) {\n %0 = gemma.select_last %x : "
                                 "tensor<?x96xf32> -> tensor<1x96xf32>\n return }")
          .getOperation()));
}

TEST_F(Interfaces, BuffersBeforeIntoAreReadAndThoseAfterWritten) {
  auto op = parse<kernel::ResidualNormOp>(R"(func.func @f(%x: !kernel.buffer<tokens x 96 x f32>,
      %y: !kernel.buffer<tokens x 96 x f32>, %w: !kernel.packed<96, <f32>, "vector">) {
    kernel.residual_norm %x, %y, %w eps 1.0 into %x : !kernel.buffer<tokens x 96 x f32>,
      !kernel.buffer<tokens x 96 x f32>, !kernel.packed<96, <f32>, "vector">, !kernel.buffer<tokens x 96 x f32>
    return })");
  ASSERT_TRUE(op);
  auto compute = llvm::cast<kernel::ComputeOpInterface>(op.getOperation());
  EXPECT_EQ(compute.getReadBuffers(), (llvm::SmallVector<mlir::Value>{op.getResidual(), op.getInput()}));
  EXPECT_EQ(compute.getWrittenBuffers(), llvm::SmallVector<mlir::Value>{op.getResidual()}); // in place
  EXPECT_FALSE(compute.getKernelNames());
  compute.setKernelNames(mlir::Builder(&context).getStrArrayAttr({"residual_norm"}));
  EXPECT_EQ(compute.getKernelNames().size(), 1u);
}

TEST_F(Interfaces, OpsWithoutOneOutSayWhatTheyWrite) {
  auto append = parse<kernel::KvAppendOp>(
      R"(kernel.kv_cache @kv heads 1 dim 16 window 0 geometry <slots = 16, element = "f32", key = 0, value = 1024>
  func.func @f(%k: !kernel.buffer<tokens x 16 x f32>) {
    kernel.kv_append @kv, %k, %k : !kernel.buffer<tokens x 16 x f32>, !kernel.buffer<tokens x 16 x f32>
    return })");
  ASSERT_TRUE(append);
  EXPECT_EQ(append.getReadBuffers().size(), 2u);
  EXPECT_TRUE(append.getWrittenBuffers().empty());
  auto sort = parse<kernel::SortExpertsOp>(
      R"(func.func @f(%i: !kernel.buffer<tokens x 3 x i32>, %o: !kernel.buffer<1 x 100 x i32>) {
    kernel.sort_experts %i experts 8 top_k 3 into %o : !kernel.buffer<tokens x 3 x i32>, !kernel.buffer<1 x 100 x i32>
    return })");
  ASSERT_TRUE(sort);
  EXPECT_EQ(sort.getReadBuffers(), llvm::SmallVector<mlir::Value>{sort.getIndices()});
  EXPECT_EQ(sort.getWrittenBuffers(), llvm::SmallVector<mlir::Value>{sort.getOrder()});
}

TEST_F(Interfaces, BufferRowsArePaddedAsTheAbiSays) {
  auto plain = llvm::cast<kernel::BufferType>(type("!kernel.buffer<8 tokens x 33 x f32>"));
  EXPECT_EQ(plain.getPaddedColumns(), 64);
  EXPECT_EQ(plain.getRowBytes(), 256);
  EXPECT_EQ(plain.getRowsFor(5), 40);
  auto quantized = llvm::cast<kernel::BufferType>(type("!kernel.buffer<1 x 96 x q8>"));
  EXPECT_EQ(quantized.getRowBytes(), 128); // 96 values, 3 scales and 3 sums of 4 bytes, rounded up to 64
  EXPECT_EQ(quantized.getRowsFor(5), 1);
}

TEST_F(Interfaces, PackedTypesKeepTheirLogicalShape) {
  auto packed =
      llvm::cast<gemma::PackedWeightTypeInterface>(type("!kernel.packed<80x96, <w4, group = 32>, \"tiles16\">"));
  EXPECT_EQ(packed.getLogicalShape(), (llvm::ArrayRef<int64_t>{80, 96}));
  auto format = llvm::cast<kernel::PackedType>(packed).getFormat();
  EXPECT_TRUE(format.isInteger());
  EXPECT_EQ(format.getBits(), 4u);
  EXPECT_EQ(gemma::FormatAttr::get(&context, "bf16", 0).getBits(), 16u);
}

} // namespace
