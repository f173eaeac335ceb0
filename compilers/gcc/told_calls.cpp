// A plugin for g++ that tells cocheck what -fsanitize=thread leaves out: aggregates that calls take
// and give by value, operands of assembly, and that a store to a bit-field reads its neighbours.
//
// The pass comes right before those of ThreadSanitizer ("tsan0" without optimisation, "tsan" with
// it): behind inlining and all that passes between procedures do, which make values of references.
// Each read is told in front of what makes it and each write behind it, since what is read after a
// write of the same step counts as its own. Where a call may throw, its write is told on the edge
// to where it returns.
//
// Calls of functions that g++ knows are made calls of functions that it does not know, so that it
// does not put something in their places later that nobody tells of.

// Each of these needs those before it.
// clang-format off
#include "gcc-plugin.h"
#include "plugin-version.h"
#include "tree.h"
#include "basic-block.h"
#include "function.h"
#include "gimple.h"
#include "gimple-iterator.h"
#include "gimplify.h"
#include "gimplify-me.h"
#include "tree-pass.h"
#include "context.h"
#include "fold-const.h"
#include "tree-ssa-alias.h"
#include "tree-eh.h"
#include "tree-cfg.h"
#include "options.h"
#include "output.h"
#include "stringpool.h"
#include "attribs.h"
#include "asan.h"
#include "diagnostic-core.h"
// clang-format on

int plugin_is_GPL_compatible;  // NOLINT: g++ looks for it

namespace {

/// One of the functions of cocheck that are told of accesses: void name(void* begin, size_t bytes).
tree callback(const char* name) {
  tree type = build_function_type_list(void_type_node, ptr_type_node, size_type_node, NULL_TREE);
  tree decl = build_fn_decl(name, type);
  TREE_NOTHROW(decl) = 1;
  return decl;
}

/// Whether others can see the memory that a reference names.
bool is_seen_by_others(tree reference) {
  tree base = get_base_address(reference);
  if (base == NULL_TREE) return false;
  if (DECL_P(base)) {
    if (is_global_var(base)) return !TREE_READONLY(base);
    pt_solution escaped = {};
    escaped.escaped = 1;
    escaped.ipa_escaped = flag_ipa_pta != 0;
    return may_be_aliased(base) && pt_solution_includes(&escaped, base);
  }
  return TREE_CODE(base) == MEM_REF || TREE_CODE(base) == TARGET_MEM_REF;
}

/// Whether an operand of a call or of assembly is memory that others can see.
bool is_told(tree operand) {
  if (operand == NULL_TREE || is_gimple_reg(operand) || is_gimple_min_invariant(operand)) {
    return false;
  }
  const bool is_memory = DECL_P(operand) || TREE_CODE(operand) == MEM_REF ||
                         TREE_CODE(operand) == TARGET_MEM_REF || handled_component_p(operand);
  if (!is_memory || !is_seen_by_others(operand)) return false;
  tree size = TYPE_SIZE_UNIT(TREE_TYPE(operand));
  return size != NULL_TREE && TREE_CODE(size) == INTEGER_CST && !integer_zerop(size);
}

/// The statements that tell of `bytes` of memory at an address.
gimple_seq tell(const char* name, tree address, tree bytes, location_t where) {
  gimple_seq statements = NULL;
  tree begin = force_gimple_operand(address, &statements, true, NULL_TREE);
  gcall* call = gimple_build_call(callback(name), 2, begin, fold_convert(size_type_node, bytes));
  gimple_set_location(call, where);
  gimple_seq_add_stmt_without_update(&statements, call);
  return statements;
}

gimple_seq tell(const char* name, tree reference, location_t where) {
  return tell(name, build_fold_addr_expr(unshare_expr(reference)),
              TYPE_SIZE_UNIT(TREE_TYPE(reference)), where);
}

void tell_read(gimple_stmt_iterator* at, tree reference) {
  gimple_seq statements = tell("__tsan_read_range", reference, gimple_location(gsi_stmt(*at)));
  gsi_insert_seq_before(at, statements, GSI_SAME_STMT);
}

/// Behind the statement, where it ends.
void tell_write(gimple_stmt_iterator* at, tree reference) {
  gimple* statement = gsi_stmt(*at);
  gimple_seq statements = tell("__tsan_write_range", reference, gimple_location(statement));
  if (!stmt_ends_bb_p(statement)) {
    gsi_insert_seq_after(at, statements, GSI_CONTINUE_LINKING);
  } else if (edge returns = find_fallthru_edge(gsi_bb(*at)->succs)) {
    gsi_insert_seq_on_edge_immediate(returns, statements);
  }
}

/// Functions of which g++ knows what they do, and that the linker wraps where they are called.
bool is_wrapped(built_in_function function) {
  switch (function) {
    case BUILT_IN_BCMP:
    case BUILT_IN_MEMCHR:
    case BUILT_IN_MEMCMP:
    case BUILT_IN_MEMCPY:
    case BUILT_IN_MEMMOVE:
    case BUILT_IN_MEMPCPY:
    case BUILT_IN_MEMSET:
    case BUILT_IN_SNPRINTF:
    case BUILT_IN_SPRINTF:
    case BUILT_IN_STPCPY:
    case BUILT_IN_STRCASECMP:
    case BUILT_IN_STRCAT:
    case BUILT_IN_STRCHR:
    case BUILT_IN_STRCMP:
    case BUILT_IN_STRCPY:
    case BUILT_IN_STRCSPN:
    case BUILT_IN_STRLEN:
    case BUILT_IN_STRNCASECMP:
    case BUILT_IN_STRNCAT:
    case BUILT_IN_STRNCMP:
    case BUILT_IN_STRNCPY:
    case BUILT_IN_STRNLEN:
    case BUILT_IN_STRPBRK:
    case BUILT_IN_STRRCHR:
    case BUILT_IN_STRSPN:
    case BUILT_IN_STRSTR:
    case BUILT_IN_VSNPRINTF:
    case BUILT_IN_VSPRINTF:
      return true;
    default:
      return false;
  }
}

void make_plain_call(gcall* call) {
  if (!gimple_call_builtin_p(call, BUILT_IN_NORMAL)) return;
  tree known = gimple_call_fndecl(call);
  if (!is_wrapped(DECL_FUNCTION_CODE(known))) return;
  const char* name = IDENTIFIER_POINTER(DECL_ASSEMBLER_NAME(known));
  constexpr char kPrefix[] = "__builtin_";
  if (startswith(name, kPrefix)) name += sizeof kPrefix - 1;
  tree plain = build_fn_decl(name, TREE_TYPE(known));
  TREE_NOTHROW(plain) = TREE_NOTHROW(known);
  gimple_call_set_fndecl(call, plain);
}

void tell_call(gimple_stmt_iterator* at, gcall* call) {
  if (gimple_call_internal_p(call)) return;
  make_plain_call(call);
  for (unsigned i = 0; i < gimple_call_num_args(call); ++i) {
    tree argument = gimple_call_arg(call, i);
    if (is_told(argument)) tell_read(at, argument);
  }
  tree result = gimple_call_lhs(call);
  if (is_told(result)) tell_write(at, result);
}

void tell_assembly(gimple_stmt_iterator* at, gasm* assembly) {
  for (unsigned i = 0; i < gimple_asm_ninputs(assembly); ++i) {
    tree input = TREE_VALUE(gimple_asm_input_op(assembly, i));
    if (is_told(input)) tell_read(at, input);
  }
  for (unsigned i = 0; i < gimple_asm_noutputs(assembly); ++i) {
    tree output = TREE_VALUE(gimple_asm_output_op(assembly, i));
    if (!is_told(output)) continue;
    // Whether all of it is written, the assembly alone knows: so what was there counts.
    tell_read(at, output);
    tell_write(at, output);
  }
}

/// The bits that a store to a bit-field leaves as they are in the bytes that it writes: it reads
/// these. Which bytes, is as ThreadSanitizer's pass tells of the write.
void tell_bit_field(gimple_stmt_iterator* at, tree stored) {
  const bool is_field =
      TREE_CODE(stored) == COMPONENT_REF && DECL_BIT_FIELD_TYPE(TREE_OPERAND(stored, 1)) != NULL;
  if ((!is_field && TREE_CODE(stored) != BIT_FIELD_REF) || !is_seen_by_others(stored)) return;
  unsigned HOST_WIDE_INT first = 0;
  unsigned HOST_WIDE_INT bits = 0;
  if (is_field) {
    tree field = TREE_OPERAND(stored, 1);
    if (tree all = DECL_BIT_FIELD_REPRESENTATIVE(field)) field = all;
    if (!tree_fits_uhwi_p(DECL_FIELD_OFFSET(field)) || !tree_fits_uhwi_p(DECL_SIZE(field))) return;
    first = tree_to_uhwi(DECL_FIELD_OFFSET(field)) * BITS_PER_UNIT +
            tree_to_uhwi(DECL_FIELD_BIT_OFFSET(field));
    bits = tree_to_uhwi(DECL_SIZE(field));
  } else {
    if (!tree_fits_uhwi_p(TREE_OPERAND(stored, 1)) || !tree_fits_uhwi_p(TREE_OPERAND(stored, 2)))
      return;
    bits = tree_to_uhwi(TREE_OPERAND(stored, 1));
    first = tree_to_uhwi(TREE_OPERAND(stored, 2));
  }
  tree object = build_fold_addr_expr(unshare_expr(TREE_OPERAND(stored, 0)));
  tree begin = fold_build_pointer_plus_hwi(object, first / BITS_PER_UNIT);
  const unsigned HOST_WIDE_INT bytes =
      (first % BITS_PER_UNIT + bits + BITS_PER_UNIT - 1) / BITS_PER_UNIT;
  gimple_seq statements =
      tell("__tsan_read_range", begin, size_int(bytes), gimple_location(gsi_stmt(*at)));
  gsi_insert_seq_before(at, statements, GSI_SAME_STMT);
}

const pass_data kPassData = {GIMPLE_PASS, "cocheck_calls", OPTGROUP_NONE, TV_NONE, PROP_cfg, 0, 0,
                             0,           TODO_update_ssa};

struct CallsPass : gimple_opt_pass {
  explicit CallsPass(gcc::context* context) : gimple_opt_pass(kPassData, context) {}
  opt_pass* clone() override { return new CallsPass(m_ctxt); }
  bool gate(function*) override { return sanitize_flags_p(SANITIZE_THREAD); }
  unsigned int execute(function* of) override {
    basic_block block;
    FOR_EACH_BB_FN(block, of) {
      for (gimple_stmt_iterator at = gsi_start_bb(block); !gsi_end_p(at); gsi_next(&at)) {
        gimple* statement = gsi_stmt(at);
        if (gcall* call = dyn_cast<gcall*>(statement)) {
          tell_call(&at, call);
        } else if (gasm* assembly = dyn_cast<gasm*>(statement)) {
          tell_assembly(&at, assembly);
        } else if (greturn* returns = dyn_cast<greturn*>(statement)) {
          if (tree value = gimple_return_retval(returns); is_told(value)) tell_read(&at, value);
        } else if (gimple_store_p(statement) && !gimple_clobber_p(statement)) {
          tell_bit_field(&at, gimple_get_lhs(statement));
        }
      }
    }
    return 0;
  }
};

/// The program hears at its start of each file that was compiled with this plugin.
void sign_unit(void*, void*) {
  if ((flag_sanitize & SANITIZE_THREAD) == 0) return;
  std::fputs(
      "\t.section\t.init_array,\"aw\"\n\t.balign\t8\n\t.8byte\tcocheck_unit_tells_calls\n"
      "\t.text\n",
      asm_out_file);
}

}  // namespace

int plugin_init(plugin_name_args* info, plugin_gcc_version* version) {
  if (!plugin_default_version_check(version, &gcc_version)) {
    error(
        "the plugin of cocheck was built for g++ %s (%s), and this is g++ %s (%s): build cocheck "
        "again with this compiler",
        gcc_version.basever, gcc_version.datestamp, version->basever, version->datestamp);
    return 1;
  }
  for (const char* before : {"tsan0", "tsan"}) {
    register_pass_info pass = {new CallsPass(g), before, 1, PASS_POS_INSERT_BEFORE};
    register_callback(info->base_name, PLUGIN_PASS_MANAGER_SETUP, NULL, &pass);
  }
  register_callback(info->base_name, PLUGIN_FINISH_UNIT, sign_unit, NULL);
  return 0;
}
