# cocheck_instrument(TARGET): compiles a target so that the strategy dpor, and the samplers pos and
# surw, know what each step of its models touches. It needs no annotations. The code is compiled as
# for ThreadSanitizer, without that: cocheck has a runtime of its own.
#
# What else the target links and what is part of its models needs to be instrumented as well; of the
# standard library, what lies in headers is. Not together with AddressSanitizer.

# In the cache, since the function may be called in folders that do not see other variables.
set(COCHECK_WRAPPED_FUNCTIONS
  memcpy memmove memset memcmp memchr
  strlen strcmp strncmp strchr strrchr strstr strcpy strncpy strcat
  strtol strtoll strtoul strtoull strtod strtof strtold atoi
  _ZSt11_Hash_bytesPKvmm
  _ZNSt15__exception_ptr13exception_ptr9_M_addrefEv
  _ZNSt15__exception_ptr13exception_ptr10_M_releaseEv
  _ZSt18_Rb_tree_incrementPSt18_Rb_tree_node_base
  _ZSt18_Rb_tree_incrementPKSt18_Rb_tree_node_base
  _ZSt18_Rb_tree_decrementPSt18_Rb_tree_node_base
  _ZSt18_Rb_tree_decrementPKSt18_Rb_tree_node_base
  _ZSt29_Rb_tree_insert_and_rebalancebPSt18_Rb_tree_node_baseS0_RS_
  _ZSt28_Rb_tree_rebalance_for_erasePSt18_Rb_tree_node_baseRS_
  _ZNSt8__detail15_List_node_base7_M_hookEPS0_
  _ZNSt8__detail15_List_node_base9_M_unhookEv
  _ZNSt8__detail15_List_node_base11_M_transferEPS0_S1_
  _ZNSt8__detail15_List_node_base10_M_reverseEv
  _ZNSt8__detail15_List_node_base4swapERS0_S1_
  _ZNKSt8__detail20_Prime_rehash_policy11_M_next_bktEm
  _ZNKSt8__detail20_Prime_rehash_policy14_M_need_rehashEmmm
  CACHE INTERNAL "What cocheck_instrument() has the linker wrap")

# Calls of these stay calls, so that they are wrapped: what compilers put in their places is not
# instrumented. See cocheck/detail/instrumented_code.hpp.
set(options -fsanitize=thread -U_FORTIFY_SOURCE)
foreach(name memcpy memmove memset memcmp memchr
        strlen strcmp strncmp strchr strrchr strstr strcpy strncpy strcat)
  list(APPEND options -fno-builtin-${name})
endforeach()
if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  # Else a read that a write to the same place follows is left out.
  list(APPEND options "SHELL:-mllvm -tsan-instrument-read-before-write")
else()
  list(APPEND options "SHELL:-include cocheck/detail/instrumented_code.hpp")
endif()
if(COCHECK_COMPILER_PLUGIN AND CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  list(APPEND options -fpass-plugin=${COCHECK_COMPILER_PLUGIN})
elseif(COCHECK_COMPILER_PLUGIN)
  list(APPEND options -fplugin=${COCHECK_COMPILER_PLUGIN})
endif()
set(COCHECK_INSTRUMENT_OPTIONS ${options}
  CACHE INTERNAL "How cocheck_instrument() has code compiled")
unset(options)

function(cocheck_instrument target)
  if(COCHECK_SANITIZERS)
    return()
  endif()
  target_compile_options(${target} PRIVATE ${COCHECK_INSTRUMENT_OPTIONS})
  # Else parts of std::string and of streams come from the library, where nobody sees them.
  target_compile_definitions(${target} PRIVATE _GLIBCXX_EXTERN_TEMPLATE=0)
  target_link_libraries(${target} PRIVATE cocheck::instrumentation)
  list(TRANSFORM COCHECK_WRAPPED_FUNCTIONS PREPEND "LINKER:--wrap=" OUTPUT_VARIABLE wrapped)
  target_link_options(${target} PRIVATE ${wrapped})
  if(TARGET cocheck_compiler_plugin)
    add_dependencies(${target} cocheck_compiler_plugin)
  endif()
endfunction()
