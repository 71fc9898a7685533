"""Runs a command in a terminal of its own, as a person would.

Usage: in-terminal.py COMMAND ARGS...

What the command writes to its terminal goes to stdout, and stdin is what is typed. Ends with the
command's exit code, 128 + n after signal n.
"""

import os
import pty
import selectors
import sys

CHUNK = 65536

pid, terminal = pty.fork()
if pid == 0:
    os.execvp(sys.argv[1], sys.argv[1:])

selector = selectors.DefaultSelector()
selector.register(terminal, selectors.EVENT_READ)
selector.register(sys.stdin.fileno(), selectors.EVENT_READ)
is_open = True
while is_open:
    for key, _ in selector.select():
        if key.fd == terminal:
            try:
                written = os.read(terminal, CHUNK)
            except OSError:
                # Linux tells so that no program has the terminal open any more.
                written = b""
            is_open = written != b""
            os.write(sys.stdout.fileno(), written)
        elif typed := os.read(sys.stdin.fileno(), CHUNK):
            os.write(terminal, typed)
        else:
            selector.unregister(sys.stdin.fileno())

_, status = os.waitpid(pid, 0)
code = os.waitstatus_to_exitcode(status)
sys.exit(code if code >= 0 else 128 - code)
