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
  # As the engine: laws compare bit by bit.
  target_compile_options(strategy_${stem} PRIVATE -ffp-contract=off
                         $<$<CXX_COMPILER_ID:GNU>:-fno-tree-slp-vectorize>)
  target_link_libraries(strategy_${stem} PRIVATE kvproof::engine $<TARGET_NAME_IF_EXISTS:kvproof_build_flags>)
endfunction()
