#include "loader/stat.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "syscalls/door.h"
#include "syscalls/proc.h"

#define NS_PER_SEC 1000000000ull

static const struct stat_options *options;
static FILE                      *sink;
static uint64_t                   first_tick, first_ns;

static uint64_t clock_now(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC_RAW, &ts);
    return (uint64_t)ts.tv_sec * NS_PER_SEC + (uint64_t)ts.tv_nsec;
}

/* Nanoseconds a tick, over what has passed since stat_begin, or 10 ms when that is less. */
static double tick_ns(void)
{
    uint64_t now;

    do
        now = clock_now();
    while (now - first_ns < NS_PER_SEC / 100);
    return (double)(now - first_ns) / (double)(measure_now() - first_tick);
}

int stat_begin(const struct stat_options *o)
{
    options = o;
    sink = o->file ? fopen(o->file, "we") : stderr;
    if (!sink)
        return -errno;
    measure_shared()->stamping = o->stamps;
    first_ns = clock_now();
    first_tick = measure_now();
    measure_shared()->delay = o->delay_ns ? (uint64_t)((double)o->delay_ns / tick_ns()) : 0;
    return 0;
}

/* Under the ptrace door nobody else sees the call; the measured gate counts its own, and adds them when they leave. */
void stat_enter(const struct call *c)
{
    if (door->is_ptrace)
        measure_count(c->nr, HOW_STOP);
}

void stat_leave(struct call *c, uint64_t began, int64_t result)
{
    const uint64_t       now = measure_now();
    struct area_measure *m = &c->task->area->measure;

    if (!door->is_ptrace) {
        m->provider += now - began;
        return;
    }
    *m = (struct area_measure){.enter = began, .provider = now - began, .nr = (uint32_t)c->nr, .how = HOW_STOP};
    if (!c->task->dead)
        measure_add(m, now, result < 0 && result >= -4095);
}

/* ---- printing -------------------------------------------------------------------------- */

struct line {
    unsigned                  nr;
    const char               *name;
    const struct measure_row *row;
    uint64_t                  calls;
};

static int by_time(const void *a, const void *b)
{
    const struct line *x = a, *y = b;

    if (x->row->ticks != y->row->ticks)
        return x->row->ticks < y->row->ticks ? 1 : -1;
    return x->calls == y->calls ? (int)x->nr - (int)y->nr : x->calls < y->calls ? 1 : -1;
}

static unsigned lines_make(struct line *lines)
{
    const struct abi *abi = session.first->abi;
    unsigned          n = 0;

    for (unsigned nr = 0; nr < MEASURE_ROWS; nr++) {
        const struct measure_row *r = &measure_shared()->rows[nr];
        uint64_t                  calls = r->calls[HOW_SITE] + r->calls[HOW_TRAP] + r->calls[HOW_STOP];

        if (calls)
            lines[n++] = (struct line){nr, nr < abi->nrows && abi->rows[nr].name ? abi->rows[nr].name : "?", r, calls};
    }
    qsort(lines, n, sizeof(*lines), by_time);
    return n;
}

static double share(uint64_t part, uint64_t of) { return of ? 100.0 * (double)part / (double)of : 0; }

static void text_line(const char *name, const struct measure_row *r, uint64_t calls, double ns)
{
    const uint64_t gate = r->gate < calls ? r->gate : calls;

    fprintf(sink, "%-20s %10" PRIu64 " %8" PRIu64 " %11.3f %10.0f %7.1f %7.1f %7.1f %10.1f\n", name, calls, r->errors,
            (double)r->ticks * ns / 1e6, r->ended ? (double)r->ticks * ns / (double)r->ended : 0, share(gate, calls),
            share(r->calls[HOW_SITE], calls), share(r->calls[HOW_TRAP], calls), share(calls - gate, calls));
}

static void add(struct measure_row *sum, const struct measure_row *r)
{
    for (int i = 0; i < HOWS; i++)
        sum->calls[i] += r->calls[i];
    sum->gate += r->gate;
    sum->ended += r->ended;
    sum->errors += r->errors;
    sum->ticks += r->ticks;
}

static void print_text(const struct line *lines, unsigned n, double ns)
{
    struct measure_row sum = {0};
    uint64_t           calls = 0;

    fprintf(sink, "%-20s %10s %8s %11s %10s %7s %7s %7s %10s\n", "call", "count", "errors", "total ms", "mean ns",
            "gate %", "site %", "trap %", "provider %");
    for (unsigned i = 0; i < n; i++) {
        text_line(lines[i].name, lines[i].row, lines[i].calls, ns);
        add(&sum, lines[i].row);
        calls += lines[i].calls;
    }
    text_line("all", &sum, calls, ns);
    fprintf(sink,
            "door %s, %.3f s in all; gate: served without the provider; site, trap: came through a rewritten call\n"
            "site, or by SIGSYS; waiting is part of a call's time\n",
            door->name, (double)(clock_now() - first_ns) / 1e9);
}

static void json_stamps(double ns)
{
    const struct measure *m = measure_shared();
    uint64_t              first = m->next > MEASURE_STAMPS ? m->next - MEASURE_STAMPS : 0;

    fprintf(sink, ",\n \"tick_ns\": %.9f, \"stamps\": [", ns);
    for (uint64_t i = first; i < m->next; i++) {
        const struct measure_stamp *s = &m->stamps[i % MEASURE_STAMPS];

        fprintf(sink, "%s\n  [%u, %u, %" PRIu64 ", %" PRIu64 ", %" PRIu64 ", %" PRIu64 ", %" PRIu64 "]",
                i > first ? "," : "", s->nr, s->how, s->enter, s->leave, s->host, s->door, s->provider);
    }
    fprintf(sink, "]");
}

static void print_json(const struct line *lines, unsigned n, double ns)
{
    fprintf(sink, "{\"format\": \"dragoman-stat\", \"version\": 1, \"door\": \"%s\", \"seconds\": %.6f,\n \"calls\": [",
            door->name, (double)(clock_now() - first_ns) / 1e9);
    for (unsigned i = 0; i < n; i++) {
        const struct measure_row *r = lines[i].row;

        fprintf(sink,
                "%s\n  {\"name\": \"%s\", \"number\": %u, \"count\": %" PRIu64 ", \"ended\": %" PRIu64
                ", \"errors\": %" PRIu64 ", \"gate\": %" PRIu64 ", \"site\": %" PRIu64 ", \"trap\": %" PRIu64
                ", \"stop\": %" PRIu64 ",\n   ",
                i ? "," : "", lines[i].name, lines[i].nr, lines[i].calls, r->ended, r->errors, r->gate,
                r->calls[HOW_SITE], r->calls[HOW_TRAP], r->calls[HOW_STOP]);
        fprintf(sink,
                "\"total_ns\": %.0f, \"mean_ns\": %.1f, \"host_ns\": %.0f, \"door_ns\": %.0f, \"provider_ns\": %.0f}",
                (double)r->ticks * ns, r->ended ? (double)r->ticks * ns / (double)r->ended : 0, (double)r->host * ns,
                (double)r->door * ns, (double)r->provider * ns);
    }
    fprintf(sink, "]");
    if (options->stamps)
        json_stamps(ns);
    fprintf(sink, "}\n");
}

void stat_end(void)
{
    static struct line lines[MEASURE_ROWS];
    const unsigned     n = lines_make(lines);
    const double       ns = tick_ns();

    if (options->json)
        print_json(lines, n, ns);
    else
        print_text(lines, n, ns);
    fflush(sink);
}
