"""tests/bench/bench/stats.py: intervals against a drawn bootstrap, coverage by simulation, histograms by round trips."""
import os
import random
import statistics
import sys
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "bench"))
from bench import stats  # noqa: E402


def bucket_of(v):
    """As bench_bucket of samples/lib/bench.c."""
    if v < 64:
        return v
    shift = v.bit_length() - 6
    return shift * 32 + (v >> shift)


class Quantiles(unittest.TestCase):
    def test_ends_and_between(self):
        self.assertEqual(stats.quantile([3, 1, 2], 0), 1)
        self.assertEqual(stats.quantile([3, 1, 2], 1), 3)
        self.assertEqual(stats.quantile([1, 2, 3, 4], 0.5), 2.5)

    def test_spread(self):
        self.assertEqual(stats.spread([5] * 9), 0)
        self.assertAlmostEqual(stats.spread([90, 95, 100, 105, 110]), 0.1)

    def test_verdicts(self):
        self.assertEqual(stats.verdict([100, 101, 102]), "")
        self.assertEqual(stats.verdict([100, 130, 160]), "noisy")
        self.assertEqual(stats.verdict([10, 100, 400]), "worthless")


class Intervals(unittest.TestCase):
    def drawn(self, values, times=20000):
        rng = random.Random(7)
        medians = sorted(statistics.median(rng.choices(values, k=len(values))) for _ in range(times))
        return medians[int(times * 0.005)], medians[int(times * 0.995) - 1]

    def test_odd_is_what_drawing_gives(self):
        values = [2.0 ** i for i in range(11)]
        self.assertEqual(stats._bootstrap(values, 0.99), self.drawn(values))

    def test_even_holds_what_drawing_gives(self):
        values = [1.5 ** i for i in range(16)]
        low, high = stats.interval(values)
        drawn_low, drawn_high = self.drawn(values)
        self.assertLessEqual(low, drawn_low)
        self.assertGreaterEqual(high, drawn_high)
        self.assertGreater(low, values[0])
        self.assertLess(high, values[-1])

    def test_few_values_give_more_than_their_range(self):
        self.assertEqual(stats.interval([5]), (5, 5))
        self.assertEqual(stats.summary([5])["confidence"], 0)
        low, high = stats.interval([3, 1, 2])
        self.assertLess(low, 1)
        self.assertGreater(high, 3)
        self.assertEqual(stats.interval([2, 2, 2]), (2, 2))
        self.assertEqual(stats.interval([0, 1, 2]), (0, 2))  # no logarithm, and then the range

    def test_covers_the_true_median(self):
        for n, least, most in ((3, 970, 1000), (7, 970, 1000), (8, 975, 1000), (15, 980, 1000)):
            rng, held = random.Random(1), 0
            for _ in range(1000):
                low, high = stats.interval([rng.lognormvariate(0, 1) for _ in range(n)])
                held += low <= 1.0 <= high
            self.assertGreater(held, least, n)
            self.assertLess(held, most, n)  # one that always holds says nothing

    def test_order_does_not_matter(self):
        values = [5, 3, 9, 1, 7, 2, 8]
        self.assertEqual(stats.interval(values), stats.interval(sorted(values)))


class Comparisons(unittest.TestCase):
    def test_ratio_is_of_pairs(self):
        # A machine that becomes twice as slow half way: the two sides move together, and the ratio does not.
        r = stats.ratios([20, 20, 20, 40, 40], [10, 10, 10, 20, 20])
        self.assertEqual((r["median"], r["low"], r["high"]), (2, 2, 2))

    def test_no_ratio_to_nothing(self):
        self.assertIsNone(stats.ratios([1, 2], [0, 0]))

    def test_differ(self):
        a, b = stats.summary([10, 11, 12, 10, 11]), stats.summary([20, 21, 22, 20, 21])
        self.assertEqual((stats.differ(a, b), stats.differ(b, a), stats.differ(a, a)), (1, -1, 0))


class Histograms(unittest.TestCase):
    def test_middle_is_near(self):
        for v in list(range(200)) + [12345, 10 ** 6, 10 ** 9]:
            self.assertLessEqual(abs(stats.Histogram.middle(bucket_of(v)) - v), max(0, v / 32), v)

    def test_quantiles_of_known_values(self):
        h = stats.Histogram()
        for v in range(1, 10001):
            h.add(bucket_of(v), 1)
        self.assertEqual(h.total(), 10000)
        for q in (0.5, 0.99, 0.999):
            self.assertAlmostEqual(h.quantile(q) / (q * 10000), 1, delta=0.04)

    def test_tail_ends_at_nothing(self):
        h = stats.Histogram()
        h.add(10, 99)
        h.add(50, 1)
        self.assertEqual(list(h.tail()), [(10.0, 0.01), (50.0, 0.0)])


if __name__ == "__main__":
    unittest.main()
