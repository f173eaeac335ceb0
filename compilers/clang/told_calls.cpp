// A plugin for clang that tells cocheck what -fsanitize=thread leaves out: arguments that are
// copied to where the called function expects them, accesses of sizes that ThreadSanitizer does not
// know (3, 5, 6, 7 and 10 bytes, and wide vectors), operations on atomics that it does not know,
// and memory that is an operand of assembly.
//
// The pass comes at the end of the pipeline, as that of ThreadSanitizer does. Calls of functions
// that clang knows are made calls of functions that it does not know, so that it does not put
// something in their places later that nobody tells of.

#include "llvm/Analysis/CaptureTracking.h"
#include "llvm/Analysis/ValueTracking.h"
#include "llvm/Config/llvm-config.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/InlineAsm.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/Instructions.h"
#include "llvm/IR/IntrinsicInst.h"
#include "llvm/IR/Module.h"
#include "llvm/IR/PassManager.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Passes/PassPlugin.h"
#include "llvm/Transforms/Utils/ModuleUtils.h"

namespace {

using namespace llvm;

/// Tells of accesses in one module.
class Teller {
 public:
  explicit Teller(Module& module) : layout_(module.getDataLayout()) {
    LLVMContext& context = module.getContext();
    const AttributeList nothrow =
        AttributeList::get(context, AttributeList::FunctionIndex, Attribute::NoUnwind);
    Type* nothing = Type::getVoidTy(context);
    Type* pointer = PointerType::getUnqual(context);
    Type* size = layout_.getIntPtrType(context);
    read_ = module.getOrInsertFunction("__tsan_read_range", nothrow, nothing, pointer, size);
    write_ = module.getOrInsertFunction("__tsan_write_range", nothrow, nothing, pointer, size);
  }

  void tell(Instruction& instruction) {
    if (instruction.hasMetadata(LLVMContext::MD_nosanitize)) return;
    if (auto* load = dyn_cast<LoadInst>(&instruction)) {
      if (!is_known(load->getType())) read(load, load->getPointerOperand(), load->getType());
    } else if (auto* store = dyn_cast<StoreInst>(&instruction)) {
      Type* type = store->getValueOperand()->getType();
      if (!is_known(type)) write(store, store->getPointerOperand(), type);
    } else if (auto* update = dyn_cast<AtomicRMWInst>(&instruction)) {
      if (is_known(*update)) return;
      read(update, update->getPointerOperand(), update->getType());
      write(update, update->getPointerOperand(), update->getType());
    } else if (auto* call = dyn_cast<CallBase>(&instruction)) {
      tell_call(*call);
    }
  }

 private:
  /// Whether ThreadSanitizer tells of an access of that size.
  [[nodiscard]] bool is_known(Type* type) const {
    const TypeSize bits = layout_.getTypeStoreSizeInBits(type);
    return !bits.isScalable() &&
           (bits == 8 || bits == 16 || bits == 32 || bits == 64 || bits == 128);
  }
  [[nodiscard]] bool is_known(const AtomicRMWInst& update) const {
    switch (update.getOperation()) {
      case AtomicRMWInst::Xchg:
      case AtomicRMWInst::Add:
      case AtomicRMWInst::Sub:
      case AtomicRMWInst::And:
      case AtomicRMWInst::Or:
      case AtomicRMWInst::Xor:
      case AtomicRMWInst::Nand:
        return is_known(update.getType());
      default:
        return false;
    }
  }

  void tell_call(CallBase& call) {
    if (auto* assembly = dyn_cast<InlineAsm>(call.getCalledOperand())) {
      tell_assembly(call, *assembly);
      return;
    }
    if (auto* intrinsic = dyn_cast<IntrinsicInst>(&call)) {
      tell_masked(*intrinsic);
      return;
    }
    call.addFnAttr(Attribute::NoBuiltin);
    for (unsigned i = 0; i < call.arg_size(); ++i) {
      if (call.isByValArgument(i)) read(&call, call.getArgOperand(i), call.getParamByValType(i));
    }
  }

  /// Which parts are accessed is decided when it runs: all may be.
  void tell_masked(IntrinsicInst& intrinsic) {
    if (intrinsic.getIntrinsicID() == Intrinsic::masked_load) {
      read(&intrinsic, intrinsic.getArgOperand(0), intrinsic.getType());
    } else if (intrinsic.getIntrinsicID() == Intrinsic::masked_store) {
      Type* type = intrinsic.getArgOperand(0)->getType();
      read(&intrinsic, intrinsic.getArgOperand(1), type);
      write(&intrinsic, intrinsic.getArgOperand(1), type);
    }
  }

  /// Whether all of an output is written, the assembly alone knows: so what was there counts.
  void tell_assembly(CallBase& call, const InlineAsm& assembly) {
    unsigned argument = 0;
    for (const InlineAsm::ConstraintInfo& constraint : assembly.ParseConstraints()) {
      const bool output = constraint.Type == InlineAsm::isOutput;
      if (constraint.Type == InlineAsm::isClobber || constraint.Type == InlineAsm::isLabel ||
          (output && !constraint.isIndirect)) {
        continue;
      }
      if (argument >= call.arg_size()) return;
      const unsigned at = argument++;
      Type* type = constraint.isIndirect ? call.getParamElementType(at) : nullptr;
      if (type == nullptr) continue;
      read(&call, call.getArgOperand(at), type);
      Instruction* behind = call.getNextNode();
      if (output && behind != nullptr) write(behind, call.getArgOperand(at), type);
    }
  }

  void read(Instruction* before, Value* address, Type* type) {
    insert(read_, before, address, type);
  }
  void write(Instruction* before, Value* address, Type* type) {
    insert(write_, before, address, type);
  }
  void insert(FunctionCallee callback, Instruction* before, Value* address, Type* type) {
    const Value* object = getUnderlyingObject(address);
    if (isa<AllocaInst>(object) && !PointerMayBeCaptured(object, true, true)) return;
    const TypeSize bytes = layout_.getTypeStoreSize(type);
    if (bytes.isScalable() || bytes.isZero() || address->getType()->getPointerAddressSpace() != 0) {
      return;
    }
    IRBuilder<> builder(before);
    Value* size = ConstantInt::get(layout_.getIntPtrType(builder.getContext()), bytes);
    builder.CreateCall(callback, {address, size});
  }

  const DataLayout& layout_;
  FunctionCallee read_;
  FunctionCallee write_;
};

struct CallsPass : PassInfoMixin<CallsPass> {
  PreservedAnalyses run(Module& module, ModuleAnalysisManager&) {
    Teller teller(module);
    for (Function& function : module) {
      if (!function.hasFnAttribute(Attribute::SanitizeThread) ||
          function.hasFnAttribute(Attribute::Naked)) {
        continue;
      }
      SmallVector<Instruction*, 64> instructions;
      for (Instruction& instruction : llvm::instructions(function)) {
        instructions.push_back(&instruction);
      }
      for (Instruction* instruction : instructions) teller.tell(*instruction);
    }
    // The program hears at its start of each file that was compiled with this plugin.
    FunctionCallee sign = module.getOrInsertFunction("cocheck_unit_tells_calls",
                                                     Type::getVoidTy(module.getContext()));
    appendToGlobalCtors(module, cast<Function>(sign.getCallee()), 0);
    return PreservedAnalyses::none();
  }
  static bool isRequired() { return true; }
};

}  // namespace

extern "C" LLVM_ATTRIBUTE_WEAK PassPluginLibraryInfo llvmGetPassPluginInfo() {
  return {LLVM_PLUGIN_API_VERSION, "cocheck", LLVM_VERSION_STRING, [](PassBuilder& builder) {
#if LLVM_VERSION_MAJOR >= 20
            builder.registerOptimizerLastEPCallback(
                [](ModulePassManager& passes, OptimizationLevel, ThinOrFullLTOPhase) {
                  passes.addPass(CallsPass());
                });
#else
            builder.registerOptimizerLastEPCallback(
                [](ModulePassManager& passes, OptimizationLevel) { passes.addPass(CallsPass()); });
#endif
          }};
}
