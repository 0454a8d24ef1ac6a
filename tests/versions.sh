#!/usr/bin/env bash
# Holds the stated version of Rust to what the locked packages need, and docs/deploy/Dockerfile to what a build needs.
set -euo pipefail
cd "$(dirname "$0")/.."

stated=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)
needed=$(cargo metadata --locked --format-version 1 | grep -o '"rust_version":"[0-9.]*"' | cut -d '"' -f 4 | sort -V | tail -n 1)
if ! printf '%s\n%s\n' "$needed" "$stated" | sort -V -C && [ "$needed" != "$stated.0" ]; then
  echo "Cargo.toml states Rust $stated, but a locked package needs $needed" >&2
  exit 1
fi
for place in "bench/Cargo.toml:rust-version = \"$stated\"" "README.md:Rust ($stated or newer)" "tests/require.sh:RUST=$stated" \
  "rust-toolchain.toml:channel = \"$stated.0\"" "docs/deploy/Dockerfile:FROM rust:$stated-"; do
  grep -qF -- "${place#*:}" "${place%%:*}" || { echo "${place%%:*} does not say: ${place#*:}" >&2; exit 1; }
done

# Follow the COPY lines of the stages that build, into empty directories.
directory=$(mktemp -d "${TMPDIR:-/tmp}/hubbub-dockerfile.XXXXXX")
trap 'rm -rf "$directory"' EXIT
mkdir "$directory/program" "$directory/page"
stage=
while read -r word rest; do
  case $word in
    FROM) stage=$(sed -n 's/.* AS //p' <<<"$rest") ;;
    COPY)
      if [ -z "$stage" ] || [[ $rest == --from=* ]]; then continue; fi
      read -ra words <<<"$rest"
      for source in "${words[@]::${#words[@]}-1}"; do
        target=$directory/$stage/${words[-1]}
        if [ -d "$source" ]; then
          mkdir -p "$target"
          git ls-files -z "$source" | (cd "$source" && sed -z "s|^$source/||" | tar --null -cf - -T -) | tar -xf - -C "$target"
        else
          [[ ${words[-1]} != ./ ]] || target=$directory/$stage/$(basename "$source")
          mkdir -p "$(dirname "$target")"
          cp "$source" "$target"
        fi
      done
      ;;
  esac
done <docs/deploy/Dockerfile
cd "$directory/program"
# Reads every target of Cargo.toml, and fails if a file is missing.
cargo metadata --locked --no-deps --format-version 1 >/dev/null
for file in .cargo/config.toml src/main.rs migrations/sqlite migrations/postgres ../page/package-lock.json ../page/vite.config.ts \
  ../page/index.html; do
  [ -e "$file" ] || { echo "docs/deploy/Dockerfile does not copy $file" >&2; exit 1; }
done
