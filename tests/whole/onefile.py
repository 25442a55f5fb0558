"""One file under stress: against a copy in memory (samples/fsx.c), and written by many at once (samples/append.c)."""
import os
import random

from dragoman import mark


def fsx(t, seconds):
    seed = random.Random().randrange(1 << 30)
    r = t.guest("fsx", os.path.join(t.dir(), "file"), str(seed), str(1 << 40), str(seconds), timeout=seconds + 60)
    t.want(r.status == "exit 0" and r.out.endswith(b" operations\n"), "fsx, seed %d" % seed, r)


def append(t, seconds):
    for how in ("append", "offset"):
        r = t.guest("append", os.path.join(t.dir(), "file"), str(seconds), how, timeout=seconds + 120)
        t.want(r.status == "exit 0" and b" 0 in trouble\n" in r.out, "records by " + how, r)


def test_fsx(t):
    """A minute over both doors and both users."""
    fsx(t, 15)


@mark(long=True)
def test_fsx_hour(t):
    fsx(t, 900)


def test_append(t):
    append(t, 3)


@mark(long=True)
def test_append_minute(t):
    append(t, 60)


@mark(once=True)
def test_they_find_faults(t):
    where = t.dir()
    r = t.native("fsx", os.path.join(where, "file"), "1", "100000", "60", "break")
    t.want(r.status == "exit 1" and b"\nFAILED " in r.out, "a byte that changed by itself is found", r)
    r = t.native("append", os.path.join(where, "records"), "1", "append", "lose")
    t.want(r.status == "exit 1" and b"FAILED records are lost" in r.out, "a record that is missing is found", r)
