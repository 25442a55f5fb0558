"""Every sample prints under each door what its Linux build prints natively, and ends the same way."""
import os
import shutil

from dragoman import Skip, mark


def test_hello(t):
    t.same("hello")


def test_hello_status(t):
    t.same("hello", "x")


def test_args(t):
    t.same("args", "one", "", "two words", "x" * 5000, env={"SAMPLE_A": "1", "SAMPLE_B": "a b"})


def test_args_env_option(t):
    r = t.guest("args", flags=("--env", "SAMPLE_C=3"))
    t.want(b"env 'SAMPLE_C=3'" in r.out, "--env reaches the guest", r)


def test_start(t):
    t.same("start")


def test_cat_file(t):
    path = os.path.join(t.dir(), "input")
    with open(path, "wb") as f:
        f.write(os.urandom(1 << 20))
    os.chmod(path, 0o644)
    t.same("cat", path, "/nonexistent", path)


def test_cat_pipe(t):
    t.same("cat", data=b"line\n" * 100000)


def test_copy(t):
    source = os.path.join(t.dir(), "source")
    with open(source, "wb") as f:
        f.write(b"0123456789" * 12345)
    os.chmod(source, 0o754)
    where = t.dir()
    r = t.guest("copy", source, where + "/target")
    t.want(r.status == "exit 0" and r.out == b"123450 bytes, mode 754, size 123450\n", "copy says what it did", r)
    t.want(open(source, "rb").read() == open(where + "/target", "rb").read(), "the copy is the same")
    r = t.guest("copy", source, source)
    t.want(r.status == "exit 1", "no copy onto itself", r)


def test_files(t):
    t.same("files", "DIR", fresh=True)


def test_exec(t):
    t.good("exec", "DIR", fresh=True, timeout=60)


def test_exec_root(t):
    """The same within --root."""
    root = t.dir()
    os.mkdir(root + "/d")
    os.chmod(root + "/d", 0o777)
    shutil.copy(t.sample("exec"), root + "/exec")
    r = t.guest("/exec", "/d", flags=("--root=" + root,), timeout=60)
    t.want(r.status == "exit 0" and r.out.count(b"ok ") > 60 and b"FAILED" not in r.out, "within a root", r)


def test_exec_setuid(t):
    """The set-user-ID bit of another user's program gives nothing: the layer has no right to it."""
    if not t.uid:
        raise Skip("for an ordinary user, where root makes the program")
    path = os.path.join(t.dir(), "who")
    shutil.copy(t.sample("exec"), path)
    os.chmod(path, 0o4755)
    r = t.guest("sh", "-c", path)
    t.want(r.status == "exit 0" and r.out == b"one user, not tainted\n", "runs as who started it", r)


def test_interrupt(t):
    t.good("interrupt", "DIR", fresh=True, timeout=60)


def test_locks(t):
    t.same("locks", "DIR", fresh=True)


def test_dirs(t):
    t.same("dirs", "DIR", fresh=True)


def test_mmap(t):
    t.same("mmap", "DIR", fresh=True)


def test_sites(t):
    t.same("sites", "DIR", fresh=True, timeout=60)


def test_sites_unchanged(t):
    native = t.native("sites", t.dir(), timeout=60)
    t.equal(native, t.guest("sites", t.dir(), timeout=60, flags=("--no-rewrite",)))


def test_time(t):
    t.same("time")


def test_forkexec(t):
    t.same("forkexec")


def test_threads(t):
    t.same("threads", timeout=60)


def test_leaver(t):
    t.same("leaver", timeout=60)


def test_sigkilled(t):
    t.same("sigkilled", timeout=60)


def test_signals(t):
    t.same("signals", timeout=60)


def test_regs(t):
    t.same("regs")


def test_sockets(t):
    t.same("sockets", "DIR", fresh=True)


def test_kqueue(t):
    """Linux has no kqueue to compare with: the sample knows what FreeBSD's answers are."""
    r = t.guest("kqueue")
    t.want(r.status == "exit 0" and r.out.count(b"\nok ") > 20 and b"FAILED" not in r.out, "kqueue answers as FreeBSD's", r)


def test_bsdfiles(t):
    """As above: what FreeBSD answers where Linux has another answer."""
    r = t.guest("bsdfiles", t.dir())
    t.want(r.status == "exit 0" and r.out.count(b"ok ") > 60 and b"FAILED" not in r.out, "files are FreeBSD's", r)


def test_aio(t):
    r = t.guest("aio", t.dir(), timeout=60)
    t.want(r.status == "exit 0" and r.out.count(b"ok ") > 70 and b"FAILED" not in r.out, "aio is the kernel's", r)


def test_pty(t):
    """Linux has other calls for these."""
    r = t.guest("pty", timeout=60)
    t.want(r.status == "exit 0" and r.out.count(b"ok ") > 70 and b"FAILED" not in r.out, "terminals are FreeBSD's", r)


def test_creds(t):
    """In a directory of its own: it binds a socket there."""
    r = t.guest("creds", t.dir())
    t.want(r.status == "exit 0" and r.out.count(b"ok ") >= 16 and b"FAILED" not in r.out, "credentials are FreeBSD's", r)


def test_context(t):
    """On Linux these are no system calls."""
    r = t.guest("context")
    t.want(r.status == "exit 0" and r.out.count(b"ok ") == 17 and b"FAILED" not in r.out, "contexts are the kernel's", r)


def test_echo(t):
    t.same("echo", timeout=60)


def test_poll(t):
    t.same("poll")


def die(t, *args):
    t.same("die", *args)


def test_die_status(t):
    for status in ("0", "1", "126", "255", "300"):
        die(t, "status", status)


def test_die_fault(t):
    for how in ("segv", "ill", "fpe", "jump"):
        die(t, how)


def test_die_signal(t):
    for sig in ("SIGTERM", "SIGKILL", "SIGHUP", "SIGUSR1", "SIGUSR2", "SIGABRT", "SIGPIPE", "SIGALRM"):
        die(t, sig)


def test_die_ignored(t):
    for sig in ("SIGCHLD", "SIGURG", "SIGWINCH"):
        die(t, sig)


def test_sysvipc_old(t):
    """What FreeBSD 7 and older made of System V IPC, which Linux has no like of."""
    r = t.guest("sysvipc", "old")
    t.want(r.status == "exit 0" and r.out.count(b"ok ") >= 44 and b"FAILED" not in r.out, "as FreeBSD answers", r)


HERE = os.path.dirname(os.path.abspath(__file__))
# For the other files here and the benchmarks, as are those named bench_.
NO_TEST = {"hold", "reap", "calls", "sh", "model", "fsx", "append", "faults", "killed", "lookup", "offset", "stepped"}


@mark(long=True)
def test_a_million_signals(t):
    r = t.guest("sigstorm", "1000000", timeout=1500)
    t.want(r.status == "exit 0" and b"ok " in r.out and b"FAILED" not in r.out, "none lost, none twice", r)


# Of calls that only FreeBSD has: the sample knows the answers, and how many checks there are at least.
BSD_ONLY = {
    "ksem": 57,
    "libthr": 85,
    "mqueue": 93,
    "procctl": 54,
    "procdesc": 68,
    "procfiles": 31,
    "procinfo": 60,
    "pthread": 36,
    "sigqueue": 32,
    "setid": 16,
    "sigfastblock": 30,
    "umtxkeys": 15,
}


def bsd_only(name, least):
    def test(t):
        r = t.guest(name, "word")
        t.want(r.status == "exit 0" and r.out.count(b"ok ") >= least and b"FAILED" not in r.out, "as FreeBSD answers", r)
    return test


def add_the_rest():
    """Each sample that has no test of its own above only has to print what its Linux build prints."""
    for name in sorted(os.listdir(os.path.join(HERE, "..", "..", "samples"))):
        name, dot, kind = name.rpartition(".")
        if kind == "c" and name not in NO_TEST and not name.startswith("bench_") and "test_" + name not in globals():
            least = BSD_ONLY.get(name)
            globals()["test_" + name] = bsd_only(name, least) if least else lambda t, name=name: t.same(name)


NO_TEST |= {"capsicum", "pipes", "rfork", "manyfds"}  # descriptors.py
add_the_rest()
