"""What is printed from the rows: traces and the coverage table."""
import os
import re

from dragoman import mark

HERE = os.path.dirname(os.path.abspath(__file__))


def traced(t, name, *args, **options):
    path = os.path.join(t.dir(), "trace")
    r = t.guest(name, *args, flags=("--trace=" + path,), **options)
    return r, open(path, encoding="latin-1").read().splitlines()


def test_trace_hello(t):
    r, lines = traced(t, "hello")
    t.want(r.out == b"hello, world\n", "the program runs on", r)
    lines = [re.sub(r"^\[\d+\] ", "", line) for line in lines]
    t.want(lines == ['write(1, "hello, world\\n", 13) = 13', "exit(0) = ?", "+++ exited with 0 +++"], "\n".join(lines))


def test_trace_to_standard_error(t):
    r = t.guest("hello", flags=("--trace",))
    t.want(b'write(1, "hello, world\\n", 13) = 13\n' in r.err, "trace on standard error", r)


def test_trace_is_whole_lines(t):
    """Threads write their lines at once; every line is one call, a signal or an end."""
    call = re.compile(r"^\[\d+\] (\w+\(.*\) = .+|--- .+ ---|\+\+\+ .+ \+\+\+|\w+\(.* <unfinished \.\.\.>)$")
    r, lines = traced(t, "threads", timeout=60)
    t.want(r.status == "exit 0", "threads run", r)
    bad = [line for line in lines if not call.match(line)]
    t.want(not bad and len(lines) > 50, "lines that are none:\n" + "\n".join(bad[:10]))


@mark(once=True)
def test_doctor_rows(t):
    """The word in the table says where a call is served, and doctor --rows prints it."""
    r = t.run([t.dragoman()[0], "doctor", "--rows"])
    rows = {int(nr): (name, where) for _, nr, name, where, _ in (line.split() for line in r.out.decode().splitlines())}
    with open(os.path.join(HERE, "../../abi/freebsd/syscalls.tbl")) as f:
        words = re.findall(r"^([A-Z]+)\(\s*(\d+), (\w+)", f.read(), re.M)
    where = {"GATE": "gate", "GATEHOST": "gate", "ASK": "asked"}
    want = {int(nr): (name, where.get(word, "provider")) for word, nr, name in words if word != "HOLE"}
    t.want(rows == want, "rows that differ: %s" % sorted(set(rows.items()) ^ set(want.items())), r)
    t.want([rows[n] for n in (3, 30, 2)] == [("read", "gate"), ("accept", "asked"), ("fork", "provider")],
           "read is served in the gate, accept is asked for by it, fork needs the registers", r)


@mark(once=True)
def test_coverage_is_current(t):
    r = t.run([t.dragoman()[0], "coverage"])
    with open(os.path.join(HERE, "../../docs/coverage.md"), "rb") as f:
        t.want(f.read() == r.out, "docs/coverage.md is not what the rows say: make coverage")
