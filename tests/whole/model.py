"""Random programs of table and file operations: each does under Dragoman what it does natively (samples/model.c).

A program that does not is made as short as it can be, and left with the command that runs it again.
"""
import hashlib
import os
import random
import shutil
import struct
import time

from dragoman import Failure, mark

HEAD = 4096  # of the state file: the text follows (samples/model/model.h)
KEEP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "build", "model")


class Run:
    """How one run ended, and everything that it said and left."""

    def __init__(self, status, text, files):
        self.status, self.text, self.files = status, text, files

    def __eq__(self, other):
        return (self.status, self.text, self.files) == (other.status, other.text, other.files)

    def end(self):
        return "%s\n%s" % (self.status, "\n".join(name + ": %d bytes, %s" % data for name, data in sorted(self.files.items())))


def text_of(path):
    with open(path, "rb") as f:
        _, _, used = struct.unpack("IIQ", f.read(16).ljust(16, b"\0"))
        f.seek(HEAD)
        return f.read(used).decode(errors="replace").split("\n")


def content(path):
    """Size and hash of what is not zero; files may be as long as offsets are."""
    size, digest, at = os.path.getsize(path), hashlib.sha256(), 0
    with open(path, "rb", buffering=0) as f:
        while True:
            try:
                at = os.lseek(f.fileno(), at, os.SEEK_DATA)
            except OSError:
                return size, digest.hexdigest()[:16]
            block = os.pread(f.fileno(), 1 << 16, at)
            if block.strip(b"\0"):
                digest.update(b"%d" % (at + len(block) - len(block.lstrip(b"\0"))) + block.strip(b"\0"))
            at += len(block)


def run(t, command, *args, lie=False):
    """The three descriptors that it is started with are files, and take part."""
    where = t.dir()
    state = os.path.join(where, "state")
    work = os.path.join(where, "work")
    os.mkdir(work)
    names = [os.path.join(where, n) for n in ("0", "1", "2")]
    for path in [state, work] + names:
        if path != work:
            open(path, "w").close()
        if t.uid:
            os.chown(path, t.uid, t.uid)
    full = ["sh", "-c", 'exec "$@" <>%s >>%s 2<>%s' % tuple(names), "sh", *command, work, state, *args] + (["lie"] if lie else [])
    r = t.run(full, timeout=600 if t.long else 120)
    files = {os.path.basename(p): content(p) for p in names}
    result = Run("%s, left %d" % (r.status, r.left), text_of(state), files)
    shutil.rmtree(where, ignore_errors=True)
    return result


def both(t, *args, lie=False):
    native = run(t, [t.sample("model", "linux")], *args)
    guest = run(t, t.dragoman(t.sample("model")), *args, lie=lie)
    return native, guest


def first_difference(native, guest):
    """The index of the operation in whose lines the runs part; the program's length is not known here: None, at the end."""
    last = None
    for a, b in zip(native.text, guest.text):
        head = a.split(":")[0]
        last = int(head) if head.isdigit() else last
        if a != b:
            return last
    return last


def differs(t, ops, lie):
    path = os.path.join(t.tmp, "program")
    with open(path, "w") as f:
        f.write("".join(op + "\n" for op in ops))
    os.chmod(path, 0o644)
    native, guest = both(t, "list", path, lie=lie)
    return native != guest


def shrink(t, ops, lie=False, seconds=120):
    """Delta debugging (Zeller's ddmin, complements only): leaves out what is not needed, in ever smaller parts."""
    end, size = time.time() + seconds, max(1, len(ops) // 2)
    while time.time() < end:
        at, shorter = 0, False
        while at < len(ops) and time.time() < end:
            rest = ops[:at] + ops[at + size:]
            if differs(t, rest, lie):
                ops, shorter = rest, True
            else:
                at += size
        if size == 1 and not shorter:
            break
        size = max(1, size // 2)
    return ops


def explain(t, what, ops, native, guest, lie=False):
    index = first_difference(native, guest)
    if index is not None and not differs(t, ops[:index + 1], lie):
        index = None
    ops = shrink(t, ops[:index + 1] if index is not None else ops, lie)
    os.makedirs(KEEP, exist_ok=True)
    path = os.path.join(KEEP, "%s-%s.ops" % (what.replace(" ", "-"), t.door))
    with open(path, "w") as f:
        f.write("".join(op + "\n" for op in ops))
    native, guest = both(t, "list", path, lie=lie)
    lines = [pair for pair in zip(native.text, guest.text) if pair[0] != pair[1]][:6]
    again = "mkdir D && : >S && dragoman --door=%s build/samples/freebsd/model D S list %s" % (t.door, os.path.relpath(path))
    return ops, "%s: %d operations, in %s\n%s\n%s\n%s\nguest: %s\nagain: %s" % (
        what, len(ops), path, "\n".join(ops[:30]), "\n".join("native %s\nguest  %s" % pair for pair in lines),
        "native: " + native.end(), guest.end(), again)


def program(t, seed, n):
    r = t.native("model", "print", str(seed), str(n))
    return r.out.decode().split("\n")[:-1]


def compare(t, seed, n, lie=False):
    native, guest = both(t, "seed", str(seed), str(n), lie=lie)
    if native == guest and native.status == "exit 0, left 0":
        return None
    return explain(t, "seed %d" % seed, program(t, seed, n), native, guest, lie)


def many(t, seeds, n):
    for i, seed in enumerate(seeds):
        if i and i % 10 == 0:
            print("# model: %d operations without a difference [%s]" % (i * n, t.name), flush=True)
        found = compare(t, seed, n)
        if found:
            raise Failure("a difference; %d operations by seed %d, made shorter:\n%s" % (n, seed, found[1]))


def test_programs(t):
    """200,000 operations for each door and user: the same ones each time, but for a quarter."""
    fresh = random.Random().randrange(1 << 30)
    print("# model: seeds 1 to 15, and %d to %d [%s]" % (fresh, fresh + 4, t.name))
    many(t, list(range(1, 16)) + list(range(fresh, fresh + 5)), 10000)


@mark(one_user=True)
def test_finds_a_lie(t):
    """A kernel that says of long reads that they were shorter is caught, and by a program of a few lines."""
    found = compare(t, 3, 400, lie=True)
    t.want(found, "a lie passes")
    t.want(0 < len(found[0]) <= 6, "not made short:\n" + found[1])
    t.want(not differs(t, found[0], lie=False), "without the lie there is no difference")


@mark(long=True)
def test_ten_million(t):
    start = int(time.time())
    print("# model: seeds from %d [%s]" % (start, t.name))
    many(t, range(start, start + 100), 100000)
