# Sourced by the other scripts: where things are, and the one way to build.

root=$(CDPATH='' cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)
cache="${XDG_CACHE_HOME:-$HOME/.cache}/sheaf"

# One set of flags, so that the demo and the tests share one build.
build_flags=(--package-path "$root" -c release -Xswiftc -enable-testing)

# Prints the comment at the head of a script: its help.
print_help() {
    sed -n '2,/^[^#]/{/^#/s/^# \{0,1\}//p}' "$1"
}

# Says what goes wrong and ends.
fail() {
    echo "$(basename -- "$0"): $1" >&2
    exit "${2:-1}"
}
