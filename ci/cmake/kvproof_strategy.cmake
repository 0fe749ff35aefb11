# Without these, roundings that the laws compare bit by bit would depend on the compiler: contraction leaves some out,
# and so does GCC 12's vectoriser of straight-line code, where double(float(x)) of two neighbours becomes a copy
# (Roundings.OfNeighboursAreKept).
function(kvproof_rounding_flags out)
  set(flags -ffp-contract=off)
  if(CMAKE_CXX_COMPILER_ID STREQUAL GNU)
    list(APPEND flags -fno-tree-slp-vectorize)
  endif()
  set(${out} ${flags} PARENT_SCOPE)
endfunction()

# kvproof_add_strategy(my.cpp): the plug-in my.so, made of the one strategy that the file defines under its own stem, for
# `kvproof list`, `verify` and `bench` with --plugin. The target is called strategy_my.
#
# Everything but the two entry points stays hidden: a plug-in whose strategy is called like a built-in one must be
# refused for its name, and not hand over the built-in one because the loader found that symbol first.

function(kvproof_add_strategy source)
  get_filename_component(stem ${source} NAME_WE)
  set(entry ${CMAKE_CURRENT_BINARY_DIR}/${stem}_plugin.cpp)
  configure_file(${CMAKE_CURRENT_FUNCTION_LIST_DIR}/kvproof_plugin.cpp.in ${entry} @ONLY)

  add_library(strategy_${stem} MODULE ${source} ${entry})
  set_target_properties(strategy_${stem} PROPERTIES PREFIX "" OUTPUT_NAME ${stem} SUFFIX .so
                        CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)
  kvproof_rounding_flags(rounding)
  target_compile_options(strategy_${stem} PRIVATE ${rounding})
  target_link_libraries(strategy_${stem} PRIVATE kvproof::engine $<TARGET_NAME_IF_EXISTS:kvproof_build_flags>)
endfunction()
