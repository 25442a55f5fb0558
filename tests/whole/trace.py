"""--trace prints calls as strace does, and the command line means what the manual says."""
import os
import re

from dragoman import mark


def trace(t, name, *args):
    path = os.path.join(t.dir(), "trace")
    r = t.guest(name, *args, flags=("--trace=" + path,))
    with open(path, errors="replace") as f:
        return r, f.read()


def test_write(t):
    r, text = trace(t, "hello")
    t.want(r.out == b"hello, world\n", "the guest's output is its own", r)
    t.want(re.search(r'write\(1, "hello, world\\n", 13\) = 13', text), "write with its string", text)
    t.want("exit(0)" in text, "exit", text)


def test_errors_and_flags(t):
    _, text = trace(t, "cat", "/nonexistent")
    t.want(re.search(r'open(at)?\((AT_FDCWD, )?"/nonexistent", O_RDONLY[^)]*\)\s*= -1 ENOENT', text), "an errno by name", text)
    where = t.dir()
    r, text = trace(t, "copy", "/etc/passwd", where + "/copy")
    t.want("O_WRONLY|O_CREAT|O_TRUNC" in text, "flags by name", text)
    t.want(re.search(r"fstat\(\d+, \{.*st_size", text), "a structure by its fields", text)


def test_threads_and_signals(t):
    r, text = trace(t, "signals")
    t.want("thr_new(" in text and "sigaction(SIG" in text, "threads and signals by name", text[:3000])
    tids = set(re.findall(r"^\[(\d+)\]", text, re.M))
    t.want(len(tids) > 3, "each line names its thread", text[:1000])


def test_stderr(t):
    r = t.guest("hello", flags=("--trace",))
    t.want(b"write(1," in r.err and r.out == b"hello, world\n", "without a file it goes to standard error", r)


@mark(one_user=True)
def test_wrapper(t):
    """As go test -exec dragoman and the like use it: no subcommand, options of the program after it."""
    program = os.path.join(t.place, "dragoman")
    r = t.run([program, t.sample("args"), "--door=x", "--", "-v"])
    t.want(r.status == "exit 0" and b"argv[1] '--door=x'" in r.out and b"argv[2] '--'" in r.out, "the program's own options", r)
    r = t.run([program, "--", t.sample("hello")])
    t.want(r.status == "exit 0", "-- before the program", r)
    r = t.run([program, "--abi=freebsd-amd64", t.sample("hello")])
    t.want(r.status == "exit 0", "--abi by name", r)
    r = t.run([program, "--abi=plan9-amd64", t.sample("hello")])
    t.want(r.status != "exit 0" and b"plan9-amd64" in r.err, "an unknown ABI is named", r)
    r = t.run([program, "--version"])
    t.want(r.status == "exit 0" and re.match(rb"dragoman \d+\.\d+", r.out), "--version", r)
    r = t.run([program, "--help"])
    t.want(r.status == "exit 0" and b"--door" in r.out, "--help", r)
    r = t.run([program, "--no-such-option"])
    t.want(r.status != "exit 0" and r.err, "an unknown option", r)
