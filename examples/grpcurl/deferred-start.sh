# Follows a process from before its start, so that no byte has to be replayed.
. ./aiem.sh

name=$(create "echo first; sleep 0.5; echo second >&2; exit 1" false)
aiem StreamOutput "$(named "$name")" |
  jq --unbuffered --raw-output '"\(.stream) \(.data | @base64d | rtrimstr("\n"))"' &
aiem StartProcess "$(named "$name")" >/dev/null
wait $!

# The end of the output is not the end of the process.
aiem WaitProcess "$(named "$name")" | ending
