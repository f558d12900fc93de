# lc2_embed(OUTPUT file FILES ...): writes the texts of FILES as string literals, a comma after
# each, to be included between the braces of an array. Made at configure time, and again whenever
# one of FILES changes. A text may hold 64 KiB, the longest literal that every compiler takes.
function(lc2_embed)
  cmake_parse_arguments(ARG "" "OUTPUT" "FILES" ${ARGN})
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${ARG_FILES})
  set(literals "// Made by cmake/embed.cmake.\n")
  foreach(file ${ARG_FILES})
    file(READ ${file} text)
    string(APPEND literals "R\"lc2embed(${text})lc2embed\",\n")
  endforeach()
  # Like file(CONFIGURE), but the texts may hold anything: an unchanged file keeps its time.
  if(EXISTS ${ARG_OUTPUT})
    file(READ ${ARG_OUTPUT} before)
  endif()
  if(NOT "${before}" STREQUAL "${literals}")
    file(WRITE ${ARG_OUTPUT} "${literals}")
  endif()
endfunction()

# The kinds, in the order in which a person applies them.
lc2_embed(OUTPUT ${CMAKE_BINARY_DIR}/generated/api/crd_texts.inc FILES
  ${CMAKE_SOURCE_DIR}/api/crds/backuplocations.yaml
  ${CMAKE_SOURCE_DIR}/api/crds/liferayenvironments.yaml
  ${CMAKE_SOURCE_DIR}/api/crds/backupschedules.yaml
  ${CMAKE_SOURCE_DIR}/api/crds/backuprequests.yaml
  ${CMAKE_SOURCE_DIR}/api/crds/restorerequests.yaml)
