/* loader/gate/noted.h: host signals that wait for the provider (area.noted), in the gate and in the tracer. */
#ifndef DRAGOMAN_LOADER_GATE_NOTED_H
#define DRAGOMAN_LOADER_GATE_NOTED_H

#include <signal.h>
#include <stdint.h>

/*
 * Of the noted ones, those that this signal undoes: to go on undoes to stop, and the other way round (kernel/signal.c,
 * prepare_signal, which does it to those that wait).
 */
static inline uint64_t noted_undone_by(int sig)
{
    switch (sig) {
    case SIGCONT: return 1ull << (SIGTSTP - 1) | 1ull << (SIGTTIN - 1) | 1ull << (SIGTTOU - 1);
    case SIGTSTP:
    case SIGTTIN:
    case SIGTTOU: return 1ull << (SIGCONT - 1);
    default: return 0;
    }
}

#endif
