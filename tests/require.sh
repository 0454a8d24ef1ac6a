#!/usr/bin/env bash
# Usage: require.sh TOOL…
# Makes sure that each tool is there: installs it with the system's package manager when that can be done as root, and
# otherwise says precisely what is missing.
set -euo pipefail

missing() {
  echo "$1 is missing. $2" >&2
  exit 1
}

install() {
  local tool=$1
  shift
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "installing $* …"
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null
  else
    missing "$tool" "Install it, on Debian or Ubuntu with: sudo apt-get install $*"
  fi
}

for tool in "$@"; do
  case $tool in
    cargo)
      command -v cargo >/dev/null || missing "Rust's cargo" "Install Rust from https://rustup.rs (1.89 or newer)."
      ;;
    cc)
      command -v cc >/dev/null || install "a C compiler" gcc libc6-dev
      ;;
    cxx)
      command -v c++ >/dev/null || install "a C++ compiler" g++
      ;;
    openssl)
      command -v openssl >/dev/null || install "the command openssl" openssl
      ;;
    libssl)
      # pkg-config tells where its headers are.
      pkg-config --exists openssl 2>/dev/null || install "OpenSSL with its headers" libssl-dev pkg-config
      ;;
    node)
      command -v npm >/dev/null || missing "Node's npm" "Install Node.js 20.19 or newer from https://nodejs.org."
      node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)' \
        || missing "a current Node.js" "This is $(node --version); 20.19 or newer is needed."
      ;;
    protoc)
      # Its standard types are in a package of their own.
      command -v protoc >/dev/null || install "The protobuf compiler" protobuf-compiler libprotobuf-dev
      ;;
    python)
      python3 -c 'import ensurepip, venv' 2>/dev/null || install "Python with venv" python3 python3-venv
      ;;
    nats-server)
      # Debian keeps it out of the path of ordinary users.
      PATH="$PATH:/usr/sbin" command -v nats-server >/dev/null || install "The NATS server" nats-server
      ;;
    shellcheck)
      command -v shellcheck >/dev/null || install "shellcheck" shellcheck
      ;;
    chromium)
      command -v chromium >/dev/null || install "Chromium" chromium fonts-dejavu-core
      ;;
    *)
      missing "$tool" "require.sh does not know it."
      ;;
  esac
done
