/*
 * syscalls/handlers.h: the handlers of processes, threads and signals.  What a
 * row's argument kinds fix is the prototype; the calls themselves are POSIX's and the BSDs'.
 */
#ifndef DRAGOMAN_SYSCALLS_HANDLERS_H
#define DRAGOMAN_SYSCALLS_HANDLERS_H

#include "syscalls/call.h"

/* sigcalls.c */
int64_t sys_sigaction(struct call *c, int sig, const void *act, void *oact);
int64_t sys_sigprocmask(struct call *c, int64_t how, const void *set, void *oset);
int64_t sys_sigpending(struct call *c, void *set);
int64_t sys_sigsuspend(struct call *c, const void *mask);
int64_t sys_sigaltstack(struct call *c, const void *ss, void *oss);
int64_t sys_sigreturn(struct call *c, gva sigcntxp);
int64_t sys_sigtimedwait(struct call *c, const void *set, void *info, const void *timeout);
int64_t sys_sigwaitinfo(struct call *c, const void *set, void *info);
int64_t sys_sigwait(struct call *c, const void *set, gva sig);

/* sigsend.c */
int64_t sys_kill(struct call *c, int pid, int sig);
int64_t sys_sigqueue(struct call *c, int pid, int sig, gva value);
int64_t sys_thr_kill(struct call *c, int64_t id, int sig);
int64_t sys_thr_kill2(struct call *c, int pid, int64_t id, int sig);

/* thread.c */
int64_t sys_thr_create(struct call *c, gva ctx, gva id, int flags);
int64_t sys_thr_new(struct call *c, gva param, int size);
int64_t sys_thr_exit(struct call *c, gva state);
int64_t sys_thr_self(struct call *c, gva id);
int64_t sys_thr_set_name(struct call *c, int64_t id, gva name);
int64_t sys_thr_suspend(struct call *c, const void *timeout);
int64_t sys_thr_wake(struct call *c, int64_t id);

/* fork.c */
int64_t sys_fork(struct call *c);
int64_t sys_vfork(struct call *c);
int64_t sys_rfork(struct call *c, uint64_t flags);
int64_t sys_exit(struct call *c, int status);

/* wait.c */
int64_t sys_wait4(struct call *c, int pid, gva status, uint64_t options, gva rusage);
int64_t sys_wait6(struct call *c, int64_t idtype, uint64_t id, gva status, uint64_t options, gva wrusage, void *info);

/* exec.c */
int64_t sys_execve(struct call *c, gva path, gva argv, gva envv);
int64_t sys_fexecve(struct call *c, int fd, gva argv, gva envv);

#endif
