# Functions that give every cocheck target the same standard, warnings and layout.

function(cocheck_compile_options target)
  target_compile_features(${target} PUBLIC cxx_std_20)
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wpedantic -Wshadow -Wconversion)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
    # g++ 12 reports overlapping copies inside std::string that cannot be (GCC bug 105651).
    target_compile_options(${target} PRIVATE -Wno-restrict)
  endif()
  if(COCHECK_WARNINGS_AS_ERRORS)
    target_compile_options(${target} PRIVATE -Werror)
  endif()
endfunction()

# cocheck_library(NAME SOURCES...): a static library cocheck::NAME with its headers under include/.
function(cocheck_library name)
  add_library(cocheck_${name} STATIC ${ARGN})
  add_library(cocheck::${name} ALIAS cocheck_${name})
  set_target_properties(cocheck_${name} PROPERTIES EXPORT_NAME ${name})
  file(GLOB_RECURSE headers CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/include/*.hpp)
  target_sources(cocheck_${name} PUBLIC FILE_SET HEADERS
                 BASE_DIRS ${CMAKE_CURRENT_SOURCE_DIR}/include FILES ${headers})
  cocheck_compile_options(cocheck_${name})
endfunction()

# cocheck_test(NAME LIBRARIES... SOURCES files... [PREFIX text]): a GoogleTest program whose tests
# ctest knows, by names with that prefix.
function(cocheck_test name)
  cmake_parse_arguments(PARSE_ARGV 1 test "" "PREFIX" "LIBRARIES;SOURCES")
  add_executable(${name} ${test_SOURCES})
  target_link_libraries(${name} PRIVATE ${test_LIBRARIES} GTest::gtest GTest::gtest_main)
  cocheck_compile_options(${name})
  gtest_discover_tests(${name} TEST_PREFIX "${test_PREFIX}" DISCOVERY_TIMEOUT 60
                       PROPERTIES TIMEOUT 240)
endfunction()

# cocheck_example(FILE LIBRARIES...): a program that ctest runs and that must exit with 0.
function(cocheck_example file)
  get_filename_component(stem ${file} NAME_WE)
  add_executable(example_${stem} ${file})
  target_link_libraries(example_${stem} PRIVATE ${ARGN})
  cocheck_compile_options(example_${stem})
  add_test(NAME example.${stem} COMMAND example_${stem})
endfunction()
