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


def test_inherited_descriptors(t):
    """Those that whoever starts the program has open, a few low ones or others; and no more of them."""
    name = os.path.join(t.dir(), "file")
    with open(name, "w") as f:
        f.write("text\n")
    for numbers in ((), (5,), (3, 4, 15), (40,), (5, 900)):
        opened = " ".join("%d<%s" % (n, name) for n in numbers)
        command = "; ".join("cat <&%d || echo not %d" % (n, n) for n in (3, 4, 5, 6, 15, 16, 40, 900))
        natively, here = (t.run(["bash", "-c", "exec %s; exec \"$@\"" % opened, "bash", *argv, "-c", command])
                          for argv in ([t.sample("sh", "linux")], t.dragoman(t.sample("sh"))))
        t.want(here.status == natively.status and here.out == natively.out and here.out.count(b"text") == len(numbers),
               "with %s open: %s" % (numbers, natively), here)


def test_signals_of_a_c_library(t):
    """Real-time signals that the provider's C library uses are nothing to the provider, and a guest's own business."""
    p = t.start(["bash", "-c", 'trap "" 34; exec "$@"', "bash", *t.dragoman(t.sample("hold"), "sleep")], timeout=20, kill_ms=5000)
    try:
        t.want(p.stdout.readline() == b"ready\n", "the guest runs")
        provider = provider_of(p)
        for sig in (32, 33, 34) * 20:
            os.kill(provider, sig)
        threads = [open("/proc/%d/task/%s/status" % (provider, tid)).read() for tid in os.listdir("/proc/%d/task" % provider)
                   if int(tid) != provider]  # which waits for all signals, and so has none blocked
        os.kill(provider, 15)
    finally:
        p.stdout.close()
        p.stdout = None
        r = t.finish(p)
    blocked = [int(line.split()[1], 16) for status in threads for line in status.splitlines() if line.startswith("SigBlk")]
    t.want(blocked and all(b >> 33 & 1 and b >> 14 & 1 for b in blocked), "no thread takes signals: %s" % blocked, r)
    t.want(r.status in ("exit 143", "signal 15") and r.left == 0, "it was SIGTERM that ended it", r)
