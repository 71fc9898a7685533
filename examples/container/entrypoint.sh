#!/bin/sh
# Serves on every interface of the container, for one user whose token is told in the environment.
# What is added to `docker run` after the image are further options of `aiem-process serve`.
set -eu

if [ -z "${AIEM_STUB_TOKEN:-}" ]; then
  echo "set AIEM_STUB_TOKEN: whoever has it can run any program in this container" >&2
  exit 2
fi

# In the place of the shell, so that signals reach it.
exec aiem-process serve --host 0.0.0.0 --port "${AIEM_STUB_PORT:-8080}" \
  --user "${AIEM_STUB_TOKEN}=users/stub" "$@"
