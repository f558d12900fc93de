# shellcheck shell=bash
# The build folders. Build type and flags are CMakeLists.txt's; here are only the options.

# Clones lie in different places. With these two the compiler cache serves an object of one to the
# other: paths are made relative, and the folder of the compilation is no part of the key.
export CCACHE_BASEDIR="${CCACHE_BASEDIR:-$root}" CCACHE_NOHASHDIR="${CCACHE_NOHASHDIR:-1}"

# build_in FOLDER TARGET OPTION...: configures when the options changed, then builds. Warnings are
# errors here as in CI, so that CI finds in the compiler cache what a developer has built.
build_in() {
  local folder=$1 target=$2
  shift 2
  local options=("$@" "-DLC2_WERROR=${LC2_WERROR:-ON}")
  if [ ! -e "$folder/build.ninja" ] || [ "$(cat "$folder/.options" 2>/dev/null)" != "${options[*]}" ]; then
    step "configuring $folder"
    mkdir -p "$folder"
    cmake -S . -B "$folder" -G Ninja "${options[@]}" >"$folder/configure.log" 2>&1 || {
      tail -n 30 "$folder/configure.log" >&2
      fail "cmake could not configure '$folder'" "the whole story is in $folder/configure.log"
    }
    echo "${options[*]}" >"$folder/.options"
  fi
  step "building $target in $folder"
  # Ninja says nothing but the failed commands when it is quiet; a terminal gets its counter.
  local quiet=()
  [ -t 1 ] || quiet=(--quiet)
  cmake --build "$folder" -j "$jobs" --target "$target" -- "${quiet[@]}" ||
    fail "the build in '$folder' failed"
}

# build_release TARGET: for people, end-to-end tests, bars and benchmarks; 'lc2' is build/lc2.
build_release() { with_lock release build_in build "$1"; }

# build_asan TARGET: the unit tests under sanitizers, with a binary build/asan/lc2.
build_asan() { with_lock asan build_in build/asan "$1" -DLC2_SANITIZE=ON; }

# build_cover TARGET: counts the lines that run. Its objects hold the path of their folder, so the
# compiler cache cannot serve them to another clone.
build_cover() { with_lock cover build_in build/cover "$1" -DLC2_COVERAGE=ON; }

# build_crash TARGET: what users get, with crash points in it (src/base/crash_point.h); nearly all
# objects come from the compiler cache. The binary is build/crash/lc2.
build_crash() { with_lock crash build_in build/crash "$1" -DLC2_CRASH_POINTS=ON -DLC2_TESTS=OFF; }

# build_fuzz TARGET: libFuzzer needs clang; the unit tests replay the corpus with g++.
build_fuzz() {
  with_lock fuzz build_in build/fuzz "$1" -DCMAKE_CXX_COMPILER=clang++-14 \
    -DLC2_FUZZ=ON -DLC2_SANITIZE=ON -DLC2_TESTS=OFF
}

# What scripts under bench/, test/ and tools/ may count on.
export_for_scripts() {
  export LC2_ROOT="$root" LC2_BUILD="$root/build"
  export LC2_BIN="${LC2_BIN:-$root/build/lc2}"
}

sanitizer_options() {
  export ASAN_OPTIONS="halt_on_error=1:detect_leaks=1:detect_stack_use_after_return=1:strict_string_checks=1${ASAN_OPTIONS:+:$ASAN_OPTIONS}"
  export UBSAN_OPTIONS="halt_on_error=1:print_stacktrace=1${UBSAN_OPTIONS:+:$UBSAN_OPTIONS}"
}
