"""tests/bench/bench/crosscheck.py: what is said of two tools' figures."""
import itertools
import os
import random
import sys
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "bench"))
from bench import crosscheck  # noqa: E402


def verdict(ours, theirs, rounds=40, scatter=0.05):
    """Of rounds that scatter, the same ones each time."""
    check, chance = crosscheck.Tools("", 0.10), random.Random(1)
    for _ in range(rounds):
        check.add(ours * chance.gauss(1, scatter), theirs * chance.gauss(1, scatter))
    return check.verdict()


class Verdicts(unittest.TestCase):
    def test_near_and_apart(self):
        self.assertEqual(verdict(100, 100), "ok")
        self.assertEqual(verdict(100, 120), "OFF")
        self.assertEqual(verdict(120, 100), "OFF")

    def test_nothing_is_said_at_the_edge_or_of_noise(self):
        self.assertEqual(verdict(110, 100), "")
        self.assertEqual(verdict(90, 100), "")
        self.assertEqual(verdict(100, 100, rounds=8, scatter=0.3), "")

    def test_what_is_told_is_not_judged(self):
        check = crosscheck.Tools("x", 0.10)
        self.assertIn("-50.0 % (-50.0 to -50.0) with no code", line := check.rounds(lambda: (100.0, 100.0, 50.0)))
        self.assertTrue(line.endswith(": ok"))

    def test_rounds_end(self):
        """As soon as there is something to say, and else at the most."""
        check = crosscheck.Tools("x", 0.10)
        self.assertTrue(check.rounds(lambda: (100.0, 100.0)).endswith("%d rounds: ok" % crosscheck.ROUNDS))
        check, ours = crosscheck.Tools("x", 0.10), itertools.cycle((120.0, 100.0))
        self.assertIn("over 10 % by the median", check.rounds(lambda: (next(ours), 100.0)))
        self.assertEqual(len(check.ours), crosscheck.ROUNDS_MOST)
        check, ours = crosscheck.Tools("x", 0.10), itertools.cycle((100.0, 115.0))
        self.assertIn("within 10 % by the median", check.rounds(lambda: (next(ours), 100.0)))

    def test_delay(self):
        """The whole interval has to be near what is expected: by 20 ns, and by 5 % of the row."""
        def ending(seen, expected=200, row=100.0):
            values = itertools.cycle((seen - 5, seen + 5))
            return crosscheck.Delay("x", expected).rounds(lambda: (row + next(values), row)).rsplit(": ", 1)[1]

        self.assertEqual(ending(210), "ok")
        self.assertEqual(ending(0, expected=0), "ok")
        self.assertEqual(ending(100), "OFF by more than 20 ns")
        self.assertEqual(ending(30, expected=0), "OFF by more than 20 ns")
        self.assertEqual(ending(218), "within 20 ns by the median, not by the whole interval")
        self.assertEqual(ending(100, row=3000.0), "ok")


if __name__ == "__main__":
    unittest.main()
