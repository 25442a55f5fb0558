"""A program under a pseudo-terminal, driven by what it prints."""
import fcntl
import os
import pty
import select
import struct
import termios
import time

from dragoman import Failure, text


class Terminal:
    """The master side: send keys, wait for text.  Everything that came is in .log."""

    def __init__(self, limit=40):
        self.master, self.slave = pty.openpty()
        self.log, self.at, self.limit = b"", 0, limit
        self.size(24, 80)

    def size(self, rows, columns):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def expect(self, what):
        """Waits for these bytes in what has not been looked at yet."""
        end = time.time() + self.limit
        while self.log.find(what, self.at) < 0:
            if time.time() > end or not self.more(max(0.05, end - time.time())):
                raise Failure("the terminal never says %r; it said:\n%s" % (what, text(self.log)[-2000:]))
        self.at = self.log.index(what, self.at) + len(what)

    def more(self, seconds):
        """False at the end of the line: everybody has closed the other side."""
        if not select.select([self.master], [], [], seconds)[0]:
            return True
        try:
            data = os.read(self.master, 4096)
        except OSError:
            return False
        self.log += data
        return bool(data)

    def send(self, what):
        os.write(self.master, what)

    def line(self, what, then):
        self.send(what + b"\n")
        self.expect(then)

    def drain(self):
        end = time.time() + self.limit
        while time.time() < end and self.more(end - time.time()):
            pass

    def hang_up(self):
        os.close(self.master)
        self.master = -1

    def close(self):
        for fd in (self.master, self.slave):
            if fd >= 0:
                os.close(fd)
        self.master = self.slave = -1


def foreground(terminal):
    """The terminal's foreground process group, as the host has it."""
    return struct.unpack("i", fcntl.ioctl(terminal.slave, termios.TIOCGPGRP, b"\0" * 4))[0]


