"""A guest that means harm ruins itself at most: not the provider, not other guests, not another session."""
import os

from dragoman import Skip


def act(t, name, *args, timeout=60):
    """In the same session a witness works on; beside it, another session does."""
    other = t.start(t.dragoman(t.sample("hostile"), "none", "300"), timeout=timeout, cwd=t.dir())
    command = [a for a in t.dragoman(t.sample("hostile"), name, *args) if a != "--check-tables"]  # which it may ruin
    r = t.run(command, timeout=timeout, cwd=t.dir())
    t.want(r.status == "exit 0" and b"ok the witness is unharmed" in r.out and b"FAILED" not in r.out and r.left == 0, name, r)
    unharmed(t, other)


def unharmed(t, other):
    r = t.finish(other)
    t.want(r.status == "exit 0" and r.left == 0 and b"FAILED" not in r.out, "the other session is unharmed", r)


def test_forks(t):
    act(t, "forks", "400")


def test_signals(t):
    act(t, "signals")


def test_gate(t):
    """Jumps into the gate to trace the provider, to write its memory, to outlive it."""
    act(t, "gate")


def test_kill_provider(t):
    """The same user may; then the session is over, at once and as a whole."""
    r = t.run(t.dragoman(t.sample("hostile"), "kill-provider"), timeout=30, cwd=t.dir())
    t.want(r.status == "signal 9" and r.left == 0, "nothing outlives the provider", r)


def test_exits(t):
    act(t, "exits")


def test_execs(t):
    act(t, "execs")


def test_own_area(t):
    act(t, "own-area", "40")


def test_tables(t):
    act(t, "tables", "40")


def test_calls(t):
    if t.uid is None and os.getuid() == 0:
        raise Skip("random calls as root could harm the machine")
    act(t, "calls", "300000" if t.long else "3000", timeout=1500 if t.long else 90)
