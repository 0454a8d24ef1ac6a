#!/usr/bin/env bash
# Usage: require.sh TOOL…
# Makes sure that every tool is there. As root it installs what is missing with apt-get, all at once; what it cannot install
# it names in one message.
set -euo pipefail
cd "$(dirname "$0")/.."

RUST=1.95
packages=()
missing=()

# A tool that a package brings: require_package NAME PACKAGE…
require_package() {
  packages+=("${@:2}")
  names+=("$1")
}
names=()

# Whether this Rust is new enough.
rust_is_current() {
  printf '%s\n%s\n' "$RUST" "$(rustc --version | cut -d ' ' -f 2)" | sort -V -C
}

has_postgres() {
  local programs
  for programs in /usr/lib/postgresql/*/bin "$(dirname "$(command -v initdb || echo /)")"; do
    [ ! -x "$programs/initdb" ] || [ ! -x "$programs/postgres" ] || return 0
  done
  return 1
}

for tool in "$@"; do
  case $tool in
    cargo)
      if ! command -v cargo >/dev/null || ! command -v rustc >/dev/null; then
        missing+=("Rust $RUST or newer: https://rustup.rs")
      elif ! rust_is_current; then
        missing+=("Rust $RUST or newer (this is $(rustc --version)): https://rustup.rs")
      fi
      ;;
    rustfmt) cargo fmt --version >/dev/null 2>&1 || missing+=("rustfmt: rustup component add rustfmt") ;;
    clippy) cargo clippy --version >/dev/null 2>&1 || missing+=("clippy: rustup component add clippy") ;;
    node)
      if ! command -v node >/dev/null || ! command -v npm >/dev/null; then
        missing+=("Node.js with npm, ^20.19.0 || ^22.13.0 || >=24: https://nodejs.org")
      elif ! reason=$(node tests/node-version.mjs); then
        missing+=("$reason")
      fi
      ;;
    cc) command -v cc >/dev/null || require_package "a C compiler" gcc libc6-dev ;;
    cxx) command -v c++ >/dev/null || require_package "a C++ compiler" g++ ;;
    curl) command -v curl >/dev/null || require_package "curl" curl ca-certificates ;;
    openssl) command -v openssl >/dev/null || require_package "the command openssl" openssl ;;
    # pkg-config tells where its headers are.
    libssl) pkg-config --exists openssl 2>/dev/null || require_package "OpenSSL's headers" libssl-dev pkg-config ;;
    # Its standard types are in a package of their own.
    protoc) command -v protoc >/dev/null || require_package "the protobuf compiler" protobuf-compiler libprotobuf-dev ;;
    python) python3 -c 'import ensurepip, venv' 2>/dev/null || require_package "Python with venv" python3 python3-venv ;;
    # Debian keeps it out of the path of ordinary users.
    nats-server) PATH="$PATH:/usr/sbin" command -v nats-server >/dev/null || require_package "the NATS server" nats-server ;;
    nginx) PATH="$PATH:/usr/sbin" command -v nginx >/dev/null || require_package "nginx" nginx-light ;;
    caddy) command -v caddy >/dev/null || require_package "Caddy" caddy ;;
    postgres) has_postgres || require_package "the Postgres server" postgresql ;;
    # Only root can use it, for the cluster test that cuts a network.
    ip) [ "$(id -u)" != 0 ] || command -v ip >/dev/null || require_package "the command ip" iproute2 ;;
    shellcheck) command -v shellcheck >/dev/null || require_package "shellcheck" shellcheck ;;
    chromium)
      if [ -n "${CHROMIUM-}" ]; then
        [ -x "$CHROMIUM" ] || missing+=("Chromium: CHROMIUM names $CHROMIUM, which is no program")
      elif [ ! -x /usr/bin/chromium ]; then
        require_package "Chromium (or name yours in CHROMIUM)" chromium fonts-dejavu-core
      fi
      ;;
    *) missing+=("$tool, which require.sh does not know") ;;
  esac
done

can_install=
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then can_install=1; fi
if [ ${#packages[@]} -gt 0 ] && [ -z "$can_install" ]; then
  missing+=("$(printf '%s, ' "${names[@]}" | sed 's/, $//'): on Debian or Ubuntu sudo apt-get install ${packages[*]}")
fi
if [ ${#missing[@]} -gt 0 ]; then
  echo "Missing:" >&2
  printf '  %s\n' "${missing[@]}" >&2
  exit 1
fi
[ ${#packages[@]} -gt 0 ] || exit 0

# Postgres shall make no cluster, and no package shall start a service.
no_cluster=/etc/postgresql-common/createcluster.d/hubbub-tests.conf
no_service=
clean_up() {
  rm -f "$no_cluster"
  [ -z "$no_service" ] || rm -f /usr/sbin/policy-rc.d
}
trap clean_up EXIT
mkdir -p "$(dirname "$no_cluster")"
echo 'create_main_cluster = false' >"$no_cluster"
if [ ! -e /usr/sbin/policy-rc.d ]; then
  no_service=1
  printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
  chmod 755 /usr/sbin/policy-rc.d
fi
echo "installing ${packages[*]} …"
apt-get update -qq
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${packages[@]}" >/dev/null
