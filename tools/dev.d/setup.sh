# shellcheck shell=bash
# Puts on the machine what a verb needs: Debian packages by section, and the Python environment.

# packages_of SECTION...: the names below those `# [section]` lines of tools/packages.txt.
packages_of() {
  awk -v wanted=" $* " '
    /^# \[/ { match($0, /\[[a-z]+\]/); section = substr($0, RSTART + 1, RLENGTH - 2); next }
    /^[^#]/ && index(wanted, " " section " ") { print $1 }
  ' tools/packages.txt
}

# missing_packages SECTION...: one dpkg-query for all, as this runs before every verb.
missing_packages() {
  local wanted
  wanted=$(packages_of "$@" | sort -u)
  # shellcheck disable=SC2086  # one argument a package is the point
  comm -23 <(echo "$wanted") \
    <(dpkg-query -W -f '${db:Status-Status} ${Package}\n' $wanted 2>/dev/null |
      sed -n 's/^installed //p' | sort -u)
}

# Debian's PostgreSQL package makes a cluster and starts it on port 5432. The tests start their own
# servers, so say no before *we* install it; whoever has it already, or has decided, is left alone.
decline_main_cluster() {
  local folder=/etc/postgresql-common
  ! grep -qsE '^[[:space:]]*create_main_cluster' "$folder/createcluster.conf" \
    "$folder"/createcluster.d/*.conf || return 0
  # A file of our own: writing the package's conffile before it exists would make dpkg ask.
  mkdir -p "$folder/createcluster.d"
  echo 'create_main_cluster = false' >"$folder/createcluster.d/lc2.conf"
}

# Runs under the lock, so it looks again: whoever held the lock may have installed everything.
install_packages() {
  local missing
  mapfile -t missing < <(missing_packages "$@")
  [ ${#missing[@]} -gt 0 ] || return 0
  step "installing ${#missing[@]} packages: ${missing[*]}"
  case " ${missing[*]} " in *' postgresql-1'*) decline_main_cluster ;; esac
  local apt=(env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300)
  mkdir -p build
  # A list that cannot be renewed may still be good enough; the install decides.
  "${apt[@]}" update >build/apt.log 2>&1 || echo "warning: apt-get update failed" >&2
  if ! "${apt[@]}" install -y --no-install-recommends "${missing[@]}" </dev/null \
    >>build/apt.log 2>&1; then
    tail -n 20 build/apt.log >&2
    fail "apt-get could not install: ${missing[*]}" "the whole story is in build/apt.log"
  fi
}

# need_packages SECTION...
need_packages() {
  [ -z "${LC2_SKIP_PACKAGES:-}" ] || return 0
  command -v dpkg-query >/dev/null || fail "this is no Debian machine: packages cannot be checked" \
    "install the likes of tools/packages.txt by hand, then set LC2_SKIP_PACKAGES=1"
  local missing
  missing=$(missing_packages "$@" | tr '\n' ' ')
  [ -n "$missing" ] || return 0
  [ "$(id -u)" -eq 0 ] || fail "packages are missing and only root can install them: $missing" \
    "sudo apt-get install --no-install-recommends $missing"
  with_lock packages install_packages "$@"
}

# The stamp names the requirements and the place (scripts of a venv hold its absolute path).
venv_stamp() { (cat tools/requirements.txt && echo "$root") | sha256sum | cut -c1-16; }

make_venv() {
  local stamp
  stamp=build/venv/.made-$(venv_stamp)
  [ ! -e "$stamp" ] || return 0
  step "making the Python environment in build/venv"
  rm -rf build/venv
  /usr/bin/python3 -m venv build/venv || fail "cannot make a Python environment in build/venv"
  # The list is complete (every transitive package is pinned), and --no-deps keeps it so.
  "$python" -m pip install -q --disable-pip-version-check --no-deps -r tools/requirements.txt \
    </dev/null || fail "pip could not install tools/requirements.txt" "is a package index reachable?"
  "$python" -m pip check >/dev/null || fail "tools/requirements.txt is not complete" \
    "run 'build/venv/bin/python -m pip check'"
  touch "$stamp"
}

# need_venv: afterwards `python3` and the commands of the packages come from build/venv.
need_venv() {
  need_packages python
  if [ ! -e "build/venv/.made-$(venv_stamp)" ]; then with_lock venv make_venv; fi
  export PATH="$root/build/venv/bin:$PATH" VIRTUAL_ENV="$root/build/venv"
}
