# Follows an output of more than 4 MiB, as bytes.
. ./aiem.sh

name=$(create "head -c 5242880 /dev/zero" autoRun=true)
# A gateway before a gRPC server may refuse readOutput above 4 MiB. The lines of a stream are small.
aiem "$name:streamOutput" | jq --raw-output '.result.data' | base64 --decode | wc -c
