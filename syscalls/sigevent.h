/* syscalls/sigevent.h: how a guest wants to be told of something (struct sigevent, FreeBSD sys/signal.h). */
#ifndef DRAGOMAN_SYSCALLS_SIGEVENT_H
#define DRAGOMAN_SYSCALLS_SIGEVENT_H

#include <stdint.h>

struct guest_sigevent {
    int32_t  notify, signo;
    uint64_t value;
    int32_t  tid, pad[15];
};
_Static_assert(sizeof(struct guest_sigevent) == 80, "sys/signal.h");

enum { NOTIFY_NONE, NOTIFY_SIGNAL, NOTIFY_THREAD_ID = 4 };

#endif
