# Shared by the scripts of this folder; to be sourced.

set -euo pipefail

root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd -P)
jobs=${CMAKE_BUILD_PARALLEL_LEVEL:-$(nproc)}

die() {
  echo "${0##*/}: $*" >&2
  exit 1
}

# quietly COMMAND...: runs it in the project's folder and shows what it said only if it fails.
quietly() {
  local log status=0
  log=$(mktemp)
  (cd -- "$root" && "$@") >"$log" 2>&1 || status=$?
  if ((status != 0)); then
    cat -- "$log" >&2
    echo "${0##*/}: failed: $*" >&2
  fi
  rm -f -- "$log"
  return "$status"
}

# build PRESET [TARGET...]: installs what is missing, configures and builds; no target means all.
build() {
  local preset=$1
  shift
  "$root/scripts/setup"
  if [[ ! -e $root/build/$preset/build.ninja ]]; then
    echo "${0##*/}: the first build takes some minutes" >&2
  fi
  quietly cmake --preset "$preset"
  quietly cmake --build --preset "$preset" --parallel "$jobs" ${1:+--target "$@"}
}

# program PRESET NAME: the path of a program that was built.
program() {
  echo "$root/build/$1/bin/$2"
}
