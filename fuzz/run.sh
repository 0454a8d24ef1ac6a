#!/usr/bin/env bash
# Usage: run.sh for SECONDS   fuzz each target for so long, from the seeds and from what earlier runs found interesting
#        run.sh runs NUMBER   the same inputs each time: the seeds, and so many that are made of them with a fixed seed
# A failing input is left in fuzz/artifacts, to be run again with: $CARGO_TARGET_DIR/…/release/TARGET FILE
set -euo pipefail
cd "$(dirname "$0")"

case "${1-} ${2-}" in
    "for "[1-9]*) limits=(-max_total_time="$2" -timeout=5) ;;
    # A busy machine may be slow, so the time limit of one input is long. libFuzzer takes no decision by the clock then.
    "runs "[1-9]*) limits=(-seed=1 -runs="$2" -timeout=120) ;;
    *) sed -n '2,4s/^# //p' "$0" >&2; exit 2 ;;
esac

# libFuzzer's instrumentation, as cargo-fuzz asks for it but without a sanitizer: these flags work with a stable compiler,
# and safe code has nothing for a sanitizer to find.
host=$(rustc -vV | sed -n 's/^host: //p')
export RUSTFLAGS="--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
-Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
-Cllvm-args=-sanitizer-coverage-trace-compares -Ccodegen-units=1"
# A directory of its own: the flags would make everything else be built again.
target=${CARGO_TARGET_DIR:-$PWD/target}
[ -z "${CARGO_TARGET_DIR-}" ] || target=$target/fuzz
cargo build --release --locked --target "$host" --target-dir "$target"

empty=$(mktemp -d)
trap 'rm -rf "$empty"' EXIT

for name in client_frame signature document frames; do
    corpus=corpus/$name
    [ "$1" = for ] || corpus=$empty/$name
    mkdir -p "$corpus" "artifacts/$name"
    log=artifacts/$name.log
    if ! "$target/$host/release/$name" "$corpus" "seeds/$name" "${limits[@]}" -max_len=4096 \
        -artifact_prefix="artifacts/$name/" -print_final_stats=1 >"$log" 2>&1; then
        cat "$log" >&2
        exit 1
    fi
    echo "$name: $(sed -n 's/^stat::number_of_executed_units: *//p' "$log") inputs, none of them harmful"
done
