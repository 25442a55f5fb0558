"""A fresh guest process: nothing of the host's own start is left in it."""
import os

from dragoman import descendants, mark, provider_of


@mark(one_user=True)
def test_clean_process(t):
    p = t.start(t.dragoman(t.sample("hold"), "sleep"), timeout=20, kill_ms=5000)
    try:
        t.want(p.stdout.readline() == b"ready\n", "the guest runs")
        provider = provider_of(p)
        guests = [pid for pid in descendants(p.pid) if pid not in (p.pid, provider)]
        t.want(guests, "the guest is a process of the host's")
        guest = guests[-1]
        maps = open("/proc/%d/maps" % guest).read()
        fds = [os.readlink("/proc/%d/fd/%s" % (guest, fd)) for fd in os.listdir("/proc/%d/fd" % guest)]
    finally:
        p.stdout.close()
        p.stdout = None
        os.kill(provider, 9)
        r = t.finish(p)
    t.want("dragoman-arena" in maps, "the arena is there: %s" % maps, r)
    t.want("[stack]" not in maps and "[heap]" not in maps, "memory of the host's start: %s" % maps, r)
    t.want(not any("seccomp" in fd for fd in fds), "who holds the filter's listener would not see the provider die: %s" % fds, r)
    t.want(r.left == 0, "nothing is left", r)


def test_no_signals_left(t):
    """RLIMIT_SIGPENDING is full: starting, waking and stopping threads does not hang on it."""
    for name in ("hello", "threads", "interrupt"):
        r = t.run(["bash", "-c", 'ulimit -i 0; exec "$@"', "bash", *t.dragoman(t.sample(name))], timeout=60)
        t.want(r.status == "exit 0" and r.left == 0 and b"FAILED" not in r.out, name, r)
