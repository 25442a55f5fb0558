"""--daemons: dragoman ends as the first program does, and what that one left behind lives on."""
import os
import shlex

WAIT = "while [ ! -e %s ]; do sleep 0.02; done; "
# Until no dragoman is left: the test's own shell is none.
GONE = 'while ls -l /proc/[0-9]*/exe 2>/dev/null | grep -q "/dragoman$"; do sleep 0.02; done; '


def command(t, *args):
    return [t.dragoman()[0], "run", "--door=" + t.door, "--daemons", *args]


def shell(t, script, where):
    r = t.run(["/bin/sh", "-c", script], cwd=where, timeout=60)
    t.want(r.left == 0, "nothing is left", r)
    return r


def test_lives_on(t):
    """The status comes at once, and nobody who reads the output has to wait; the daemon's calls are served meanwhile."""
    where = t.dir()
    start = " ".join(shlex.quote(a) for a in command(t, t.sample("daemon"), where))
    r = shell(t, "out=$(%s); echo $out $?; %s" % (start, WAIT % "alive") + "echo alive; touch stop; " + WAIT % "done" + GONE + "echo gone", where)
    t.want(r.out == b"started 7\nalive\ngone\n" and not r.err, "a daemon", r)


def test_signal(t):
    where = t.dir()
    start = " ".join(shlex.quote(a) for a in command(t, t.sample("daemon"), where, "signal"))
    r = shell(t, "%s; echo $?; %s" % (start, WAIT % "alive") + "touch stop; " + WAIT % "done" + GONE, where)
    t.want(r.out == b"started\n143\n", "the first program's own end", r)


def test_none(t):
    """Without anything left behind it is as without the option."""
    for args, status in ((("status", "5"), "exit 5"), (("SIGTERM",), "signal 15"), (("SIGKILL",), "signal 9"), (("segv",), "signal 11")):
        r = t.run(command(t, t.sample("die"), *args))
        t.want(r.status == status and r.left == 0, "ends as the program", r)
    r = t.run(command(t, "--check-tables", t.sample("forkexec")))
    t.want(r.status == "exit 0" and r.left == 0 and not r.err, "processes", r)
    r = t.run(command(t, "/none/such"))
    t.want(r.status == "exit 127" and r.left == 0, "no program", r)


def test_killed(t):
    """The process that the user started is killed: so is everything, as long as the first program has not ended."""
    for ms in (30, 200):
        r = t.run(command(t, t.sample("hold"), "family"), kill_ms=ms)
        t.want(r.status == "signal 9" and r.left == 0, "nothing outlives it", r)


def test_forwarded(t):
    """A signal to the process that the user started is the first program's."""
    r = t.run(["timeout", "--preserve-status", "-s", "USR1", "0.5", *command(t, t.sample("hold"), "read")])
    t.want(r.status in ("exit 138", "signal 10") and r.left == 0, "SIGUSR1", r)
