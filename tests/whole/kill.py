"""kill -9: of the provider leaves no process, of a guest leaves nothing in the provider."""
import os
import subprocess

from dragoman import EXACT, Failure, mark, provider_of, settled


def kill_provider(t, how):
    for ms in (30, 150, 400):
        r = t.run(t.dragoman(t.sample("hold"), how), kill_ms=ms)
        t.want(r.status == "signal 9", "the provider was killed", r)
        t.want(r.left == 0, "processes outlive the provider, killed after %d ms" % ms, r)


def test_provider_spin(t):
    kill_provider(t, "spin")


def test_provider_read(t):
    kill_provider(t, "read")


def test_provider_threads(t):
    kill_provider(t, "threads")


def test_provider_family(t):
    kill_provider(t, "family")


def next_round(p):
    line = p.stdout.readline()
    if line != b"ok round\n":
        raise Failure("round says %r: %s" % (line, p.stderr.read1(2000)))


@mark(one_user=True)
def test_guest_leaves_nothing(t):
    rounds = 30 if t.long else 8
    p = t.start(t.dragoman(t.sample("reap"), str(rounds)), timeout=120, stdin=subprocess.PIPE, env=EXACT)
    try:
        next_round(p)
        provider = provider_of(p)
        t.want(provider, "the provider is found")
        for i in range(1, rounds):
            if i == 3:
                before = settled(provider, p)
            p.stdin.write(b"x\n")
            p.stdin.flush()
            next_round(p)
        after = settled(provider, p)
    finally:
        p.stdin.close()
        p.stdin = None
        r = t.finish(p)
    t.want(after[0] <= before[0] and after[1] <= before[1] and after[2] <= before[2] + 2,
           "descriptors, threads, mappings, pages: %s after three rounds, %s after %d" % (before, after, rounds), r)
    t.want(after[3] <= before[3] + 256, "memory grows: %s, %s" % (before, after), r)
    t.want(r.status == "exit 0" and r.left == 0, "ends well", r)


@mark(one_user=True)
def test_early_signal(t):
    """A signal to the whole group, in the first moments: nothing is there yet to take it, and still it is not lost."""
    for flags in ((), ("--daemons",)):
        for ms in (1, 2, 4, 7, 11, 16, 22, 30, 40):
            command = [t.dragoman()[0], "run", "--door=" + t.door, *flags, t.sample("hold"), "read"]
            r = t.run(["timeout", "--preserve-status", "-s", "USR1", "%.3f" % (ms / 1000), *command])
            t.want(r.status == "exit 138" and r.left == 0 and b"dragoman:" not in r.err, "SIGUSR1 after %d ms" % ms, r)


@mark(one_user=True)
def test_main_guest_killed(t):
    """The first guest process is killed from outside: the provider dies by the same signal."""
    from dragoman import descendants
    p = t.start(t.dragoman(t.sample("hold"), "threads"), timeout=20)
    provider = provider_of(p)
    t.want(p.stdout.readline() == b"ready\n", "the guest runs")
    guests = [pid for pid in descendants(p.pid) if pid != provider and len(os.listdir("/proc/%d/task" % pid)) > 8]
    t.want(len(guests) >= 1, "the guest is a process of the host's")
    os.kill(guests[-1], 9)
    r = t.finish(p)
    t.want(r.status == "signal 9" and r.left == 0, "the provider ends as its guest did", r)
