"""Programs built by Go for FreeBSD do what their Linux builds do; so do the tests of Go's own packages."""
import collections
import fnmatch
import os
import re
import shutil
import threading
import zipfile

from dragoman import Failure, Skip, mark

GOROOT = "/usr/lib/go-1.19"
HERE = os.path.dirname(os.path.abspath(__file__))


def path(t, name, os_name):
    p = os.path.join(t.place, "go", os_name, name)
    if not os.path.exists(p):
        raise Skip("not built: make go-programs")
    return p


def same(t, name, *args, timeout=120):
    results = []
    for run, os_name in ((t.native, "linux"), (t.guest, "freebsd")):
        where = t.dir()
        results.append(run(path(t, name, os_name), *[where if a == "DIR" else a for a in args], timeout=timeout))
    t.equal(*results)


def test_goroutines(t):
    same(t, "goroutines")


def test_web(t):
    same(t, "web")


def test_network(t):
    same(t, "network")


def test_selfexec(t):
    same(t, "selfexec")


def test_notifies(t):
    same(t, "notifies")


def test_walk(t):
    same(t, "walk", "DIR")


@mark(one_user=True)
def test_gzips(t):
    same(t, "gzips", "DIR")


# ---- the tests of Go's own packages

RESULT = re.compile(r"^\s*--- (PASS|FAIL|SKIP): (\S+)", re.M)
SHORT_ALWAYS = ("net", )  # the long run asks servers of the outside world
native_results = {}
native_locks = collections.defaultdict(threading.Lock)  # one run a package: net's two would want one abstract address


def allowed():
    """
    tests/go/differences.txt: PACKAGE TEST NATIVE GUEST | reason, by (package, test); "not run" for both when a test
    is left out.  A test's name may be a pattern, and * stands for any result.
    """
    table = {}
    with open(os.path.join(HERE, "..", "go", "differences.txt")) as f:
        for line in f:
            if line.strip() and not line.startswith("#"):
                what, _, reason = line.partition("|")
                package, test, native, guest = what.split()
                table[package, test] = (native, guest, reason.strip())
    return table


def excused(excuses, package, name, pair):
    return any(p == package and fnmatch.fnmatchcase(name, test) and all(fnmatch.fnmatchcase(a, b) for a, b in zip(pair, e))
               for (p, test), e in excuses.items())


def zone_archive(where):
    """The zip of time zones that Go's source has and Debian's package leaves out (it uses tzdata)."""
    os.makedirs(where)
    top = "/usr/share/zoneinfo"
    path = os.path.join(where, "zoneinfo.zip")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as z:
        for folder, dirs, files in os.walk(top):
            dirs[:] = [d for d in dirs if d not in ("posix", "right")]
            for name in files:
                full = os.path.join(folder, name)
                with open(full, "rb") as f:
                    data = f.read()
                if data.startswith(b"TZif"):
                    z.writestr(os.path.relpath(full, top), data)
    return path


def run_tests(t, package, os_name, flags):
    root = t.dir()
    where = os.path.join(root, "src", package.replace("-", "/"))
    zones = zone_archive(os.path.join(root, "lib", "time"))
    # os.TempDir()/1kb-PID is a name of net/http's, and a test's process id is the same in every jail: in a shared /tmp
    # root's native run and nobody's would take it from each other.
    tmp = os.path.join(root, "tmp")
    os.mkdir(tmp)
    for name in (package.replace("-", "/"), "testdata"):
        shutil.copytree(os.path.join(GOROOT, "src", name), os.path.join(root, "src", name), symlinks=False)
    for folder, dirs, files in os.walk(root):
        for name in dirs + files + ["."]:
            if t.uid:
                os.chown(os.path.join(folder, name), t.uid, t.uid, follow_symlinks=False)
    run = t.native if os_name == "linux" else t.guest
    # With GO_GCFLAGS set the tests that would build programs with the host's tool chain leave themselves out.
    env = {"GOROOT": GOROOT, "ZONEINFO": zones, "TMPDIR": tmp, "GO_GCFLAGS": "-N"}
    r = run(path(t, package + ".test", os_name), "-test.v", *flags, cwd=where, env=env, timeout=900 if t.long else 240)
    text = r.out.decode(errors="replace")
    return r, {name: result for result, name in RESULT.findall(text)}


def said(run, name):
    """What one test printed in a run, for the report of a failure."""
    text = run.out.decode(errors="replace")
    return "".join(re.findall(r"^=== (?:RUN|CONT) +%s\n((?:(?!===|\s*---).*\n)*)" % re.escape(name), text, re.M))[:1500]


def compare(t, package):
    excuses, bad = allowed(), []
    left_out = [test for (p, test), e in excuses.items() if p == package and e[:2] == ("not", "run")]
    flags = ["-test.short"] if not t.long or package in SHORT_ALWAYS else []
    if left_out:
        listed = t.native(path(t, package + ".test", "linux"), "-test.list", ".").out.decode().split()
        flags.append("-test.run=^(%s)$" % "|".join(n for n in listed if n not in left_out))
    with native_locks[package]:
        if (package, t.uid) not in native_results:
            native_results[package, t.uid] = run_tests(t, package, "linux", flags)
    native_run, native = native_results[package, t.uid]
    guest_run, guest = run_tests(t, package, "freebsd", flags)
    for name in sorted(set(native) | set(guest)):
        pair = native.get(name, "-"), guest.get(name, "-")
        excuse = excuses.get((package, name))
        if pair[0] != pair[1] and not excused(excuses, package, name, pair):
            bad.append("%s: native %s, guest %s\n%s%s" % (name, *pair, said(native_run, name), said(guest_run, name)))
        if excuse and pair[0] == pair[1]:
            bad.append("%s: both %s, though a difference is listed (%s)" % (name, pair[0], excuse[2]))
    if bad or not guest:
        raise Failure("%d tests\n%s\n%s" % (len(guest), "\n".join(bad), str(guest_run)[-5000:]))
    if guest_run.status != native_run.status and not any(p == package for p, _ in excuses):
        raise Failure("native ended with %s, the guest with %s" % (native_run.status, guest_run))


def add_package(name, **attributes):
    globals()["test_package_" + name.replace("-", "_")] = mark(**attributes)(lambda t: compare(t, name))


for package_name in ("sync", "time", "bufio", "compress-gzip", "os-signal"):
    add_package(package_name, one_user=True)
for package_name in ("path-filepath", "os", "io-fs", "io-ioutil", "internal-poll", "archive-tar", "archive-zip", "embed-internal-embedtest",
                     "os-exec", "syscall", "runtime", "net", "net-http"):
    add_package(package_name)
