# Tells errors apart by their codes, which are gRPC's numbers; their texts are for people.
. ./aiem.sh

if ! answer=$(aiem "$AIEM_PARENT/processes/nobody"); then
  jq --raw-output '.message, .code' <<<"$answer"
fi
