# Compiler and linker settings shared by every target.
find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
endif()
find_program(MOLD mold)
if(MOLD)
  add_link_options(-fuse-ld=mold)
endif()

set(LC2_WARNINGS -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual
    -Wimplicit-fallthrough -Wno-missing-field-initializers)
if(LC2_WERROR)
  list(APPEND LC2_WARNINGS -Werror)
endif()

set(CMAKE_CXX_FLAGS_RELEASE "-O2 -g1 -DNDEBUG")
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # g++ 12 warns of uninitialised and overlapping strings in moved variants and optionals where
  # there are none.
  list(APPEND LC2_WARNINGS -Wno-maybe-uninitialized -Wno-restrict)
endif()
add_compile_options(-fstack-protector-strong -D_FILE_OFFSET_BITS=64)
if(LC2_SANITIZE)
  add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=undefined
                      -fno-omit-frame-pointer)
  add_link_options(-fsanitize=address,undefined)
  # A debug check is worth its time where we hunt for faults; -g1 keeps the objects small.
  set(CMAKE_CXX_FLAGS_RELEASE "-O1 -g1")
endif()
if(LC2_COVERAGE)
  # Counters of several threads would tear, down to negative numbers that gcovr refuses.
  add_compile_options(--coverage -fprofile-update=atomic)
  add_link_options(--coverage)
  set(CMAKE_CXX_FLAGS_RELEASE "-O0 -g1")
endif()
if(LC2_CRASH_POINTS)
  add_compile_definitions(LC2_CRASH_POINTS)
endif()
if(LC2_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
