"""Statistics of samples: medians, intervals by the bootstrap, histograms of latencies.  Standard library only."""
import math
import statistics

# So that of a thousand figures of two runs that measure the same, none is expected to be said to differ.
CONFIDENCE = 0.99
# Student's t at 99 %, both sides, for 1, 2, ... degrees of freedom: where the values are too few for the bootstrap.
STUDENT = (63.66, 9.92, 5.84, 4.60, 4.03, 3.71)
MEDIAN_COST = 1.2533  # a median's standard error beside that of a mean, for the normal distribution
NORMAL = 2.576        # the normal distribution's 99 %, both sides
# What a machine does differently from one run to the next, all rounds of a run alike, and so no run can see: a standard
# deviation, as a part of the figure.  Of three runs of ten minutes, by the 48 figures that each of them knew to better
# than 1 %: times and ratios scattered by 1.7 and 1.8 % from run to run, 1.5 and 1.7 of which the rounds do not explain.
DRIFT = 0.016
NOISY, WORTHLESS = 0.10, 0.50  # spread of the middle half, as a part of the median


def median(values):
    return statistics.median(values)


def quantile(values, q):
    """Linear between the two nearest order statistics."""
    values = sorted(values)
    at = q * (len(values) - 1)
    low = int(at)
    high = min(low + 1, len(values) - 1)
    return values[low] + (values[high] - values[low]) * (at - low)


def spread(values):
    """Width of the middle half, as a part of the median."""
    m = median(values)
    return (quantile(values, 0.75) - quantile(values, 0.25)) / m if m else 0.0


def _at_least(n, k, m):
    """The chance that of n draws with replacement from n values at least m are among the k smallest."""
    p = k / n
    return sum(math.comb(n, i) * p ** i * (1 - p) ** (n - i) for i in range(m, n + 1))


def _bootstrap_quantile(n, m, q):
    """Index of the value that is the q quantile of the m-th smallest (1 is the first) of a bootstrap resample."""
    for k in range(1, n + 1):
        if _at_least(n, k, m) >= q:
            return k - 1
    return n - 1


def _bootstrap(values, confidence):
    """
    The percentile bootstrap interval of the median, exactly and not by drawing: the m-th smallest of a resample is at
    most the k-th smallest value when at least m of n draws fell among the k smallest (Efron 1979), a binomial sum.
    Of an even number of values the lower end is that of the lower of the two middle ones, the upper end that of the
    upper: not narrower than the median of the two.
    """
    n, tail = len(values), (1 - confidence) / 2
    return values[_bootstrap_quantile(n, (n + 1) // 2, tail)], values[_bootstrap_quantile(n, n // 2 + 1, 1 - tail)]


def _student(values):
    """By Student's t of the logarithms: what a few values say when all that is known is that they scatter normally."""
    logs = [math.log(v) for v in values]
    half = STUDENT[len(values) - 2] * MEDIAN_COST * statistics.stdev(logs) / math.sqrt(len(values))
    half = min(half, 50.0)
    return median(values) * math.exp(-half), median(values) * math.exp(half)


def _ordered(values, confidence):
    """The narrowest pair of values, as far from one end as from the other, that holds the true median with that chance."""
    n, below, outside = len(values), 0, 0.5 ** len(values)
    while 2 * (outside + math.comb(n, below + 1) * 0.5 ** n) <= 1 - confidence:
        below += 1
        outside += math.comb(n, below) * 0.5 ** n
    return values[below], values[n - 1 - below]


def _drifting(low, middle, high, drift):
    """Each side of an interval with a part in it that its values do not show; the two are independent."""
    if middle <= 0:
        return low, high
    more = NORMAL * drift
    return (middle * math.exp(-math.hypot(math.log(middle / low), more)) if low > 0 else low,
            middle * math.exp(math.hypot(math.log(high / middle), more)))


def unseen(*steps):
    """DRIFT, with what figures that go by steps cannot show, each one's step as a part of it: a page of a few is much."""
    return math.hypot(DRIFT, sum(steps) / NORMAL)


def interval(values, confidence=CONFIDENCE):
    """
    (low, high) for the median: the bootstrap's, which is too narrow for few values and so is widened: to the values that
    hold the median with that chance whatever the distribution, where there are eight or more, and below that, where no
    two do (the whole range holds 1 - 2^(1-n)), to Student's.  One value has no interval: low is high.
    """
    values = sorted(values)
    low, high = _bootstrap(values, confidence)
    o_low, o_high = _ordered(values, confidence)
    low, high = min(low, o_low), max(high, o_high)
    if 1 < len(values) < len(STUDENT) + 2 and values[0] > 0:
        t_low, t_high = _student(values)
        low, high = min(low, t_low), max(high, t_high)
    return low, high


def summary(values, drift=0.0):
    """
    low, high: the interval beside other runs; drift: the standard deviation of what all of the values have in common, as
    a part of them.  own: that of the values alone, for what is beside others of the same run.
    """
    values = list(values)
    own = interval(values)
    low, high = _drifting(own[0], median(values), own[1], drift) if len(values) > 1 else own
    return {"n": len(values), "median": median(values), "low": low, "high": high, "own": own, "spread": spread(values),
            "min": min(values), "max": max(values), "confidence": CONFIDENCE if len(values) > 1 else 0}


def ratios(values, base, drift=0.0):
    """Summary of the rounds' own ratios: a round's drift of the machine is in both of its sides."""
    pairs = [v / b for v, b in zip(values, base) if b]
    return summary(pairs, drift) if pairs else None


def in_one_run(found):
    """A summary for what is compared within its run, or with a number: the run's drift is not in it."""
    low, high = found.get("own", (found["low"], found["high"]))  # results of older versions have no other
    return dict(found, low=low, high=high)


def verdict(values):
    """'' for a row that can be used, 'noisy' where it says little, 'worthless' where it says nothing."""
    s = spread(values)
    return "worthless" if s > WORTHLESS else "noisy" if s > NOISY else ""


def differ(old, new):
    """Of two summaries: -1 when new is surely less, 1 when it is surely more, 0 when their intervals meet, or one has none."""
    if not old["confidence"] or not new["confidence"]:
        return 0
    if new["high"] < old["low"]:
        return -1
    return 1 if new["low"] > old["high"] else 0


class Histogram:
    """Counts by bucket as samples/lib/bench.c makes them: exact below 64, then 32 buckets to a power of two."""

    def __init__(self):
        self.counts = {}

    @staticmethod
    def middle(bucket):
        if bucket < 64:
            return float(bucket)
        shift = bucket // 32 - 1
        return ((bucket - 32 * shift) + 0.5) * (1 << shift)

    def add(self, bucket, count):
        self.counts[bucket] = self.counts.get(bucket, 0) + count

    def total(self):
        return sum(self.counts.values())

    def quantile(self, q):
        need, seen = q * self.total(), 0
        for bucket in sorted(self.counts):
            seen += self.counts[bucket]
            if seen >= need:
                return self.middle(bucket)
        return 0.0

    def tail(self):
        """(value, part of the calls that took longer), by value."""
        total, seen = self.total(), 0
        for bucket in sorted(self.counts):
            seen += self.counts[bucket]
            yield self.middle(bucket), (total - seen) / total
