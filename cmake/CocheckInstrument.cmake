# cocheck_instrument(TARGET): compiles a target so that the strategy dpor, and the samplers pos and
# surw, know what each step of its models touches. It needs no annotations. The code is compiled as
# for ThreadSanitizer, without that: cocheck has a runtime of its own.
#
# What else the target links and what is part of its models needs to be instrumented as well; of the
# standard library, what lies in headers is. Not together with AddressSanitizer.

# In the cache, since the function may be called in folders that do not see other variables.
set(functions
  memcpy memmove mempcpy memccpy memset bzero memcmp bcmp memchr memrchr memmem
  wmemcpy wmemmove wmemset wmemcmp wmemchr
  strlen strnlen strcmp strncmp strcasecmp strncasecmp strcoll strxfrm
  strchr strrchr strchrnul strstr strcasestr strspn strcspn strpbrk
  strcpy stpcpy strncpy stpncpy strcat strncat strdup strndup strtok strtok_r
  wcslen wcsnlen wcscmp wcsncmp wcscoll wcschr wcsrchr wcsstr wcsspn wcscspn wcspbrk
  wcscpy wcsncpy wcscat wcsncat mbstowcs wcstombs
  atoi atol atoll atof strtod strtof strtold wcstod wcstof wcstold
  snprintf vsnprintf sprintf vsprintf asprintf vasprintf
  rand srand rand_r random srandom drand48 lrand48 mrand48 srand48
  qsort qsort_r
  __atomic_load __atomic_store __atomic_exchange __atomic_compare_exchange
  __atomic_load_16 __atomic_store_16 __atomic_exchange_16 __atomic_compare_exchange_16
  __dynamic_cast
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
  # std::ios_base and std::locale
  _ZNSt8ios_baseC2Ev _ZNSt8ios_baseD2Ev _ZNSt8ios_base7_M_initEv
  _ZNSt6localeC1Ev _ZNSt6localeC1ERKS_ _ZNSt6localeD1Ev _ZNSt6localeaSERKS_
)
# Reading a std::string from a std::istream: operator>>() and getline()
set(stream IcSt11char_traitsIcESaIcEERSt13basic_istreamIT_T0_ES7_)
set(string RNSt7__cxx1112basic_stringIS4_S5_T1_EE)
list(APPEND functions _ZStrs${stream}${string} _ZSt7getline${stream}${string}S4_)
# Headers of glibc 2.38 and later have others called, by these names.
foreach(name strtol strtoll strtoul strtoull strtoimax strtoumax
        wcstol wcstoll wcstoul wcstoull sscanf vsscanf)
  list(APPEND functions ${name} __isoc23_${name})
endforeach()
list(APPEND functions __isoc99_sscanf __isoc99_vsscanf)
# std::from_chars() and std::to_chars() of double, float and long double
foreach(real d f e)
  list(APPEND functions _ZSt10from_charsPKcS0_R${real}St12chars_format _ZSt8to_charsPcS_${real}
       _ZSt8to_charsPcS_${real}St12chars_format _ZSt8to_charsPcS_${real}St12chars_formati)
endforeach()
# The errors of <stdexcept> from texts, and their copies
foreach(error 11logic_error 12domain_error 16invalid_argument 12length_error 12out_of_range
        13runtime_error 11range_error 14overflow_error 15underflow_error)
  foreach(constructor C1 C2)
    list(APPEND functions _ZNSt${error}${constructor}EPKc
         _ZNSt${error}${constructor}ERKNSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEEE)
  endforeach()
endforeach()
foreach(error 11logic_error 13runtime_error)
  list(APPEND functions _ZNSt${error}C1ERKS_ _ZNSt${error}C2ERKS_ _ZNSt${error}aSERKS_)
endforeach()
set(COCHECK_WRAPPED_FUNCTIONS ${functions}
  CACHE INTERNAL "What cocheck_instrument() has the linker wrap")
unset(functions)

# Calls of these stay calls, so that they are wrapped: what compilers put in their places is not
# instrumented. See cocheck/detail/instrumented_code.hpp.
set(options -fsanitize=thread -U_FORTIFY_SOURCE
    "SHELL:-include cocheck/detail/instrumented_code.hpp")
foreach(name memcpy memmove memset memcmp bcmp memchr strlen strnlen strcmp strncmp strcasecmp
        strncasecmp strchr strrchr strstr strspn strcspn strpbrk strcpy stpcpy strncpy strcat
        strncat snprintf sprintf vsnprintf vsprintf)
  list(APPEND options -fno-builtin-${name})
endforeach()
if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  # Else a read that a write to the same place follows is left out.
  list(APPEND options "SHELL:-mllvm -tsan-instrument-read-before-write")
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
  target_link_libraries(${target} PRIVATE cocheck::instrumentation)
  list(TRANSFORM COCHECK_WRAPPED_FUNCTIONS PREPEND "LINKER:--wrap=" OUTPUT_VARIABLE wrapped)
  target_link_options(${target} PRIVATE ${wrapped})
  if(TARGET cocheck_compiler_plugin)
    add_dependencies(${target} cocheck_compiler_plugin)
  endif()
endfunction()
