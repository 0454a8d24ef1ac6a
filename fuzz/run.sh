#!/usr/bin/env bash
# Usage: run.sh for SECONDS   fuzz each target for so long, from the seeds and from what earlier runs found interesting
#        run.sh seeds         run the committed seeds and nothing else: the same inputs each time
# A failing input is left in fuzz/artifacts, to be run again with: $CARGO_TARGET_DIR/…/release/TARGET FILE
set -euo pipefail
cd "$(dirname "$0")"

case "${1-} ${2-}" in
    "for "[1-9]* | "seeds ") ;;
    *) sed -n '2,4s/^# //p' "${0##*/}" >&2; exit 2 ;;
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

for name in client_frame signature document frames markdown; do
    mkdir -p "corpus/$name" "artifacts/$name"
    log=artifacts/$name.log
    if [ "$1" = seeds ]; then
        # Even with a fixed seed libFuzzer makes other inputs each time, for what it makes depends on the code that runs, and
        # hash tables and the ids of Yjs clients are random.
        inputs=(seeds/"$name"/* -timeout=120)
    else
        inputs=("corpus/$name" "seeds/$name" -max_total_time="$2" -timeout=5 -max_len=4096 -print_final_stats=1)
    fi
    if ! "$target/$host/release/$name" "${inputs[@]}" -artifact_prefix="artifacts/$name/" >"$log" 2>&1; then
        cat "$log" >&2
        exit 1
    fi
    executed=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
    echo "$name: ${executed:-$(grep -c '^Executed ' "$log")} inputs, none of them harmful"
done
