"""Runs a program on a pseudo-terminal: python3 pseudo_terminal.py SPECIFICATION

The terminal's input and output are this program's own standard streams. Requests are lines on descriptor 3, each answered
with a line of JSON on descriptor 4: `resize ROWS COLUMNS`, `modes` (what stty shows, in numbers), `foreground` (its
process group), `close` (as when a window is closed). `started` and `exited` come by themselves.
"""

import fcntl
import json
import os
import pty
import select
import signal
import struct
import sys
import termios

SPEC = json.loads(sys.argv[1])


def answer(**values):
    os.write(4, (json.dumps(values) + "\n").encode())


def set_size(descriptor, rows, columns):
    fcntl.ioctl(descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


def become_program():
    set_size(0, SPEC["rows"], SPEC["columns"])
    os.close(3)
    os.close(4)
    if SPEC["uid"] is not None:
        os.fchown(0, SPEC["uid"], -1)
        os.setgroups([])
        os.setgid(SPEC["gid"])
        os.setuid(SPEC["uid"])
    os.chdir(SPEC["cwd"])
    for name in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(name, signal.SIG_DFL)
    os.execvpe(SPEC["argv"][0], SPEC["argv"], SPEC["env"])


def main():
    pid, terminal = pty.fork()
    if pid == 0:
        try:
            become_program()
        finally:
            os._exit(127)
    answer(event="started", pid=pid)
    running, watched, requests = True, [0, 3, terminal], b""
    while True:
        ready, _, _ = select.select(watched, [], [], 0.02)
        if running:
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended:
                running = False
                answer(event="exited", status=os.waitstatus_to_exitcode(status))
        if terminal in ready:
            try:
                output = os.read(terminal, 65536)
            except OSError:  # EIO: nobody has it open any more
                output = b""
            if output:
                os.write(1, output)
            else:
                watched.remove(terminal)
        if 0 in ready:
            text = os.read(0, 65536)
            if not text:
                return
            os.write(terminal, text)
        if 3 in ready:
            requests += os.read(3, 65536)
            while b"\n" in requests:
                line, requests = requests.split(b"\n", 1)
                word, *numbers = line.decode().split()
                if word == "resize":
                    set_size(terminal, int(numbers[0]), int(numbers[1]))
                    answer(event="answer")
                elif word == "modes":
                    modes = termios.tcgetattr(terminal)
                    answer(event="answer", modes=modes[:4], characters=[int.from_bytes(c, "big") if isinstance(c, bytes) else c for c in modes[6]])
                elif word == "foreground":
                    answer(event="answer", group=os.tcgetpgrp(terminal))
                elif word == "close":
                    if terminal in watched:
                        watched.remove(terminal)
                    os.close(terminal)
                    answer(event="answer")


main()
