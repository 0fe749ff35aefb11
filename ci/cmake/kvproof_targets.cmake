# How every target of kvproof is built: one interface target for flags, one helper per kind of target.
include(${CMAKE_CURRENT_LIST_DIR}/kvproof_strategy.cmake)

add_library(kvproof_build_flags INTERFACE)
target_compile_features(kvproof_build_flags INTERFACE cxx_std_20)
# GCC 12 warns of overlaps inside std::string that are none (-Wrestrict, its bug 105651).
# GCC 12's own std::stable_sort uses what it calls deprecated, which only Clang tells.
kvproof_rounding_flags(rounding)
target_compile_options(kvproof_build_flags INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor
                       -Woverloaded-virtual ${rounding} -fmacro-prefix-map=${PROJECT_SOURCE_DIR}/=
                       $<$<CXX_COMPILER_ID:Clang>:-Wno-missing-field-initializers;-Wno-deprecated-declarations>
                       $<$<CXX_COMPILER_ID:GNU>:-Wno-missing-field-initializers>
                       $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>)
if(KVPROOF_WARNINGS_AS_ERRORS)
  target_compile_options(kvproof_build_flags INTERFACE -Werror)
endif()
if(KVPROOF_SANITIZE)
  target_compile_options(kvproof_build_flags INTERFACE -fsanitize=${KVPROOF_SANITIZE}
                         -fno-sanitize-recover=all -fno-omit-frame-pointer
                         # Instrumented library code looks uninitialised to GCC 12 (its bug 105562).
                         $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)
  target_link_options(kvproof_build_flags INTERFACE -fsanitize=${KVPROOF_SANITIZE})
endif()

set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bin)
set(CMAKE_LIBRARY_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/lib)
set(CMAKE_INSTALL_RPATH "$ORIGIN/../${CMAKE_INSTALL_LIBDIR}")

# kvproof_library(name [SHARED] SOURCES a.cpp ... LINK ...): target kvproof_NAME with alias kvproof::NAME.
function(kvproof_library name)
  cmake_parse_arguments(ARG "SHARED" "" "SOURCES;LINK;PRIVATE_LINK" ${ARGN})
  set(kind STATIC)
  if(ARG_SHARED)
    set(kind SHARED)
  endif()
  add_library(kvproof_${name} ${kind} ${ARG_SOURCES})
  add_library(kvproof::${name} ALIAS kvproof_${name})
  set_target_properties(kvproof_${name} PROPERTIES EXPORT_NAME ${name} OUTPUT_NAME kvproof-${name})
  target_include_directories(kvproof_${name} PUBLIC $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}>
                             $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}/kvproof>)
  target_compile_features(kvproof_${name} PUBLIC cxx_std_20)
  target_link_libraries(kvproof_${name} PUBLIC ${ARG_LINK} PRIVATE $<BUILD_INTERFACE:kvproof_build_flags>
                        ${ARG_PRIVATE_LINK})
endfunction()

# Every program of kvproof, and no test.
add_custom_target(kvproof_programs)

# kvproof_program(verb SOURCES a.cpp ... LINK ...): the program kvproof-VERB, installed beside the launcher.
function(kvproof_program verb)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINK" ${ARGN})
  add_executable(kvproof-${verb} ${ARG_SOURCES})
  target_link_libraries(kvproof-${verb} PRIVATE kvproof_build_flags ${ARG_LINK})
  install(TARGETS kvproof-${verb} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
  add_dependencies(kvproof_programs kvproof-${verb})
endfunction()

# kvproof_test(name SOURCES a.cpp ... LINK ...): a GoogleTest program; ctest sees each of its tests.
function(kvproof_test name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINK" ${ARGN})
  if(NOT BUILD_TESTING)
    return()
  endif()
  find_package(GTest REQUIRED)
  include(GoogleTest)
  add_executable(test_${name} ${ARG_SOURCES})
  target_link_libraries(test_${name} PRIVATE kvproof_build_flags ${ARG_LINK} GTest::gtest_main)
  gtest_discover_tests(test_${name} PROPERTIES TIMEOUT 600 DISCOVERY_TIMEOUT 60)
endfunction()

# kvproof_table(out.cpp TYPE T HEADER h NAMESPACE n TABLE f FILES ...): n::f() lists the constants that the files of a
# folder define, one per file and named like it; nothing is registered by hand and the linker can drop nothing.
function(kvproof_table output)
  cmake_parse_arguments(ARG "" "TYPE;HEADER;NAMESPACE;TABLE" "FILES" ${ARGN})
  set(text "// Generated from the files of a folder; do not edit.\n#include \"${ARG_HEADER}\"\n\nnamespace ${ARG_NAMESPACE} {\n")
  set(entries "")
  foreach(file IN LISTS ARG_FILES)
    get_filename_component(stem ${file} NAME_WE)
    string(APPEND text "extern const ${ARG_TYPE} ${stem};\n")
    string(APPEND entries "    &${stem},\n")
  endforeach()
  string(APPEND text "\nnamespace {\nconstexpr const ${ARG_TYPE}* kTable[] = {\n${entries}};\n}\n\n"
         "std::span<const ${ARG_TYPE}* const> ${ARG_TABLE}() { return kTable; }\n}  // namespace ${ARG_NAMESPACE}\n")
  file(GENERATE OUTPUT ${output} CONTENT "${text}")
endfunction()

# kvproof_vector_sources(a.cpp ...): files whose Highway code is compiled once per instruction set.
function(kvproof_vector_sources)
  set_source_files_properties(${ARGN} PROPERTIES COMPILE_DEFINITIONS
    "HWY_BROKEN_EMU128=0;HWY_DISABLED_TARGETS=(HWY_SSSE3|HWY_AVX3_DL|HWY_SVE|HWY_SVE2|HWY_SVE_256|HWY_SVE2_128)")
endfunction()
