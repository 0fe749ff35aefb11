# Writes build_info.cpp. Runs at every build, because a commit or an edit needs no new configure step; the file is
# touched only when its text changes. Called with SOURCE_DIR, TEMPLATE, OUTPUT, COMPILER, FLAGS, BUILD_TYPE.
set(COMMIT unknown)
set(DIRTY true)
execute_process(COMMAND git -C ${SOURCE_DIR} rev-parse --show-prefix
                RESULT_VARIABLE failed OUTPUT_VARIABLE prefix ERROR_QUIET OUTPUT_STRIP_TRAILING_WHITESPACE)
if(NOT failed AND prefix STREQUAL "")  # a checkout of our own, not a copy inside another project's
  execute_process(COMMAND git -C ${SOURCE_DIR} rev-parse --verify HEAD
                  RESULT_VARIABLE failed OUTPUT_VARIABLE head ERROR_QUIET OUTPUT_STRIP_TRAILING_WHITESPACE)
  execute_process(COMMAND git -C ${SOURCE_DIR} status --porcelain
                  OUTPUT_VARIABLE changes ERROR_QUIET OUTPUT_STRIP_TRAILING_WHITESPACE)
  if(NOT failed)
    set(COMMIT ${head})
    if(changes STREQUAL "")
      set(DIRTY false)
    endif()
  endif()
endif()
configure_file(${TEMPLATE} ${OUTPUT} @ONLY)
