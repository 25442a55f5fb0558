"""Very many processes and threads, one after the other and all at once: when they have ended, the provider is as it was."""
import subprocess

from dragoman import EXACT, Failure, mark, provider_of, settled


def obey(p, order):
    p.stdin.write(order.encode() + b"\n")
    p.stdin.flush()
    line = p.stdout.readline()
    if line != b"ok %s\n" % order.encode():
        raise Failure("%s: %r: %s" % (order, line, p.stderr.read1(2000)))


def as_before(t, orders, first=()):
    """A few of each first, and a crowd as large: what the first ones make stays.  --check-tables looks for what is left of tasks and processes."""
    p = t.start(t.dragoman(t.sample("crowd")), timeout=3000 if t.long else 200, stdin=subprocess.PIPE, env=EXACT)
    try:
        provider = provider_of(p)
        t.want(provider, "the provider is found")
        for order in ("p 40", "t 40", "e 40", "v 40", "f 40", "p 40", *first, "n 1"):  # a thread that ended is cleaned up after when the next begins
            obey(p, order)
        before = settled(provider, p)
        for order in (*orders, "n 1"):
            obey(p, order)
        after = settled(provider, p)
    finally:
        p.stdin.close()
        p.stdin = None
        r = t.finish(p)
    what = "descriptors, threads, mappings, pages: %s before, %s after" % (before, after)
    # The C library keeps some stacks of threads that ended together, two mappings each; a crowd's would be hundreds.
    t.want(after[0] <= before[0] and after[1] <= before[1] and after[2] <= before[2] + 64, what, r)
    t.want(after[3] <= before[3] + 512, "memory: " + what, r)
    t.want(r.status == "exit 0" and r.left == 0 and not r.err, "ends well", r)


@mark(one_user=True)
def test_lives(t):
    """fork, exec, wait; vfork, exec, wait; thread, join."""
    as_before(t, ("e 10000", "v 3000", "n 10000") if t.long else ("e 300", "v 100", "n 300"))


@mark(one_user=True)
def test_at_once(t):
    crowd = ("p 1000", "t 1000") if t.long else ("p 150", "t 200")
    as_before(t, crowd * 2, first=crowd)
