# Sets COCHECK_COMPILER_PLUGIN to where the plugin for the compiler will be built (see compilers/),
# or to "" where it cannot be: then strategies that need to know what steps touch say so.

set(COCHECK_COMPILER_PLUGIN "" CACHE INTERNAL "What tells of calls in instrumented code")
set(COCHECK_COMPILER_PLUGIN_HEADERS "" CACHE INTERNAL "Headers of the compiler")
if(COCHECK_SANITIZERS)
  return()
endif()

string(REGEX MATCH "^[0-9]+" major "${CMAKE_CXX_COMPILER_VERSION}")
set(headers "")
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  set(compiler gcc)
  set(package gcc-${major}-plugin-dev)
  execute_process(COMMAND ${CMAKE_CXX_COMPILER} -print-file-name=plugin
                  OUTPUT_VARIABLE headers OUTPUT_STRIP_TRAILING_WHITESPACE)
  string(APPEND headers /include)
  if(NOT EXISTS ${headers}/gcc-plugin.h)
    set(headers "")
  endif()
elseif(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  set(compiler clang)
  set(package llvm-${major}-dev)
  find_program(COCHECK_LLVM_CONFIG llvm-config-${major})
  mark_as_advanced(COCHECK_LLVM_CONFIG)
  if(COCHECK_LLVM_CONFIG)
    execute_process(COMMAND ${COCHECK_LLVM_CONFIG} --includedir
                    OUTPUT_VARIABLE headers OUTPUT_STRIP_TRAILING_WHITESPACE)
  endif()
  if(NOT EXISTS ${headers}/llvm/Passes/PassPlugin.h)
    set(headers "")
  endif()
endif()

if(headers AND NOT CMAKE_CROSSCOMPILING)
  set_property(CACHE COCHECK_COMPILER_PLUGIN PROPERTY VALUE
               ${CMAKE_CURRENT_BINARY_DIR}/compilers/cocheck_${compiler}.so)
  set_property(CACHE COCHECK_COMPILER_PLUGIN_HEADERS PROPERTY VALUE ${headers})
else()
  message(STATUS "cocheck's plugin for the compiler is left out, so the strategy dpor cannot "
                 "prove: the headers of ${CMAKE_CXX_COMPILER_ID} ${major} were not found (Debian: "
                 "${package})")
endif()
unset(headers)
unset(major)
