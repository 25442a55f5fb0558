"""The sample shell under a pseudo-terminal: job control from the keyboard, hang-up, and what the background may do."""
import os
import time

from dragoman import Failure, diff, text
from pty_session import Terminal

PROMPT = b"\n$ "


class Shell:
    def __init__(self, t, os_name, *flags):
        self.t = t
        self.terminal = Terminal()
        samples = os.path.join(t.place, "samples", os_name)
        prefix = t.dragoman(*flags) if os_name == "freebsd" else []
        if t.uid is not None:
            os.fchown(self.terminal.slave, t.uid, -1)
        self.where = t.dir()
        # setsid makes the slave the controlling terminal of a session of its own, and waits.
        self.job = t.start(["setsid", "-c", "-w"] + prefix + [os.path.join(samples, "sh"), "-i"], timeout=100, cwd=self.where,
                           stdin=self.terminal.slave, stdout=self.terminal.slave, stderr=self.terminal.slave,
                           env={"SAMPLES": samples, "PATH": "/usr/bin:/bin", "PS1": "$ "})
        os.close(self.terminal.slave)
        self.terminal.slave = -1
        self.terminal.expect(b"$ ")
        self.own_group = os.tcgetpgrp(self.terminal.master)

    def type(self, line, *then):
        """A line, then what is to come, then the prompt."""
        self.terminal.send(line.encode() + b"\n")
        for what in then:
            self.see(what)
        self.prompt()

    def see(self, what):
        self.terminal.expect(what if isinstance(what, bytes) else what.encode())

    def prompt(self):
        self.see(PROMPT)

    def stopped(self):
        """The jobs, once none runs: how long that takes is nobody's promise, so earlier answers are dropped."""
        terminal, end = self.terminal, time.time() + self.terminal.limit
        while True:
            before = terminal.log
            self.type("sleep 0.4; jobs")
            shown = terminal.log[len(before):]
            if b"Running" not in shown:
                self.t.want(b"Stopped" in shown, "the job is stopped, not ended:\n%s" % text(shown))
                return
            if time.time() > end:
                raise Failure("the job never stops:\n%s" % text(terminal.log))
            terminal.log = before + b"".join(line for line in shown.splitlines(True) if b"Stopped" in line)
            terminal.at = len(terminal.log)

    def in_front(self):
        """Waits until a job has the terminal; what a key sends goes to nobody else from then on."""
        end = time.time() + self.terminal.limit
        while os.tcgetpgrp(self.terminal.master) == self.own_group and time.time() < end:
            time.sleep(0.001)

    def key(self, byte):
        time.sleep(0.15)  # not before whoever is to get it runs
        self.terminal.send(byte)

    def leave(self):
        self.terminal.send(b"exit\n")
        self.terminal.drain()
        return self.finish()

    def finish(self):
        result = self.t.finish(self.job)
        self.terminal.close()
        self.t.want(result.left == 0, "processes are left", result)
        return result


def both(t, play, *flags):
    """The same play natively and as a guest: what the terminal showed must be the same."""
    logs = []
    for os_name in ("linux", "freebsd"):
        shell = Shell(t, os_name, *flags)
        try:
            play(shell)
        except Failure as e:
            raise Failure("%s: %s" % (os_name, e))
        logs.append(shell.terminal.log.replace(b"/linux/", b"/OS/").replace(b"/freebsd/", b"/OS/"))
    lines = [sorted(line.removeprefix(b"$ ") for line in log.split(b"\r\n")) for log in logs]
    if lines[0] != lines[1]:  # where job and shell both print, which comes first is nobody's promise
        raise Failure("the terminal shows something else:\n" + diff(logs[0], logs[1]))


def keys(t, *flags):
    def play(s):
        for sleeper in ("/bin/sh -c 'echo go; exec sleep 100'", """"$SAMPLES/sh" -c 'echo go; exec "$SAMPLES/cat"'""",
                        "sleep 100 | { echo go; sleep 100; }", 'sleep 100 | { echo go; "$SAMPLES/cat"; }'):
            s.terminal.send(sleeper.encode() + b"\n")
            s.see("\ngo\r\n")
            s.key(b"\x03")
            s.see("^C")
            s.prompt()
            s.type("echo status $?", "status 130")
            s.terminal.send(sleeper.encode() + b"\n")
            s.see("\ngo\r\n")
            s.key(b"\x1a")
            s.see("^Z")
            s.see("Stopped")
            s.prompt()
            s.type("jobs", "[1] + Stopped")
            s.terminal.send(b"fg\n")
            s.see(b"fg\r\n")
            s.see(b"\r\n")
            s.key(b"\x1c")
            s.see("^\\")
            s.see("QUIT")
            s.prompt()
            s.type("jobs; echo none", "none")
        s.key(b"\x03")
        s.see("^C")
        s.prompt()
        s.leave()
    both(t, play, *flags)


def test_keys(t):
    keys(t)


def test_keys_daemons(t):
    """The same with a front (loader/front.h)."""
    keys(t, "--daemons")


def test_quick_keys(t):
    """Keys that come while the job is still starting, stopping or going on; with a front, which would leave what is lost."""
    shell = Shell(t, "freebsd", "--daemons")
    for pause in (0, 0.01, 0.04):
        for job in ('"$SAMPLES/sh" -c \'echo go; exec "$SAMPLES/cat"\'', 'sleep 100 | { echo go; "$SAMPLES/cat"; }'):
            for byte, shown in ((b"\x03", ["^C"]), (b"\x1a", ["^Z", "Stopped"])):
                shell.terminal.send(job.encode() + b"\n")
                shell.see("\ngo\r\n")
                shell.in_front()
                time.sleep(pause)
                shell.terminal.send(byte)
                for what in shown:
                    shell.see(what)
                shell.prompt()
            shell.terminal.send(b"fg\n")
            shell.see(b"fg\r\n")
            shell.see(b"\r\n")
            shell.in_front()
            time.sleep(pause)
            shell.terminal.send(b"\x1c")
            shell.see("^\\")
            shell.see("QUIT")
            shell.prompt()
    shell.leave()


def test_stop_undone(t):
    """A stop that a SIGCONT follows at once is void: the host's own processes send both, and it runs on."""
    storm = "i=0; while [ $i -lt 300 ]; do kill -TSTP $0; kill -CONT $0; i=$((i+1)); done"
    for os_name in ("linux", "freebsd"):
        s = Shell(t, os_name)
        s.type("mkfifo f; \"$SAMPLES/cat\" <f &", "started")
        s.type("/bin/sh -c '%s' $!; echo stormed" % storm, "\nstormed")
        s.terminal.send(b"echo a line >f\n")
        s.see("a line\r\n")
        s.leave()


def test_background(t):
    def play(s):
        s.type("sleep 100 &", "[1] started")
        s.type('"$SAMPLES/sh" -c "sleep 100" &', "[2] started")
        s.type("jobs", "Running  sleep 100", "Running")
        s.terminal.send(b"fg %1\n")
        s.see("sleep 100")
        s.key(b"\x1a")
        s.see("Stopped")
        s.prompt()
        s.type("bg %1", "[1] sleep 100")
        s.type("jobs", "Running", "Running")
        s.type("kill %1 %2; wait; echo gone", "gone")
        s.leave()
    both(t, play)


def test_reading(t):
    """In the background a read stops the job; in front it goes on, and ^D ends it."""
    def play(s):
        for reader in ("cat", '"$SAMPLES/cat"', 'cat | "$SAMPLES/cat"'):
            s.type(reader + " &", "started")
            s.stopped()
            s.terminal.send(b"fg\n")
            s.see(reader)
            s.key(b"a line\n")
            s.see("a line")
            s.see("a line")
            s.key(b"\x04")
            s.prompt()
            s.type("jobs; echo none", "none")
        s.leave()
    both(t, play)


def test_writing(t):
    """TOSTOP: writing from the background stops, unless the signal is ignored."""
    def play(s):
        s.type("stty tostop", "")
        for writer in ("(echo from behind)", '"$SAMPLES/sh" -c "echo from below"', "/bin/echo from the host"):
            s.type(writer + " &", "started")
            s.stopped()
            s.type("fg", "from")
        s.type("(trap '' TTOU; echo let through) & wait", "let through\r")
        s.type("stty -tostop; echo back")
        s.leave()
    both(t, play)


def test_orphans(t):
    """Nobody could continue it: a read from the background is refused, a stop is dropped."""
    def play(s):
        s.type('"$SAMPLES/sh" -c \'(sleep 0.3; read x; echo "read says $?" >out; kill -TSTP $$; echo on >>out) & exit\'')
        s.type("while ! grep -qsx on out; do sleep 0.1; done; cat out", "read says 1", "on")
        s.leave()
    both(t, play)


def test_window(t):
    def play(s):
        s.type("stty size", "24 80")
        s.type("trap 'stty size' WINCH")
        s.terminal.size(50, 132)
        s.terminal.send(b"\n")
        s.see("50 132")
        s.terminal.send(b"echo seen\n")
        s.see("seen")
        s.see("seen")
        s.leave()
    both(t, play)


def test_hang_up(t):
    """The master is closed: the session's shell is told, and so are its jobs."""
    for os_name in ("linux", "freebsd"):
        s = Shell(t, os_name)
        s.type("trap 'echo hung up >up; exit 3' HUP")
        s.type('"$SAMPLES/sh" -c "trap \'echo job too >job; exit\' HUP; echo >set; while :; do sleep 0.1; done" &', "started")
        s.type("while ! test -e set; do sleep 0.1; done; trap 'kill -HUP %1; wait; echo hung up >up; exit 3' HUP")
        s.terminal.send(b"echo waiting; wait\n")  # or it could see the end of its input first
        s.see("waiting")
        s.see("waiting")
        s.terminal.hang_up()
        r = s.finish()
        t.want(r.status == "exit 3", "%s: its trap ends the shell" % os_name, r)
        t.want(open(os.path.join(s.where, "up")).read() == "hung up\n", "the trap has run")
        t.want(open(os.path.join(s.where, "job")).read() == "job too\n", "and the job's")


def test_hang_up_by_default(t):
    for os_name in ("linux", "freebsd"):
        s = Shell(t, os_name)
        s.terminal.send(b"sleep 100\n")
        s.key(b"")
        s.terminal.hang_up()
        s.finish()


def test_end_of_input(t):
    def play(s):
        s.type("(exit 5)")
        s.key(b"\x04")
        s.terminal.drain()
        r = s.finish()
        s.t.want(r.status == "exit 5", "^D ends the shell with the last status", r)
    both(t, play)
