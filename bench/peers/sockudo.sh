#!/usr/bin/env bash
# Builds Sockudo from crates.io with the versions of its own lock file, with nothing but what fan-out on one machine needs, and
# optimised across all crates. This takes long.
set -euo pipefail
cd "$(dirname "$0")"

export CARGO_PROFILE_RELEASE_LTO=true CARGO_PROFILE_RELEASE_CODEGEN_UNITS=1
cargo install sockudo --version 5.2.0 --locked --no-default-features --features local --root sockudo
