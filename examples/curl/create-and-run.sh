# Creates a process that starts at once, reads what it wrote, and tells how it ended.
. ./aiem.sh

# With an id of your own, a GET tells after a lost answer whether there is a process.
name=$(create "echo hello; exit 3" "processId=p-$(date +%s%N)&autoRun=true")
ended=$(aiem "$name:wait" --json '{}')
# Bytes are base64. Always name the stream: the default may be standard output alone.
aiem "$name:readOutput?outputStream=OUTPUT_STREAM_COMBINED" | jq --raw-output .data | base64 --decode
ending <<<"$ended"
