"""What a whole-program test is written with: run a guest, run the same natively, compare."""
import difflib
import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time


class Failure(Exception):
    pass


class Skip(Exception):
    pass


class Result:
    def __init__(self, status, out, err, left):
        self.status, self.out, self.err, self.left = status, out, err, left

    def __str__(self):
        return "%s, left %s\n--- output\n%s\n--- errors\n%s" % (self.status, self.left, text(self.out)[-3000:], text(self.err)[-2000:])


def text(data):
    return data.decode(errors="replace")


def diff(native, guest):
    a, b = text(native).split("\n"), text(guest).split("\n")
    return "\n".join(list(difflib.unified_diff(a, b, "native", "guest", lineterm="", n=1))[:50])


def mark(**attributes):
    """long: only with --long; doors: not both; one_user: not as nobody; once: no door; alone: with nothing beside it."""
    def set_them(function):
        for key, value in attributes.items():
            setattr(function, key, value)
        return function
    return set_them


class Context:
    def __init__(self, name, build, place, door, uid, long_run, flags):
        self.name, self.build, self.place, self.door, self.uid, self.long = name, build, place, door, uid, long_run
        self.flags = flags  # for every run
        self.tmp = tempfile.mkdtemp(prefix="dragoman-case-")
        self.dirs = 0
        os.chmod(self.tmp, 0o777)

    def close(self):
        shutil.rmtree(self.tmp, ignore_errors=True)

    def dir(self):
        """A fresh directory that the test's user may write."""
        self.dirs += 1
        path = os.path.join(self.tmp, "d%d" % self.dirs)
        os.mkdir(path)
        if self.uid:
            os.chown(path, self.uid, self.uid)
        return path

    def sample(self, name, os_name="freebsd"):
        return os.path.join(self.place, "samples", os_name, name)

    def dragoman(self, *args):
        return [os.path.join(self.place, "dragoman"), "run", "--door=" + self.door, "--check-tables", *self.flags, *args]

    def jail(self, command, timeout, kill_ms, report, faults=False):
        jail = [os.path.join(self.place, "tests/tools/jail"), "-t", str(timeout), "-r", str(report)]
        if self.uid:
            jail += ["-u", str(self.uid)]
        if kill_ms is not None:
            jail += ["-k", str(kill_ms)]
        if faults:
            jail.append("-e")
        return jail + ["--"] + command

    def start(self, command, timeout=30, kill_ms=None, env=None, cwd=None, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
              stderr=subprocess.PIPE, faults=False, mounts=None):
        """
        Starts a command in a jail; finish() collects it.  faults: marked host calls fail with EIO (tests/tools/jail.c).
        mounts: shell commands that run before, as root, in a mount namespace of their own.
        """
        read_end, write_end = os.pipe()
        full = dict(os.environ, HOME="/nonexistent", **(env or {}))
        jail = self.jail(command, timeout, kill_ms, write_end, faults)
        if mounts:
            if os.getuid():
                raise Skip("mounts are for root")
            jail = ["unshare", "-m", "sh", "-c", mounts + ' && exec "$@"', "sh", *jail]
        p = subprocess.Popen(jail, stdin=stdin, stdout=stdout, stderr=stderr,
                             pass_fds=[write_end], env=full, cwd=cwd or self.tmp)
        os.close(write_end)
        p.report = os.fdopen(read_end)
        p.limit = timeout + 10
        return p

    def finish(self, p, data=None):
        try:
            out, err = p.communicate(data, timeout=p.limit)
        except subprocess.TimeoutExpired:
            p.kill()
            out, err = p.communicate()
        status, left = "no report", -1
        for line in p.report.read().split("\n"):
            if line.startswith("left "):
                left = int(line[5:])
            elif line:
                status = line
        p.report.close()
        return Result(status, out or b"", err or b"", left)

    def run(self, command, data=None, **options):
        if data is not None:
            options["stdin"] = subprocess.PIPE
        return self.finish(self.start(command, **options), data)

    def guest(self, name, *args, flags=(), **options):
        """Runs a FreeBSD sample (or a path) under the test's door; nothing may be left of it."""
        path = name if "/" in name else self.sample(name)
        r = self.run(self.dragoman(*flags, path, *args), **options)
        if r.left != 0:
            raise Failure("processes left behind: %s" % r)
        return r

    def native(self, name, *args, flags=(), **options):
        """flags are the layer's."""
        path = name if "/" in name else self.sample(name, "linux")
        return self.run([path, *args], **options)

    def same(self, name, *args, fresh=False, **options):
        """A sample's output and end must be the native build's.  fresh: the argument DIR becomes a directory of each run."""
        results = []
        for run in (self.native, self.guest):
            where = self.dir() if fresh else None
            actual = [where if a == "DIR" else a for a in args]
            results.append(run(name, *actual, **options))
        native, guest = results
        self.equal(native, guest)
        return guest

    def good(self, name, *args, **options):
        """same, for a sample that checks by itself: nothing of it may fail."""
        r = self.same(name, *args, **options)
        self.want(r.status == "exit 0" and b"FAILED" not in r.out, "all of %s is right" % name, r)

    def equal(self, native, guest):
        if guest.status != native.status:
            raise Failure("native ended with %s, the guest with %s" % (native.status, guest))
        if guest.out != native.out:
            raise Failure("output differs:\n%s\n--- errors\n%s" % (diff(native.out, guest.out), text(guest.err)[-2000:]))

    def want(self, condition, message, result=None):
        if not condition:
            raise Failure("%s%s" % (message, "\n%s" % result if result is not None else ""))


def children(pid):
    try:
        with open("/proc/%d/task/%d/children" % (pid, pid)) as f:
            return [int(x) for x in f.read().split()]
    except OSError:
        return []


def descendants(pid):
    found = []
    try:
        tasks = os.listdir("/proc/%d/task" % pid)
    except OSError:
        return found
    for task in tasks:
        try:
            with open("/proc/%d/task/%s/children" % (pid, task)) as f:
                for child in f.read().split():
                    found.append(int(child))
                    found += descendants(int(child))
        except OSError:
            pass
    return found


def provider_of(jail, timeout=5.0):
    """The dragoman process below a jail, seen from outside its namespace; None when it does not come."""
    end = time.time() + timeout
    while time.time() < end:
        for pid in descendants(jail.pid):
            try:
                if os.path.basename(os.readlink("/proc/%d/exe" % pid)) == "dragoman":
                    return pid
            except OSError:
                pass
        time.sleep(0.02)
    return None


# The C library keeps stacks and arenas of ended threads for later ones; with this, every mapping is to be accounted for.
EXACT = {"GLIBC_TUNABLES": "glibc.pthread.stack_cache_size=0:glibc.malloc.arena_max=1"}


def count(pid):
    """Descriptors, threads and mappings of a process, and its resident pages."""
    fds = len(os.listdir("/proc/%d/fd" % pid))
    threads = len(os.listdir("/proc/%d/task" % pid))
    with open("/proc/%d/maps" % pid) as f:
        maps = len(f.readlines())
    with open("/proc/%d/statm" % pid) as f:
        pages = int(f.read().split()[1])
    return fds, threads, maps, pages


def settled(pid, p):
    """The counts once they have stopped to change."""
    last = None
    for _ in range(40):
        time.sleep(0.05)
        now = count(pid)
        if now == last:
            break
        last = now
    return now
