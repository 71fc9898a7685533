"""Runs a command on a terminal of its own, of 100 columns, as a person would.

Usage: terminal.py COMMAND ARGS...

What the command writes to its terminal goes to stdout, and stdin is what is typed. Ends with the
command's exit code, 128 + n after signal n.
"""

import fcntl
import os
import pty
import select
import struct
import sys
import termios

CHUNK = 65536

pid, terminal = pty.fork()
if pid == 0:
    os.execvp(sys.argv[1], sys.argv[1:])
fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 100, 0, 0))
sources = [terminal, 0]
while terminal in sources:
    for source in select.select(sources, [], [])[0]:
        try:
            data = os.read(source, CHUNK)
        except OSError:
            # Linux tells so that no program has the terminal open any more.
            data = b""
        if not data:
            sources.remove(source)
        else:
            os.write(1 if source == terminal else terminal, data)
code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
sys.exit(code if code >= 0 else 128 - code)
