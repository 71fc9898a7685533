# Stops following a process, which runs on, and then ends the process.
. ./aiem.sh

name=$(create "echo ready; exec sleep 600" true)
# The end of grpcurl cancels its call, be it by Ctrl-C or by its limit.
aiem StreamOutput "$(named "$name")" -max-time 1 2>/dev/null | jq --raw-output '.data | @base64d' || true
aiem GetProcess "$(named "$name")" | jq --raw-output .process.state
aiem SendSignal "$(named "$name" '{signal: 15}')" >/dev/null
aiem WaitProcess "$(named "$name")" | ending
