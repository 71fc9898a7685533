# The same calls with `buf curl`, which also speaks Connect and gRPC-Web.
. ./aiem.sh

# Over gRPC. buf has no option for messages of more than 4 MiB. The exit code of a failure is 8 times gRPC's code.
buf_curl() {
  local method=$1 message=$2
  shift 2
  npx buf curl ${AIEM_PROTOSET:+--schema "$AIEM_PROTOSET"} --protocol grpc --http2-prior-knowledge \
    --header @<(echo "authorization: Bearer $AIEM_TOKEN") "$@" --data "$message" \
    "$AIEM_URL/$SERVICE/$method"
}

name=$(create "sleep 5; echo hello; exit 3" true)
buf_curl WaitProcess "$(named "$name")" --timeout 1s || echo "DEADLINE_EXCEEDED is 4: $(($? / 8))"
buf_curl StreamOutput "$(named "$name")" | jq --raw-output '.data | @base64d | rtrimstr("\n")'
buf_curl WaitProcess "$(named "$name")" | ending
