"""Descriptor tables: what Linux has no equal of, so that the samples know what FreeBSD answers."""
import os

from dragoman import mark


def test_capsicum(t):
    """What FreeBSD's own tests and capsicum-test expect."""
    r = t.guest("capsicum", t.dir())
    t.want(r.status == "exit 0" and r.out.count(b"ok ") > 175 and b"FAILED" not in r.out, "Capsicum answers as FreeBSD's", r)


def test_pipes(t):
    """Both ends read and write, and tell of themselves what FreeBSD's do."""
    r = t.guest("pipes", t.dir())
    t.want(r.status == "exit 0" and r.out.count(b"ok ") == 102 and b"FAILED" not in r.out, "pipes are FreeBSD's", r)


@mark(doors=("notify",))
def test_pipes_trapped(t):
    """Nothing but calls that the gate serves or asks for, each by a trap; SIGPIPE is the first that needs a frame."""
    r = t.run(t.dragoman("--no-rewrite", t.sample("pipes"), t.dir()))
    t.want(r.status == "exit 0" and r.out.count(b"ok ") == 102 and b"FAILED" not in r.out, "pipes are FreeBSD's", r)


def test_rfork(t):
    r = t.guest("rfork", t.dir())
    t.want(r.status == "exit 0" and r.out.count(b"ok ") == 28 and b"FAILED" not in r.out, "rfork does as FreeBSD's", r)


def test_manyfds(t):
    """With the host's own limit, like the native run; as root up to the table's end, for duplicates cost the host nothing."""
    t.same("manyfds", "4000", timeout=60)
    if os.geteuid() == 0 and not t.uid:
        r = t.guest("manyfds", "1000000", "4000", timeout=120)
        t.want(r.status == "exit 0" and r.out.count(b"ok ") == 10, "a million descriptors", r)
