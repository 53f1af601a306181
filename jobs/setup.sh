#!/bin/sh
# Installs what shoal is built with, on Debian 12 or a relative of it. `jobs/setup.sh tests` adds what the tests need.
# On a terminal it asks for sudo's password; without the right to install it says what is missing and stops. Safe to run again: it does nothing when all is there.
set -eu

packages="g++ cmake ninja-build openmpi-bin libopenmpi-dev libhdf5-openmpi-dev libboost-serialization-dev libeigen3-dev
  libcli11-dev libfmt-dev librandom123-dev libhwy-dev nlohmann-json3-dev libxxhash-dev libcsv-dev libdeflate-dev liblzf-dev
  libtomlplusplus-dev"
if [ "${1:-}" = tests ]; then
  packages="$packages git libgtest-dev libbenchmark-dev python3-h5py python3-sklearn clang-format
    slurm-wlm munge procps iproute2 shellcheck clang libclang-rt-14-dev pkg-config"
fi

missing=
for package in $packages; do
  case "$(dpkg-query -W -f '${Status}' "$package" 2>/dev/null)" in
    "install ok installed") ;;
    *) missing="$missing $package" ;;
  esac
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" = 0 ]; then
  as_root=
elif command -v sudo >/dev/null && { sudo -n true 2>/dev/null || { [ -t 0 ] && sudo -v -p "[sudo] password of %u, to install$missing: "; }; }; then
  as_root="sudo"
else
  echo "shoal needs packages that are not installed, and this user may not install them. Ask for:" >&2
  echo "  apt-get install$missing" >&2
  exit 1
fi
echo "installing:$missing" >&2
export DEBIAN_FRONTEND=noninteractive
$as_root apt-get update -q >&2
# shellcheck disable=SC2086 # a list of packages
$as_root apt-get install -q -y --no-install-recommends $missing >&2
