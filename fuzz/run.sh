#!/usr/bin/env bash
# Usage: run.sh SECONDS
# Fuzzes every target for so long, from the seeds and from what earlier runs found interesting. A failing input is left in
# fuzz/artifacts, to be run again with: fuzz/target/…/release/TARGET FILE
set -euo pipefail
cd "$(dirname "$0")"

# libFuzzer's instrumentation, as cargo-fuzz asks for it but without a sanitizer: these flags work with a stable compiler,
# and safe code has nothing for a sanitizer to find.
host=$(rustc -vV | sed -n 's/^host: //p')
export RUSTFLAGS="--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
-Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
-Cllvm-args=-sanitizer-coverage-trace-compares -Ccodegen-units=1"
cargo build --release --locked --target "$host"

for target in client_frame signature document frames; do
    mkdir -p "corpus/$target" "artifacts/$target"
    log=artifacts/$target.log
    if ! "target/$host/release/$target" "corpus/$target" "seeds/$target" -max_total_time="$1" -max_len=4096 -timeout=5 \
        -artifact_prefix="artifacts/$target/" -print_final_stats=1 >"$log" 2>&1; then
        cat "$log" >&2
        exit 1
    fi
    echo "$target: $(sed -n 's/^stat::number_of_executed_units: *//p' "$log") inputs, none of them harmful"
done
