# Follows a process from before its start, so that no byte has to be replayed.
. ./aiem.sh

name=$(create "echo first; sleep 0.5; echo second >&2; exit 1")

# One JSON object a line: {"result": …}, or {"error": …} as the last one, which no HTTP status tells.
follow() {
  aiem "$name:streamOutput" | jq --unbuffered --raw-output '
    if .error then "\(.error.message)\n" | halt_error else .result end
    | "\(.stream) \(.data | @base64d | rtrimstr("\n"))"'
}
follow &
aiem "$name:start" --json '{}' >/dev/null
wait $!

# The end of the output is not the end of the process.
aiem "$name:wait" --json '{}' | ending
