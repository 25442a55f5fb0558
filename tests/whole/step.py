"""A signal at every single instruction of a call's way does what it does on a kernel (tests/tools/stepper.c)."""
import os
import re

from dragoman import Skip, mark

ROUNDS = 42  # of samples/stepped.c: twenty-one calls, each with a handler that restarts and one that does not
HANDLES = 15  # the call on whose way a handler runs


def step(t, command, *args):
    tool = os.path.join(t.place, "tests/tools/stepper")
    r = t.run([tool, *command, t.dir(), *args], timeout=120)
    t.want(r.status == "exit 0" and r.left == 0 and b"FAILED" not in r.out, "every point is right", r)
    points = [int(n) for n in re.findall(rb"(\d+) points\n", r.out)]
    t.want(len(points) == ROUNDS + 1 and sum(points[:-1]) == points[-1], "all rounds were stepped through", r)
    return r, points[:-1]


@mark(doors=("notify",), one_user=True)
def test_kernel(t):
    """The sample asks for nothing that a kernel does not give; there a call is one point."""
    _, points = step(t, [t.sample("stepped", "linux")])
    del points[2 * HANDLES:2 * HANDLES + 2]
    t.want(max(points) == 4, "before the call, in it where it blocks, after it, and at the end: %s" % points)


def guest(t, way, *args, flags=()):
    if t.flags and not flags:
        raise Skip("no site is rewritten")
    r, points = step(t, t.dragoman(*flags, t.sample("stepped")), *args)
    t.want(b"the call is %s\n" % way in r.out, "the call went the way that was to be tested", r)
    t.want(min(points) > 50, "the gate was stepped through", r)


@mark(doors=("notify",))
def test_site(t):
    guest(t, b"a jump")


@mark(doors=("notify",))
def test_trap(t):
    guest(t, b"itself", flags=("--no-rewrite",))


@mark(doors=("notify",), one_user=True)
def test_threads(t):
    guest(t, b"a jump", "threads")
