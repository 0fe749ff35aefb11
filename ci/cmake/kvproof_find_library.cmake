# kvproof_find_library(name HEADER file LIBRARY stem PACKAGE debian-package): the imported target NAME for a library that
# brings no CMake package of its own. Its headers count as those of the system, whose warnings are not ours.
function(kvproof_find_library name)
  cmake_parse_arguments(ARG "" "HEADER;LIBRARY;PACKAGE" "" ${ARGN})
  find_path(${ARG_LIBRARY}_INCLUDE_DIR ${ARG_HEADER})
  find_library(${ARG_LIBRARY}_LIBRARY ${ARG_LIBRARY})
  mark_as_advanced(${ARG_LIBRARY}_INCLUDE_DIR ${ARG_LIBRARY}_LIBRARY)
  if(NOT ${ARG_LIBRARY}_INCLUDE_DIR OR NOT ${ARG_LIBRARY}_LIBRARY)
    message(FATAL_ERROR "${ARG_HEADER} or the library ${ARG_LIBRARY} was not found: install ${ARG_PACKAGE}.")
  endif()
  add_library(${name} UNKNOWN IMPORTED)
  set_target_properties(${name} PROPERTIES IMPORTED_LOCATION ${${ARG_LIBRARY}_LIBRARY}
                        INTERFACE_INCLUDE_DIRECTORIES ${${ARG_LIBRARY}_INCLUDE_DIR})
endfunction()
