/* loader/pico.c: birth of the session's first pico process. */
#include "loader/pico.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "syscalls/proc.h"

extern const char gate_blob[], gate_measured_blob[];

/* The gate of this session. */
static const char *gate_start(void) { return session.measured ? gate_measured_blob : gate_blob; }

const struct gate_header *pico_gate(void) { return (const struct gate_header *)(gate_start() + GATE_HEADER); }

/* What is loaded, the stubs behind the text included; the symbols stay here. */
static size_t gate_size(void)
{
    const Elf64_Ehdr *e = (const void *)gate_start();

    return ((const Elf64_Phdr *)(gate_start() + e->e_phoff))->p_filesz;
}

int pico_gate_file(void)
{
    int    fd = memfd_create("dragoman-gate", 0);
    size_t n = gate_size();

    if (fd < 0)
        return -errno;
    if (write(fd, gate_start(), n) != (ssize_t)n) {
        close(fd);
        return -EIO;
    }
    return fd;
}

/* The notify door's filter is there from the first instruction on, so gate_enter must run at its own address. */
static gate_enter_fn *gate_map(int gate_fd)
{
    const size_t n = gate_size();
    void        *p = mmap((void *)GATE_BASE, n, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_FIXED_NOREPLACE, gate_fd, 0);

    return p == MAP_FAILED ? NULL : (gate_enter_fn *)pico_gate()->enter;
}

struct spawn {
    struct gate_exec exec;
    gate_enter_fn   *enter; /* NULL: the ptrace door, whose filter is installed when the tracer is there */
};

/* Every signal stays blocked, as in the provider, until the gate has its handlers or its tracer. */
static int spawned(void *arg)
{
    struct spawn *s = arg;

    if (s->enter)
        s->enter(&s->exec);
    syscall(SYS_execveat, s->exec.gate_fd, "", s->exec.argv, s->exec.envp, AT_EMPTY_PATH);
    _exit(125);
}

pid_t pico_spawn(int gate_fd, int arena_fd, uint32_t index, const char *name, int *listener)
{
    static char  stack[16384] __attribute__((aligned(16)));
    char         conf[48];
    const char  *argv[] = {name, NULL}, *envp[] = {conf, NULL};
    struct spawn s = {.exec = {gate_fd, argv, envp, listener}, .enter = listener ? gate_map(gate_fd) : NULL};
    pid_t        pid;

    if (listener && !s.enter)
        return -errno;
    snprintf(conf, sizeof(conf), "%d,%u", arena_fd, index);
    /* One table of descriptors until the exec: the listener comes to us, and the child's exec closes it there. */
    pid = clone(spawned, stack + sizeof(stack), CLONE_VM | CLONE_VFORK | CLONE_FILES | SIGCHLD, &s);
    if (pid < 0)
        return -errno;
    return listener && *listener < 0 ? *listener : pid;
}
