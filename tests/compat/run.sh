#!/usr/bin/env bash
# Runs Redis's own Tcl suite (Debian's source package, fetched to target/) against Nyala; `make compat`.
#
# Environment:
#   FILES="unit/expire ..."   files to run instead of those of the record
#   UPDATE=1                  write tests/compat/floor.tsv and known.tsv anew
#   SERVER=/path/to/binary    test this binary instead of building ours
#   PROFILE=quick             cargo profile to build with (default release)
#   MODE=external             start the server apart from the suite, instead of the recorded mode
#   REFERENCE=1               run against the installed redis-server and write reference.tsv
#   LIMIT=300                 seconds that one file may take
# Fails when a file passes fewer tests than its floor, or a test fails that known.tsv does not list.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
target=${CARGO_TARGET_DIR:-$root/target}
mkdir -p "$target/compat"
target=$(cd "$target" && pwd)

missing=()
for tool in tclsh redis-cli redis-benchmark python3; do
    command -v "$tool" > /dev/null || missing+=("$tool")
done
if [ ${#missing[@]} -gt 0 ]; then
    echo "compat: missing: ${missing[*]} (run scripts/tests-need)" >&2
    exit 1
fi

# The suite's folder is shared by runs with one target folder: one at a time.
exec 9> "$target/compat/lock"
flock -n 9 || { echo "compat: another run uses $target/compat" >&2; exit 1; }

"$here/fetch.sh" "$target/compat"
suite=$target/compat/suite

options=()
if [ -n "${REFERENCE:-}" ]; then
    server=$(command -v redis-server)
    options+=(--reference)
elif [ -n "${SERVER:-}" ]; then
    server=$(realpath -s "$SERVER")
else
    profile=${PROFILE:-release}
    (cd "$root" && cargo build --quiet --profile "$profile" --bin nyala)
    server=$target/${profile/#dev/debug}/nyala
fi
for tool in redis-cli redis-benchmark redis-check-aof redis-check-rdb; do
    path=$(command -v "$tool") && ln -sfn "$path" "$suite/src/$tool"
done
ln -sfn "$server" "$suite/src/redis-server"
[ -n "${UPDATE:-}" ] && options+=(--update)
[ -n "${MODE:-}" ] && options+=(--mode "$MODE")
find "$suite/tests/tmp" -mindepth 1 -delete

# shellcheck disable=SC2086 # FILES is a list of words
exec python3 "$here/suite.py" --server "$server" --suite "$suite" --log "$target/compat/log" \
    --limit "${LIMIT:-300}" "${options[@]}" ${FILES:-}
