# Stops following a process, which runs on, and then ends the process.
. ./aiem.sh

name=$(create "echo ready; exec sleep 600" autoRun=true)
# curl ends when nobody reads, but at its next write only; --max-time ends a silent stream.
aiem "$name:streamOutput" --max-time 1 2>/dev/null | jq --raw-output '.result.data | @base64d' || true
aiem "$name" | jq --raw-output .process.state
aiem "$name:sendSignal" --json '{"signal": 15}' >/dev/null
aiem "$name:wait" --json '{}' | ending
