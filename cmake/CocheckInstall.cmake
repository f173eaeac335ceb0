# What `cmake --install` writes: libraries, headers, the cocheck command, and a package for
# find_package(cocheck). The glue to a test framework has an export file of its own, which a user
# loads only where that framework is found.

add_executable(cocheck::cocheck ALIAS cocheck_command)
set_target_properties(cocheck_command PROPERTIES EXPORT_NAME cocheck)

option(COCHECK_INSTALL "Install cocheck with the project" ${PROJECT_IS_TOP_LEVEL})
if(NOT COCHECK_INSTALL)
  return()
endif()

include(CMakePackageConfigHelpers)
include(GNUInstallDirs)
set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/cocheck)

function(cocheck_install export)
  install(TARGETS ${ARGN} EXPORT ${export}
          ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
          OBJECTS DESTINATION ${CMAKE_INSTALL_LIBDIR}/cocheck
          RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR}
          FILE_SET HEADERS DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
  install(EXPORT ${export} NAMESPACE cocheck:: DESTINATION ${package_dir})
endfunction()

set(libraries cocheck_primitives cocheck_traces cocheck_sim cocheck_memory)
if(TARGET cocheck_instrumentation)
  list(APPEND libraries cocheck_instrumentation)
endif()
cocheck_install(cocheckTargets ${libraries} cocheck_command)
foreach(glue gtest rapidcheck)
  if(TARGET cocheck_${glue})
    cocheck_install(cocheck-${glue}Targets cocheck_${glue})
  endif()
endforeach()

set(plugin_dir ${CMAKE_INSTALL_LIBDIR}/cocheck)
set(plugin "")
if(TARGET cocheck_compiler_plugin)
  install(TARGETS cocheck_compiler_plugin_module LIBRARY DESTINATION ${plugin_dir})
  cmake_path(GET COCHECK_COMPILER_PLUGIN FILENAME plugin)
endif()

configure_package_config_file(
  ${CMAKE_CURRENT_LIST_DIR}/cocheckConfig.cmake.in ${PROJECT_BINARY_DIR}/cocheckConfig.cmake
  INSTALL_DESTINATION ${package_dir} PATH_VARS plugin_dir)
write_basic_package_version_file(
  ${PROJECT_BINARY_DIR}/cocheckConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_LIST_DIR}/CocheckInstrument.cmake
              ${PROJECT_BINARY_DIR}/cocheckConfig.cmake
              ${PROJECT_BINARY_DIR}/cocheckConfigVersion.cmake
        DESTINATION ${package_dir})
