"""Disks that are broken or full, limits, and processes that are killed while they write: as on the host."""
import os
import shlex


def test_broken_disk(t):
    t.good("faults", "DIR", "disk", fresh=True, faults=True)


def test_full_disk(t):
    """A file system of 2 MiB and few files, made anew for each run."""
    where = t.dir()
    options = "size=2m,nr_inodes=64,mode=777" + (",uid=%d,gid=%d" % (t.uid, t.uid) if t.uid else "")
    t.good("faults", where, "full", mounts="mount -t tmpfs -o %s tmpfs %s" % (options, shlex.quote(where)))


def test_limit(t):
    t.good("faults", "DIR", "limit", fresh=True)


def test_killed_writers(t):
    """SIGKILL between any two instructions of a write."""
    t.good("killed", "DIR", fresh=True, timeout=90)
