#!/usr/bin/env bash
# Runs small real programs of frameworks that live on Redis against a spawned Nyala; part of `make test-slow`.
#
# Environment:
#   SERVER=/path/to/binary    test this binary instead of building ours (release)
#   ONLY="locks bullmq"       programs to run, by name without ending
#   LIMIT=180                 seconds that one program may take
# The packages are installed into target/frameworks, in the versions of requirements.txt and package.json.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
target=${CARGO_TARGET_DIR:-$root/target}
home=$target/frameworks
mkdir -p "$home"

for tool in python3 node npm; do
    command -v "$tool" > /dev/null || { echo "frameworks: $tool is missing" >&2; exit 1; }
done
if ! cmp -s "$here/requirements.txt" "$home/requirements.txt"; then
    python3 -m venv "$home/venv"
    "$home/venv/bin/pip" install --quiet --requirement "$here/requirements.txt"
    cp "$here/requirements.txt" "$home/"
fi
if ! cmp -s "$here/package.json" "$home/package.json"; then
    cp "$here/package.json" "$home/package.json.new"
    (cd "$home" && mv package.json.new package.json && npm install --no-audit --no-fund --no-package-lock --silent) ||
        { rm -f "$home/package.json"; exit 1; }
fi
if [ -z "${SERVER:-}" ]; then
    (cd "$root" && cargo build --quiet --release --bin nyala)
    SERVER=$target/release/nyala
fi

folder=$(mktemp -d)
pid=
trap '[ -n "$pid" ] && kill "$pid" 2> /dev/null && wait "$pid"; rm -rf "$folder"' EXIT
failed=0
for program in "$here"/*.py "$here"/*.mjs; do
    file=$(basename "$program")
    name=${file%.*}
    [ -z "${ONLY:-}" ] || [[ " $ONLY " == *" $name "* ]] || continue
    port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
    "$SERVER" --port "$port" --dir "$folder" --save "" > "$folder/server.log" 2>&1 &
    pid=$!
    until (exec 3<> "/dev/tcp/127.0.0.1/$port") 2> /dev/null; do
        kill -0 "$pid" || { cat "$folder/server.log" >&2; exit 1; }
        sleep 0.05
    done
    # ES modules are found beside the program: it runs from where the packages are.
    if [ "${file##*.}" = py ]; then
        command=("$home/venv/bin/python" "$program")
    else
        cp "$program" "$home/$file"
        command=(node "$home/$file")
    fi
    if PORT=$port timeout "${LIMIT:-180}" "${command[@]}" > "$folder/$name.log" 2>&1; then
        echo "ok    $name"
    else
        echo "FAIL  $name"
        tail -n 40 "$folder/$name.log"
        failed=1
    fi
    kill "$pid" && wait "$pid" || true
    pid=
done
exit $failed
