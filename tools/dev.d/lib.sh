# shellcheck shell=bash
# Shared by the verbs of ./dev, which source it first. Leaves the shell in the top folder.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
root=$PWD
jobs=${LC2_JOBS:-$(nproc)}
results=build/results # what the runners report; tools/summarise-tests reads it
python=$root/build/venv/bin/python

# Byte code of tools and tests stays out of the source tree.
export PYTHONPYCACHEPREFIX="$root/build/pycache"

if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then
  bold=$'\e[1m' plain=$'\e[0m'
else
  bold='' plain=''
fi

step() { echo "${bold}==> $*${plain}"; }

# fail MESSAGE [HINT]
fail() {
  echo "error: $1" >&2
  [ -z "${2:-}" ] || echo "HINT: $2" >&2
  exit 1
}

# with_lock NAME COMMAND...: two sessions in one tree must not write one folder at once.
with_lock() {
  local name=$1
  shift
  mkdir -p build
  (
    if ! flock -n 9; then
      step "waiting: someone else works on '$name'"
      flock 9
    fi
    "$@" 9>&-
  ) 9>"build/.lock-$name"
}

# shellcheck source=tools/dev.d/setup.sh
. tools/dev.d/setup.sh
# shellcheck source=tools/dev.d/build.sh
. tools/dev.d/build.sh

# run_pytest NAME ARGS...: reports to build/results/NAME.xml. The caller has called need_venv.
run_pytest() {
  local name=$1
  shift
  mkdir -p "$results"
  rm -f "$results/$name.xml"
  PYTHONPATH="$root/tools${PYTHONPATH:+:$PYTHONPATH}" "$python" -m pytest --rootdir "$root" -o cache_dir="$root/build/pytest-cache" \
    -o faulthandler_timeout=600 --strict-markers -ra --junitxml="$results/$name.xml" "$@" </dev/null
}

# changed_files PATTERN...: tracked and new files that differ from where this work began, so far as
# they still exist. In a repository without history: all of them.
changed_files() {
  local base=${LC2_BASE:-}
  [ -n "$base" ] || base=$(git merge-base HEAD origin/main 2>/dev/null) || true
  # On main itself the base is HEAD; the last commit is then what is new.
  if [ -z "$base" ] || [ "$base" = "$(git rev-parse HEAD 2>/dev/null)" ]; then
    base=$(git rev-parse --verify -q 'HEAD~^{commit}') || base=$(git hash-object -t tree /dev/null)
  fi
  {
    git diff --name-only --diff-filter=AMR "$base" -- "$@"
    git ls-files --others --exclude-standard -- "$@"
  } | sort -u | while IFS= read -r file; do [ ! -f "$file" ] || echo "$file"; done
}
