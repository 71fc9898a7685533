#!/usr/bin/env bash
# Creates a process that starts at once, waits for its end, and reads how it ended.
set -euo pipefail

aiem() { curl --silent --show-error --fail-with-body -H "Authorization: Bearer $AIEM_TOKEN" "$@"; }

name=$(aiem "$AIEM_URL/v1/$AIEM_PARENT/processes?autoRun=true" \
  --json '{"command": "sh", "args": ["-c", "echo hello; exit 3"]}' | jq -r .process.name)
aiem "$AIEM_URL/v1/$name:wait" --json '{}' | jq -r '.process | "\(.state) \(.exitCode)"'
