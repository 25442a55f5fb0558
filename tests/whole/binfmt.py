"""dragoman binfmt, against a directory that looks like binfmt_misc: nothing is registered with the host itself."""
import os
import subprocess

from dragoman import mark

NAME = "dragoman-freebsd-amd64"


def dragoman(t):
    return os.path.join(t.place, "dragoman")


def binfmt(t, command, where):
    return subprocess.run([dragoman(t), "binfmt", command, "--dir=" + where], capture_output=True, text=True)


def write(where, name, content=""):
    with open(os.path.join(where, name), "w") as f:
        f.write(content)


def read(where, name):
    with open(os.path.join(where, name)) as f:
        return f.read()


@mark(once=True)
def test_not_mounted(t):
    for command in ("install", "uninstall", "status"):
        r = binfmt(t, command, "/nonexistent")
        t.want(r.returncode == 1 and "is not mounted at /nonexistent" in r.stdout and r.stdout.count("\n") == 1,
               "one clear line: %r" % (r,))


@mark(once=True)
def test_install_and_uninstall(t):
    where = t.dir()
    write(where, "register")
    r = binfmt(t, "status", where)
    t.want(r.returncode == 1 and "freebsd-amd64: not registered" in r.stdout and "by a note only" in r.stdout, repr(r))
    r = binfmt(t, "install", where)
    rule = read(where, "register").split(":")
    t.want(r.returncode == 0 and rule[1] == NAME and rule[2] == "M" and os.path.samefile(rule[6], dragoman(t)) and "F" in rule[7],
           "a rule: %r" % (rule,))
    write(where, NAME, "enabled\ninterpreter /opt/dragoman\nflags: FP\n")
    r = binfmt(t, "status", where)
    t.want(r.returncode == 0 and "registered, started by /opt/dragoman" in r.stdout, repr(r))
    r = binfmt(t, "uninstall", where)
    t.want(r.returncode == 0 and read(where, NAME).startswith("-1"), repr(r))


@mark(once=True)
def test_usage(t):
    for args in ([], ["reinstall"], ["status", "more"], ["status", "--no"]):
        r = subprocess.run([dragoman(t), "binfmt", *args], capture_output=True, text=True)
        t.want(r.returncode == 2 and "usage: dragoman binfmt" in r.stderr, repr(r))
