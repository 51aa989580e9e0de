# Sourced by the other scripts: where things are, the one way to build, and what several need.

root=$(CDPATH='' cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)
cache="${XDG_CACHE_HOME:-$HOME/.cache}/sheaf"

# One set of flags, so that the demo and the tests share one build.
build_flags=(--package-path "$root" -c release -Xswiftc -enable-testing)

# Tests that run clusters and programs: beside tests that compute they would miss their deadlines.
cluster_tests='^(ClusterRuntimeTests|SheafTests)\.'

# Prints the comment at the head of a script: its help.
print_help() {
    sed -n '2,/^[^#]/{/^#/s/^# \{0,1\}//p}' "$1"
}

# Says what goes wrong and ends.
fail() {
    echo "$(basename -- "$0"): $1" >&2
    exit "${2:-1}"
}

# The built program.
sheaf_program() {
    local program
    program="${SHEAF_PROGRAM:-$(swift build "${build_flags[@]}" --show-bin-path)/sheaf}"
    [ -x "$program" ] || fail "the program is not built. Run: swift build ${build_flags[*]}"
    echo "$program"
}

# Makes a model folder of two tiny towers of the test fixtures under $1 and prints its path.
tiny_model() {
    local models="$root/Tests/Fixtures/goldens/models"
    mkdir -p "$1/model/question_encoder" "$1/model/context_encoder"
    cp "$models/dpr_question/"* "$models/wordpiece/"* "$1/model/question_encoder/"
    cp "$models/dpr_ctx/"* "$models/wordpiece/"* "$1/model/context_encoder/"
    echo "$1/model"
}

# Evaluates a Python expression over `status`, what the cluster of $SHEAF_DATA says of itself.
ask_status() {
    "$1" status --json | python3 -c "
import json, random, sys
status = json.load(sys.stdin)
print($2)"
}

# Waits until the indexing run of the cluster has committed a batch.
wait_until_encoding() {
    local committed='(status.get("indexing") or {}).get("batches_committed", 0)'
    for _ in $(seq 1 1200); do
        [ "$(ask_status "$1" "$committed")" = 0 ] || return 0
        sleep 0.05
    done
    fail "the run did not begin"
}

# Waits until every passage of collection $2 can be reached.
wait_until_served() {
    local complete='all(c["coverage"]["complete"]
        for c in status["collections"] if c["name"] == "'"$2"'")'
    for _ in $(seq 1 600); do
        [ "$(ask_status "$1" "$complete")" != True ] || return 0
        sleep 0.1
    done
    fail "not all of $2 came back"
}

# Kills the first worker that is ready; nothing else is ever killed.
kill_worker() {
    local ready='[w["pid"] for w in status["workers"] if w["state"] == "ready"][0]'
    kill -KILL "$(ask_status "$1" "$ready")"
}

# The names of a collection's segment files: each is the SHA-256 of what it holds.
segments() {
    (cd "$SHEAF_DATA/collections/$1/segments" && find . -name '*.safetensors' | LC_ALL=C sort)
}
