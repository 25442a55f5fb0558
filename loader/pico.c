/* loader/pico.c: birth of the session's first pico process. */
#include "loader/pico.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

extern const char gate_blob[], gate_blob_end[];

const struct gate_header *pico_gate(void)
{
    return (const struct gate_header *)(gate_blob + GATE_HEADER);
}

int pico_gate_file(void)
{
    int    fd = memfd_create("dragoman-gate", 0);
    size_t n = (size_t)(gate_blob_end - gate_blob);

    if (fd < 0)
        return -errno;
    if (write(fd, gate_blob, n) != (ssize_t)n) {
        close(fd);
        return -EIO;
    }
    return fd;
}

pid_t pico_spawn(int gate_fd, int arena_fd, uint32_t index, const char *name)
{
    char        conf[48];
    const char *argv[] = {name, NULL}, *envp[] = {conf, NULL};
    sigset_t    none;
    pid_t       pid;

    snprintf(conf, sizeof(conf), "%d,%u", arena_fd, index);
    sigemptyset(&none);
    pid = vfork();
    if (pid == 0) {
        sigprocmask(SIG_SETMASK, &none, NULL);
        syscall(SYS_execveat, gate_fd, "", argv, envp, AT_EMPTY_PATH);
        _exit(125);
    }
    return pid < 0 ? -errno : pid;
}

/* Gives up when the process dies instead of answering. */
static int wait_word(uint32_t *word, uint32_t want, pid_t pid)
{
    struct timespec second = {1, 0};

    while (__atomic_load_n(word, __ATOMIC_ACQUIRE) != want) {
        char stat[64];

        syscall(SYS_futex, word, FUTEX_WAIT, *(volatile uint32_t *)word, &second, NULL, 0);
        snprintf(stat, sizeof(stat), "/proc/%d", pid);
        if (kill(pid, 0))
            return -ESRCH;
    }
    return 0;
}

int pico_listener(struct area *a, pid_t pid)
{
    int err = wait_word(&a->listener_taken, 1, pid), pidfd, fd;

    if (err)
        return err;
    if (a->listener < 0)
        return a->listener;
    pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
    if (pidfd < 0)
        return -errno;
    fd = (int)syscall(SYS_pidfd_getfd, pidfd, a->listener, 0);
    err = errno;
    close(pidfd);
    __atomic_store_n(&a->listener_taken, 2, __ATOMIC_RELEASE);
    syscall(SYS_futex, &a->listener_taken, FUTEX_WAKE, 1, NULL, NULL, 0);
    return fd < 0 ? -err : fd;
}
