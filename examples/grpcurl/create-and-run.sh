# Creates a process that starts at once, reads what it wrote, and tells how it ended.
. ./aiem.sh

name=$(create "echo hello; exit 3" true)
ended=$(aiem WaitProcess "$(named "$name")")
# Bytes are base64. Always name the stream: the default may be standard output alone.
aiem ReadOutput "$(named "$name" '{outputStream: "OUTPUT_STREAM_COMBINED"}')" |
  jq --raw-output .data | base64 --decode
ending <<<"$ended"
