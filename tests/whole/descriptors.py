"""Descriptor tables: what Linux has no equal of, so that the samples know what FreeBSD answers."""


def test_capsicum(t):
    """What FreeBSD's own tests and capsicum-test expect."""
    r = t.guest("capsicum", t.dir())
    t.want(r.status == "exit 0" and r.out.count(b"ok ") > 175 and b"FAILED" not in r.out, "Capsicum answers as FreeBSD's", r)
