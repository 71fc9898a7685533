# What the scripts share: `. ./aiem.sh`.
set -euo pipefail

: "${AIEM_URL:?}" "${AIEM_TOKEN:?}" "${AIEM_PARENT:?}"

# Calls a path, with a body of JSON after --json. Fails with exit code 22 for an answer that is an
# error, and prints its body all the same. The token comes from a file, since arguments are visible
# to everybody on the machine.
aiem() {
  local path=$1
  shift
  curl --silent --show-error --fail-with-body --no-buffer \
    --header @<(echo "Authorization: Bearer $AIEM_TOKEN") "$AIEM_URL/v1/$path" "$@"
}

# Creates a process of a shell script. Prints its name.
create() {
  local script=$1 query=${2:-}
  aiem "$AIEM_PARENT/processes?$query" \
    --json "$(jq --null-input --arg script "$script" '{command: "sh", args: ["-c", $script]}')" |
    jq --raw-output .process.name
}

# How a process has ended. The state first: a process that runs may show exit code 0 as well.
ending() { jq --raw-output '.process | "\(.state) \(.exitCode)"'; }
