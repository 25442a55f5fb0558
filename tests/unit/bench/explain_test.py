"""tests/bench/bench/explain.py: the parts of a call add up to the whole."""
import os
import sys
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "bench"))
from bench.explain import PARTS, Stamp, explained  # noqa: E402

GATE, TRAP, STOP = 0, 1, 2


def stamp(enter, leave, host=0, door=0, provider=0, how=GATE):
    return Stamp([478, how, enter, leave, host, door, provider])


class Explained(unittest.TestCase):
    def one(self, span, stamps, clock=0):
        found = explained([span], stamps, clock)
        self.assertEqual(len(found), 1)
        self.assertEqual(sum(found[0][name] for name in PARTS) - clock, found[0]["whole"])
        return found[0]

    def test_in_the_gate(self):
        f = self.one((100, 200), [stamp(110, 180, host=40)])
        self.assertEqual([f[n] for n in PARTS], [10, 30, 0, 0, 40, 0, 20])

    def test_by_the_provider(self):
        # 500 waiting for the provider, which had 350 with it, of which 100 were the gate's host call for it
        f = self.one((100, 900), [stamp(120, 880, host=100, door=500, provider=350)])
        self.assertEqual([f[n] for n in PARTS], [20, 160, 250, 250, 100, 0, 20])

    def test_a_stop(self):
        f = self.one((0, 100), [stamp(30, 60, provider=30, how=STOP)])
        self.assertEqual([f[n] for n in PARTS], [30, 0, 0, 30, 0, 0, 40])

    def test_two_calls_of_one_span(self):
        f = self.one((0, 100), [stamp(10, 30), stamp(50, 80, host=5)])
        self.assertEqual([f[n] for n in PARTS], [10, 45, 0, 0, 5, 20, 20])

    def test_the_clock_is_taken_off(self):
        self.assertEqual(self.one((0, 100), [stamp(10, 90)], clock=8)["whole"], 92)

    def test_spans_that_the_ring_has_lost(self):
        spans, stamps = [(0, 100), (200, 300), (400, 500)], [stamp(410, 490), stamp(205, 290)]
        self.assertEqual([f["in"] for f in explained(spans, stamps, 0)], [5, 10])

    def test_calls_of_others_are_not_taken(self):
        # One that began before the span, and one that ends after it.
        f = self.one((100, 200), [stamp(90, 150), stamp(110, 130), stamp(190, 260)])
        self.assertEqual((f["gate"], f["out"]), (20, 70))


if __name__ == "__main__":
    unittest.main()
