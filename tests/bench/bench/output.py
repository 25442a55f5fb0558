"""What the programs of samples/bench_*.c print (samples/bench.h), read."""
from . import stats


class Bad(Exception):
    """The output is not whole, or says that something failed."""


class Loop:
    """A loop of calls: the ticks of batches, and a histogram of single calls."""

    def __init__(self, name, calls):
        self.name, self.calls, self.batches, self.singles, self.longest = name, calls, [], None, 0

    def ticks(self, clock):
        """Of one call, by the median batch; the stamp's own cost taken off."""
        return max(0.0, stats.median(self.batches) - clock) / self.calls


class Output:
    def __init__(self, text):
        self.os, self.clock, self.syncs = None, 0, []
        self.loops, self.works, self.fails, self.starts, self.spans, ended = {}, {}, {}, [], [], False
        loop = None
        for line in text.split("\n"):
            word, _, rest = line.partition(" ")
            parts = rest.split()
            if word == "bench":
                if parts[0] != "1":
                    raise Bad("output of version %s" % parts[0])
                self.os = parts[1]
            elif word == "sync":
                self.syncs.append((int(parts[0]), int(parts[1])))
            elif word == "clock":
                self.clock = int(parts[0])
            elif word == "row":
                loop = self.loops[parts[0]] = Loop(parts[0], int(parts[1]))
            elif word == "b":
                loop.batches = [int(p) for p in parts]
            elif word == "l":
                loop.singles = stats.Histogram()
                for part in parts:
                    bucket, count = part.split(":")
                    loop.singles.add(int(bucket), int(count))
            elif word == "m":
                loop.longest = int(parts[0])
            elif word == "e":
                numbers = [int(p) for p in parts]
                self.spans = list(zip(numbers[::2], numbers[1::2]))
            elif word == "work":
                self.works[parts[0]] = tuple(int(p) for p in parts[1:4])
            elif word == "start":
                self.starts.append(tuple(int(p) for p in parts))
            elif word == "fail":
                self.fails[parts[0]] = " ".join(parts[1:]) or "unknown"
            elif word == "end":
                ended = True
        if not ended or len(self.syncs) != 2:
            raise Bad("the output ends in the middle: %s" % (text.strip().split("\n")[-1][:100] or "nothing"))

    def elapsed(self):
        """(ticks, nanoseconds of the kernel's clock) between the two pairs."""
        (t0, n0), (t1, n1) = self.syncs
        return t1 - t0, n1 - n0
