# Reads an output that is larger than the 4 MiB that grpcurl takes by default.
. ./aiem.sh

name=$(create "head -c 5242880 /dev/zero" true)
aiem WaitProcess "$(named "$name")" >/dev/null
request=$(named "$name" '{outputStream: "OUTPUT_STREAM_STDOUT"}')

aiem ReadOutput "$request" || echo "RESOURCE_EXHAUSTED is 8: $(($? - 64))"
# Chunks of a stream are small, and need no larger limit.
aiem StreamOutput "$(named "$name")" | jq --raw-output .data | base64 --decode | wc -c
aiem ReadOutput "$request" -max-msg-sz 67108864 | jq --raw-output .data | base64 --decode | wc -c
