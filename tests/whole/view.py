"""--sysroot is looked up first; nothing escapes from --root, whichever way is tried."""
import array
import ctypes
import os
import shlex
import shutil
import socket
import stat
import threading

from dragoman import Failure

SECRET = "SECRET\n"
libc = ctypes.CDLL(None, use_errno=True)


class Place:
    """TOP/root, what the guest sees; TOP/out, what it must not see; both belong to the test's user."""

    def __init__(self, t):
        self.t, self.top = t, t.dir()
        self.root, self.out = os.path.join(self.top, "root"), os.path.join(self.top, "out")
        for name in ("out", "out/dir", "root", "root/bin", "root/d", "root/d/e", "root/mnt", "root/proc", "root/dev"):
            os.mkdir(os.path.join(self.top, name))
        self.put("out/secret", SECRET)
        self.put("out/dir/secret", SECRET)
        self.put("root/d/f", "inside\n")
        shutil.copy(t.sample("lookup"), self.root + "/bin/lookup")
        shutil.copy(t.sample("hello"), self.out + "/hello")
        shutil.copy(t.sample("args"), self.root + "/bin/args")
        self.put("root/bin/script", "#!/bin/args two\n", 0o755)
        self.put("root/bin/relative", "#!bin/args\n", 0o755)
        self.put("root/bin/outsider", "#!%s/hello\n" % self.out, 0o755)
        self.put("root/bin/climber", "#!/../../../../../../../..%s/hello\n" % self.out, 0o755)
        self.put("root/bin/host", "#!/bin/true\n", 0o755)
        for name, target in (("up", "../../out/secret"), ("abs", self.out + "/secret"), ("dirlink", self.out), ("here", "/d/f"),
                             ("climb", "/" + "../" * 20 + self.out[1:] + "/secret")):
            os.symlink(target, os.path.join(self.root, "d", name))
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.out + "/sock")
        self.listener.listen()
        for folder, dirs, files in os.walk(self.top):
            for name in dirs + files:
                if t.uid:
                    os.chown(os.path.join(folder, name), t.uid, t.uid, follow_symlinks=False)
        self.before = self.outside()

    def put(self, name, content, mode=0o644):
        path = os.path.join(self.top, name)
        with open(path, "w") as f:
            f.write(content)
        os.chmod(path, mode)

    def outside(self):
        """Everything about what lies outside that a call could have changed."""
        found = {}
        for folder, dirs, files in os.walk(self.out):
            for name in dirs + files:
                path = os.path.join(folder, name)
                st = os.lstat(path)
                content = open(path, "rb").read() if stat.S_ISREG(st.st_mode) else None
                found[path] = st.st_mode, st.st_nlink, st.st_size, st.st_mtime_ns, content
        return found

    def run(self, *calls, flags=(), **options):
        """One answer for each call."""
        command = self.t.dragoman("--root=" + self.root, *flags, "/bin/lookup", *calls)
        r = self.t.run(command, **options)
        if r.left != 0 or r.status != "exit 0":
            raise Failure("the guest ended badly: %s" % r)
        return r.out.decode(errors="replace").split("\n")[:-1]

    def expect(self, pairs, **options):
        got = self.run(*[call for call, _ in pairs], **options)
        bad = ["%s: %s instead of %s" % (call, answer, want) for (call, want), answer in zip(pairs, got) if answer != want]
        if len(got) != len(pairs):
            bad.append("%d answers to %d calls: %s" % (len(got), len(pairs), got))
        if "SECRET" in "\n".join(got):
            bad.append("the secret came out")
        after = self.outside()
        bad += ["changed outside: " + path for path in set(after) | set(self.before) if after.get(path) != self.before.get(path)]
        if bad:
            raise Failure("\n".join(bad))


def every_way(p, path):
    """Each call that takes a path, and what it says when nothing is there."""
    calls = ["open - %s", "path - %s", "dir - %s", "stat - %s", "access %s", "chdir %s", "chmod %s", "truncate %s", "utimes %s",
             "pathconf %s", "statfs %s", "extattr %s", "realpath - %s", "connect %s", "link - %s - /new", "exec %s"]
    return [(c % path, "status 2" if c.startswith("exec") else "ENOENT") for c in calls]


def test_dotdot(t):
    p = Place(t)
    climb = "/" + "../" * 20
    p.expect(every_way(p, climb + p.out[1:] + "/secret") + every_way(p, p.out + "/secret") + [
        ("open - /../d/f", "inside"), ("chdir /d/e", "0"), ("getcwd", "/d/e"), ("open - ../../../../d/f", "inside"),
        ("open - ../../../out/secret", "ENOENT"), ("chdir ../../../..", "0"), ("getcwd", "/"), ("dir - ..", "3"),
        ("open 3 ../out/secret", "ENOENT"), ("open 3 ../d/f", "inside"),
        ("unlink - ../out/secret", "ENOENT"), ("rmdir - ../out/dir", "ENOENT"), ("mkdir - ../out/new", "ENOENT"),
        ("mkfifo - ../out/new", "ENOENT"), ("symlink text - ../out/new", "ENOENT"), ("bind ../out/new", "ENOENT"),
        ("create - ../out/new", "ENOENT"), ("rename - /d/f - ../out/new", "ENOENT"), ("link - /d/f - ../out/new", "ENOENT"),
        ("rename - ../out/secret - /new", "ENOENT"), ("lstat - ../out/secret", "ENOENT"), ("readlink - ../out/secret", "ENOENT"),
        ("lextattr ../out/secret", "ENOENT"), ("lsetextattr ../out/secret", "ENOENT"), ("rmdir - /..", "EINVAL")])


def test_symlinks(t):
    p = Place(t)
    for link in ("up", "abs", "climb", "dirlink/secret"):
        p.expect(every_way(p, "/d/" + link))
    p.expect([("open - /d/here", "inside"), ("lstat - /d/here", "4"), ("readlink - /d/here", "/d/f"),
              ("create - /d/dirlink/new", "ENOENT"), ("bind /d/dirlink/new", "ENOENT"), ("mkdir - /d/dirlink/new", "ENOENT"),
              ("mkfifo - /d/dirlink/new", "ENOENT"), ("rename - /d/f - /d/dirlink/new", "ENOENT"),
              ("unlink - /d/dirlink/secret", "ENOENT"), ("symlink x - /d/dirlink/new", "ENOENT"),
              # Links that the guest makes itself are no better.
              ("symlink %s - /made" % p.out, "0"), ("open - /made/secret", "ENOENT"), ("symlink ../out - /d/rel", "0"),
              ("open - /d/rel/secret", "ENOENT"), ("link - /d/f - /hard", "0"), ("open - /hard", "inside"),
              ("socketname /d/named", "/d/named"), ("socketname d/e/too", "d/e/too"), ("bind /s", "0"), ("connect /s", "ECONNREFUSED"), ("realpath - /d/here", "/d/f")])
    if not stat.S_ISSOCK(os.lstat(p.root + "/s").st_mode):
        raise Failure("the guest's socket is not in the root")


SLASHES = [
    ("lstat - lr", "1"), ("lstat - lf/", "ENOTDIR"), ("lstat - dang/", "ENOENT"), ("stat - lf/", "ENOTDIR"),
    ("readlink - lr", "r"), ("readlink - lr/", "EINVAL"), ("readlink - lf/", "ENOTDIR"), ("readlink - dang/", "ENOENT"),
    ("open - lr/", "opened"), ("open - f/", "ENOTDIR"), ("nofollow - lr", "EMLINK"), ("nofollow - lr//", "opened"),
    ("nofollow - lf/", "ENOTDIR"), ("create - new/", "ENOENT"), ("create - f/", "ENOTDIR"), ("create - r/", "EISDIR"),
    ("create - lr/", "EISDIR"), ("create - dang/", "ENOENT"), ("excl - r/", "EEXIST"), ("excl - new/", "ENOENT"),
    ("mkdir - f/", "ENOTDIR"), ("mkdir - r/", "EEXIST"), ("mkdir - lr/", "EEXIST"), ("mkdir - new/", "0"), ("rmdir - new/", "0"),
    ("mkdir - dang/", "0"), ("open - nothere", "opened"), ("readlink - dang", "nothere"), ("rmdir - two/", "0"),
    ("open - nothere", "ENOENT"), ("mkfifo - n/", "ENOENT"), ("mkfifo - f/", "ENOTDIR"), ("mkfifo - r/", "EEXIST"),
    ("symlink x - n/", "ENOENT"), ("symlink x - lr/", "EEXIST"), ("symlink x - lf/", "ENOTDIR"), ("link - f - n/", "ENOENT"),
    ("link - lr/ - n", "EPERM"), ("unlink - lr/", "EPERM"), ("unlink - lf/", "ENOTDIR"), ("unlink - f/", "ENOTDIR"),
    ("unlink - dang/", "ENOENT"), ("unlink - r/", "EPERM"), ("rmdir - f/", "ENOTDIR"), ("rmdir - round/", "ELOOP"),
    ("rename - f - n/", "ENOENT"), ("rename - f - r/", "EISDIR"), ("rename - f - lf/", "ENOTDIR"), ("rename - f/ - n", "ENOTDIR"),
    ("rename - r - f/", "ENOTDIR"), ("rename - lr/ - moved", "0"), ("readlink - lr", "r"), ("open - lr/", "ENOENT"),
    ("rename - moved - lr/", "0"), ("open - r", "opened"), ("lextattr lf/", "ENOTDIR"), ("rmdir - lr/", "0"), ("open - r", "ENOENT"),
    ("unlink - lr", "0"), ("open - f", "inside")]


def test_slashes(t):
    """A slash behind a name has a link followed, whatever the call; what it leads to is made, moved and removed."""
    p = Place(t)
    os.mkdir(p.root + "/d/r")
    for name, target in (("lr", "r"), ("lf", "f"), ("dang", "nothere"), ("two", "e/../dang"), ("round", "round")):
        os.symlink(target, p.root + "/d/" + name)
    if t.uid:
        os.chown(p.root + "/d/r", t.uid, t.uid)
    p.expect([("chdir /d", "0")] + SLASHES)
    # And with links that would lead out.
    p.expect([("rmdir - /d/dirlink/", "ENOENT"), ("unlink - /d/dirlink/", "ENOENT"), ("mkdir - /d/dirlink/", "ENOENT"),
              ("rename - /d/dirlink/ - /stolen", "ENOENT"), ("rename - /d/e - /d/dirlink/dir/", "ENOENT"), ("lstat - /d/dirlink/", "ENOENT"),
              ("readlink - /d/dirlink/", "ENOENT"), ("symlink ../../../out/dir - /d/out", "0"), ("rmdir - /d/out/", "ENOENT")])
    os.mkdir(p.root + "/d/r")
    os.symlink("r", p.root + "/d/lr")
    if t.uid:
        os.chown(p.root + "/d/r", t.uid, t.uid)
    r = t.guest("lookup", "chdir %s/d" % p.root, *[c for c, _ in SLASHES])
    got = r.out.decode().split("\n")[1:-1]
    bad = ["%s: %s instead of %s" % (c, g, w) for (c, w), g in zip(SLASHES, got) if g != w]
    t.want(not bad and len(got) == len(SLASHES), "\n".join(bad) or "answers missing", r)


def test_magic_links(t):
    """procfs in the root: its links are no way out, nor is /dev/fd."""
    p = Place(t)
    outside = os.open(p.out, os.O_RDONLY)
    try:
        os.symlink("/proc/self/fd", p.root + "/dev/fd")
        ways = ["/proc/self/root", "/proc/self/cwd", "/proc/self/fd/0", "/proc/1/root", "/proc/self/task/1/root", "/dev/fd/0", "/proc/thread-self/root"]
        pairs = []
        for way in ways:
            name = "%s%s/secret" % (way, "" if way.endswith("/0") else p.out)
            pairs += [("open - " + name, None), ("stat - " + name, None), ("exec " + name, None), ("unlink - " + name, None),
                      ("create - " + name + "2", None), ("connect " + name, None), ("mkdir - " + name + "2", None), ("chdir " + way, None)]
        pairs = [(c, w) for c, w in pairs if c != "chdir /dev/fd/0"]
        got = p.run(*[c for c, _ in pairs], "open - d/f", "chdir /dev/fd/0", "open - secret", "open - ../out/secret", "getcwd",
                    mounts="mount --rbind /proc %s/proc" % shlex.quote(p.root), stdin=outside)
        refused = ("ELOOP", "ENOENT", "status 2", "status 62", "ENOTDIR", "EACCES", "status 13")
        bad = ["%s: %s" % (c, answer) for (c, _), answer in zip(pairs, got) if answer not in refused]
        # What it was given it may stand in, but from there nothing is to be seen.
        if bad or got[len(pairs):] != ["inside", "0", "ENOENT", "ENOENT", "ENOENT"]:
            raise Failure("\n".join(bad + [str(got[len(pairs):])]))
        if p.outside() != p.before:
            raise Failure("something outside has changed")
    finally:
        os.close(outside)


def test_inherited_directory(t):
    """A descriptor of an outside directory is good for what it is, and leads nowhere."""
    p = Place(t)
    outside = os.open(p.out, os.O_RDONLY)
    try:
        p.expect([("open 0 secret", "ENOENT"), ("open 0 dir/secret", "ENOENT"), ("open 0 ../out/secret", "ENOENT"),
                  ("beneath 0 secret", "ENOENT"), ("statbeneath 0 secret", "ENOENT"), ("create 0 new", "ENOENT"),
                  ("mkdir 0 new", "ENOENT"), ("unlink 0 secret", "ENOENT"), ("rename 0 secret - /stolen", "ENOENT"),
                  ("rename - /d/f 0 given", "ENOENT"), ("link 0 secret - /stolen", "ENOENT"), ("symlink x 0 new", "ENOENT"),
                  ("fchdir 0", "0"), ("open - secret", "ENOENT"), ("stat - dir", "ENOENT"), ("create - new", "ENOENT"),
                  ("exec hello", "status 2"), ("bind new", "ENOENT"), ("connect sock", "ENOENT"), ("getcwd", "ENOENT"),
                  ("truncate secret", "ENOENT"), ("chdir ..", "ENOENT"), ("chdir /", "0"), ("open - d/f", "inside")], stdin=outside)
    finally:
        os.close(outside)


def test_passed_directory(t):
    """The same by SCM_RIGHTS, from a host process."""
    p = Place(t)
    ours, theirs = socket.socketpair()
    outside = os.open(p.out, os.O_RDONLY)
    try:
        ours.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [outside]))])
        p.expect([("recv 0", "3"), ("open 3 secret", "ENOENT"), ("beneath 3 secret", "ENOENT"), ("unlink 3 secret", "ENOENT"),
                  ("fchdir 3", "0"), ("open - secret", "ENOENT"), ("mkdir - new", "ENOENT")], stdin=theirs.fileno())
    finally:
        ours.close()
        theirs.close()
        os.close(outside)


def test_programs(t):
    """Programs and interpreters come from the root alone, with their names as the guest gave them."""
    p = Place(t)
    p.expect([("exec /bin/outsider", "status 2"), ("exec /bin/climber", "status 2"), ("exec /bin/host", "status 2"),
              ("exec %s/hello" % p.out, "status 2"), ("exec /bin/true", "status 2")])
    out = t.run(t.dragoman("--root=" + p.root, "/bin/lookup", "exec /bin/script", "chdir /", "exec bin/relative"))
    for line in (b"argv[1] 'two'", b"argv[2] '/bin/script'", b"argv[3] 'one'", b"argv[1] 'bin/relative'"):
        t.want(line in out.out, "the interpreter gets %s" % line.decode(), out)


def test_mounts(t):
    """A mount of an outside directory in the root is what its maker wanted; but ".." of it is the root's."""
    p = Place(t)
    mount = "mount --bind %s %s" % (shlex.quote(p.out + "/dir"), shlex.quote(p.root + "/mnt"))
    got = p.run("open - /mnt/secret", "open - /mnt/../secret", "open - /mnt/../d/f", "dir - /mnt", "open 3 ../d/f", "open 3 ../secret",
                "chdir /mnt", "open - ../secret", "getcwd", "statfs /mnt", "statfs /d", "mounts", mounts=mount)
    want = ["SECRET", "ENOENT", "inside", "3", "inside", "ENOENT", "0", "ENOENT", "/mnt", "/mnt", "/", "/ /mnt"]
    if got != want:
        raise Failure("%s instead of %s" % (got, want))


def test_chroot(t):
    """A root within the root: only the super-user may have it, and the outer one holds."""
    p = Place(t)
    if os.getuid() == 0 and not t.uid:
        p.expect([("dir - /", "3"), ("chroot /d", "0"), ("open - /f", "inside"), ("open - /../f", "inside"), ("open 3 d/f", "ENOENT"),
                  ("fchdir 3", "0"), ("open - ../out/secret", "ENOENT"), ("open - /d/f", "ENOENT"), ("open - /up", "ENOENT"),
                  ("chroot ../..", "ENOENT"), ("chdir /", "0"), ("getcwd", "/"), ("chroot ..", "0"), ("open - /f", "inside")])
    else:
        p.expect([("chroot /d", "EPERM"), ("open - /d/f", "inside")])


def exchange(stop, a, b):
    while not stop.is_set():
        libc.renameat2(-100, a.encode(), -100, b.encode(), 2)


def test_race(t):
    """While it is looked up, a directory becomes a link to the outside and back."""
    p = Place(t)
    shutil.copytree(p.out, p.root + "/x", ignore=lambda _, names: [n for n in names if n == "sock"])
    p.put("root/x/secret", "inside\n")
    os.symlink(p.out, p.root + "/y")
    stop = threading.Event()
    racer = threading.Thread(target=exchange, args=(stop, p.root + "/x", p.root + "/y"))
    racer.start()
    try:
        p.expect([("spin 3000 /x/secret", "0 secrets"), ("spin 3000 x/../y/secret", "0 secrets")])
    finally:
        stop.set()
        racer.join()


def test_moved_out(t):
    """A directory that is moved out of the root while the guest stands in it, or holds it."""
    p = Place(t)
    fifo = p.root + "/wait"
    os.mkfifo(fifo)
    if t.uid:
        os.chown(fifo, t.uid, t.uid)
    ours, theirs = socket.socketpair()
    job = t.start(t.dragoman("--root=" + p.root, "/bin/lookup", "dir - /d/e", "chdir /d/e", "recv 0", "open 3 ../secret", "open - ../secret",
                             "getcwd", "beneath 3 x", "create 3 x", "open - ../../d/f", "open - /d/f"), stdin=theirs.fileno())
    try:
        # The answers before are not read: what it waits for is what tells that it waits.
        while not os.path.exists("/proc/%d" % job.pid) or not inside(p, job):
            pass
        os.rename(p.root + "/d/e", p.out + "/e")
        ours.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [theirs.fileno()]))])
        r = t.finish(job)
        want = "3\n0\n4\nENOENT\nENOENT\nENOENT\nENOENT\nENOENT\nENOENT\ninside\n"
        t.want(r.out.decode() == want and not os.listdir(p.out + "/e"), "a moved directory leads nowhere", r)
    finally:
        ours.close()
        theirs.close()


def inside(p, job):
    """Whether a process of the job stands in the directory that is to be moved."""
    from dragoman import descendants
    for pid in descendants(job.pid):
        try:
            if os.readlink("/proc/%d/cwd" % pid) == p.root + "/d/e":
                return True
        except OSError:
            pass
    return False


def test_sysroot(t):
    """Absolute paths are looked up there first; what it has only as a directory is the host's, and so is what it lacks."""
    p = Place(t)
    sys_dir = t.dir()
    os.makedirs(sys_dir + "/etc/inner")
    os.makedirs(sys_dir + "/lib")
    os.makedirs(sys_dir + p.out)
    for name, text in (("etc/inner/x", "sysroot\n"), ("lib/libx.so.7", "library\n"), ("etc/passwd", "sysroot's passwd\n")):
        with open(os.path.join(sys_dir, name), "w") as f:
            f.write(text)
    os.symlink("/lib/libx.so.7", sys_dir + "/lib/libx.so")
    os.symlink("/etc/inner", sys_dir + "/etc/link")
    os.symlink("/no/such", sys_dir + "/lib/dangling")
    for folder, dirs, files in os.walk(sys_dir):
        for name in dirs + files:
            if t.uid:
                os.chown(os.path.join(folder, name), t.uid, t.uid, follow_symlinks=False)
    for path in (sys_dir, *[os.path.join(a, d) for a, ds, _ in os.walk(sys_dir) for d in ds]):
        if not os.path.islink(path):
            os.chmod(path, 0o755)
    calls = [("open - /etc/inner/x", "sysroot"), ("open - /etc/link/x", "sysroot"), ("open - /lib/libx.so", "library"),
             ("open - /etc/passwd", "sysroot's passwd"), ("open - /etc/../etc/passwd", "sysroot's passwd"), ("readlink - /lib/libx.so", "/lib/libx.so.7"),
             ("lstat - /lib/libx.so", "14"), ("stat - /lib/libx.so", "8"), ("open - /lib/dangling", "ENOENT"),
             ("open - %s/secret" % p.out, "SECRET"), ("create - %s/new" % p.out, "6"), ("open - %s/new" % p.out, "guest"),
             ("chdir /etc", "0"), ("getcwd", "/etc"), ("open - inner/x", "ENOENT")]
    r = t.guest("lookup", *[c for c, _ in calls], flags=("--sysroot=" + sys_dir,))
    got = r.out.decode().split("\n")[:-1]
    bad = ["%s: %s instead of %s" % (c, g, w) for (c, w), g in zip(calls, got) if g != w]
    t.want(not bad and len(got) == len(calls), "\n".join(bad) or "answers missing", r)
    t.want(os.path.exists(p.out + "/new"), "what is created beside the sysroot is created on the host")
