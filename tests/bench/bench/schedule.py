"""
Which way runs which suite when.  A round runs every suite by every way that is due, so that what the machine does in the
meantime is in all rows alike, and in their intervals.  With a budget of minutes, what is slow and steady gets fewer rounds.
"""
import time

from . import stats, vm, ways

AT_LEAST = 3          # rounds that everything gets, unless the budget is used up by then
NOISE_GUESS = 0.03    # spread of a row that was not measured often enough to know
NOISE_LEAST = 0.003
VM_BOOT_EVERY = 4     # rounds: a machine's own luck (where its memory lies, what was translated) is no part of a row


class Job:
    """One suite by one way: how often it is to run, how often it did, and how long that took."""

    def __init__(self, suite, way, most):
        self.suite, self.way, self.most, self.rounds = suite, way, most, most
        self.done, self.seconds, self.why = 0, 0.0, ""

    def cost(self):
        return self.seconds / self.done if self.done else 0.0

    def due(self, number, rounds):
        """Spread over the whole run: job.rounds of `rounds`."""
        return not self.why and self.done < -(-self.rounds * (number + 1) // rounds) and self.done < self.rounds


def noise(table, job):
    """Half of the rows of a job are less noisy than this, as parts of their medians."""
    spreads = [stats.spread(cell.samples) for (key, way), cell in table.cells.items()
               if way == job.way.name and len(cell.samples) >= AT_LEAST and table.rows[key].group == job.suite.name]
    return max(NOISE_LEAST, stats.median(spreads)) if spreads else NOISE_GUESS


def _base(jobs):
    """{suite: the native job}, where it has others: what they are measured against, and so runs whenever they do."""
    shared = {j.suite for j in jobs if j.way.kind != "native"}
    return {j.suite: j for j in jobs if j.way.kind == "native" and j.suite in shared}


def _least(free, left, overdraft):
    """AT_LEAST rounds for all, the cheap ones first, as long as there is time; the doors may overdraw it.  What is left."""
    for j in sorted(free, key=Job.cost):
        j.rounds = max(j.done, min(AT_LEAST, j.most))
        more = j.cost() * (j.rounds - j.done)
        if more > left + (overdraft if j.way.kind == "door" else 0):
            j.rounds = max(j.done, 1)
            more = 0
        left -= more
    return left


def plan(jobs, left, noise_of, overdraft=0.0):
    """
    Sets .rounds so that what is still to run takes `left` seconds: AT_LEAST for all, and then one more at a time where a
    second makes an interval narrower the most.
    """
    jobs = [j for j in jobs if not j.why]
    base = _base(jobs)
    free = [j for j in jobs if base.get(j.suite) is not j]
    for j in base.values():
        j.rounds = max(j.done, min(AT_LEAST, j.most)) if left + overdraft > 0 else j.done
        left -= j.cost() * (j.rounds - j.done)
    left = _least(free, left, overdraft)
    gain = {j: noise_of(j) ** 2 / max(j.cost(), 1e-3) for j in free}

    def price(j):
        native = base.get(j.suite)
        return j.cost() + (native.cost() if native and native.rounds <= j.rounds else 0.0)

    while True:
        able = [j for j in free if j.rounds < j.most and price(j) <= left]
        if not able:
            return
        best = max(able, key=lambda j: gain[j] / (j.rounds * (j.rounds + 1)))
        left -= price(best)
        best.rounds += 1
        if best.suite in base:
            base[best.suite].rounds = max(base[best.suite].rounds, best.rounds)


def says(jobs):
    """{suite: {way: [rounds, seconds]}}"""
    found = {}
    for j in jobs:
        found.setdefault(j.suite.name, {})[j.way.name] = [j.done, round(j.seconds, 2)]
    return found


def _run(session, job, number, table):
    began = time.monotonic()
    try:
        for sample in job.suite.run(session, job.way):
            table.add(job.way, number, sample, session)
    except (ways.Failed, vm.Missing) as e:
        job.why = str(e)
        session.note("%s, %s: %s" % (job.suite.name, job.way.label, e))
    job.seconds += time.monotonic() - began
    job.done += 1


def _turned(those, number):
    return those[number % len(those):] + those[:number % len(those)]


def due_now(jobs, number, rounds):
    """Those whose turn it is in a round; a native job's is whenever another one of its suite has one."""
    base = _base(jobs)
    due = [j for j in jobs if j.due(number, rounds) and base.get(j.suite) is not j]
    wanted = {j.suite for j in due}
    return [j for j in jobs if j in due or (base.get(j.suite) is j and j.suite in wanted and not j.why)]


def _out_of_time(session, job, number, late):
    """What is not the subject itself is left out of the first round when that alone takes all the time that there is."""
    if number or not late or job.way.kind not in ("vm", "peer"):
        return False
    job.why = "left out: the budget was used up before its turn"
    session.note("%s, %s: %s" % (job.suite.name, job.way.label, job.why))
    return True


def measure(session, jobs, table, progress, budget):
    """All rounds, each beginning with another way.  budget: seconds, or 0."""
    rounds = max([j.most for j in jobs], default=0)
    began = time.monotonic()
    progress.total(sum(j.rounds for j in jobs), budget)
    suites = sorted(dict.fromkeys(j.suite for j in jobs), key=lambda s: s.long)
    for number in range(rounds):
        if number and budget:
            plan(jobs, budget - (time.monotonic() - began), lambda j: noise(table, j), budget / 2)
            progress.total(sum(j.rounds - j.done for j in jobs if not j.why), budget)
        due = due_now(jobs, number, rounds)
        if number % VM_BOOT_EVERY == 0 and number and any(j.way.kind == "vm" for j in due):
            _reboot(session, jobs)
        for suite in suites:
            those = [j for j in due if j.suite is suite]
            for job in _turned(those, number) if those else ():
                if not job.why and not _out_of_time(session, job, number, budget and time.monotonic() - began > budget):
                    progress.step("round %d of %d" % (number + 1, rounds), "%s, %s" % (suite.name, job.way.label))
                    _run(session, job, number, table)
    progress.done()


def _reboot(session, jobs):
    try:
        session.restart_vm()
    except (vm.Missing, OSError) as e:
        session.note("the VM did not start again: %s" % e)
        for job in jobs:
            if job.way.kind == "vm":
                job.why = job.why or str(e)
