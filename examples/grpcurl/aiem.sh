# What the scripts share: `. ./aiem.sh`.
set -euo pipefail

: "${AIEM_URL:?}" "${AIEM_TOKEN:?}" "${AIEM_PARENT:?}"

SERVICE=ai.h2o.engine.sandbox.v1.ProcessService

# Where the numbers of fields come from: from the server, by reflection, unless AIEM_PROTOSET names a
# file of descriptors.
GRPCURL_OPTIONS=()
if [ -n "${AIEM_PROTOSET:-}" ]; then GRPCURL_OPTIONS+=(-protoset "$AIEM_PROTOSET"); fi

case $AIEM_URL in
http://*) GRPCURL_OPTIONS+=(-plaintext) ADDRESS=${AIEM_URL#http://} ;;
*) ADDRESS=${AIEM_URL#https://} ;;
esac
case $ADDRESS in *:*) ;; *) ADDRESS+=:443 ;; esac

# Calls a method with a message in JSON, and more of grpcurl's options. A failure's exit code is 64
# and gRPC's code. grpcurl reads the token from the environment itself, since arguments are visible to
# everybody on the machine.
aiem() {
  local method=$1 message=$2
  shift 2
  bin/grpcurl "${GRPCURL_OPTIONS[@]}" -expand-headers -H 'authorization: Bearer ${AIEM_TOKEN}' \
    "$@" -d "$message" "$ADDRESS" "$SERVICE/$method"
}

# A message that names a process, with more fields.
named() { jq --null-input --arg name "$1" "{name: \$name} + ${2:-{\}}"; }

# Creates a process of a shell script. Prints its name.
create() {
  local script=$1 auto_run=$2
  aiem CreateProcess "$(jq --null-input --arg parent "$AIEM_PARENT" --arg script "$script" \
    --argjson run "$auto_run" --arg id "p-$(date +%s%N)" \
    '{parent: $parent, processId: $id, autoRun: $run, process: {command: "sh", args: ["-c", $script]}}')" |
    jq --raw-output .process.name
}

# How a process has ended. The state first: what is unset is not shown, so one that runs has no code.
ending() { jq --raw-output '.process | "\(.state) \(.exitCode)"'; }
