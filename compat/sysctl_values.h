/*
 * compat/sysctl_values.h: getters of the FreeBSD tree, by file.  Each returns 0
 * or -errno; what they say of the machine is the host's own state, read anew.
 */
#ifndef DRAGOMAN_COMPAT_SYSCTL_VALUES_H
#define DRAGOMAN_COMPAT_SYSCTL_VALUES_H

#include <sys/types.h>

#include "compat/sysctl.h"

/* sysctl_host.c: reading the host */
int64_t host_meminfo(const char *key);                  /* bytes of a line of /proc/meminfo, 0 when it has none */
int64_t host_number(const char *path, int64_t missing); /* the first number in a file */

/* sysctl_hw.c */
int hw_model(struct sysctl_req *r);
int hw_ncpu(struct sysctl_req *r);
int hw_clockrate(struct sysctl_req *r);
int hw_physmem(struct sysctl_req *r);
int hw_usermem(struct sysctl_req *r);
int hw_availpages(struct sysctl_req *r);
int hw_pagesizes(struct sysctl_req *r);
int hw_maxid(struct sysctl_req *r);
int vm_loadavg(struct sysctl_req *r);
int vm_total(struct sysctl_req *r);
int vm_free_count(struct sysctl_req *r);
int vm_active_count(struct sysctl_req *r);
int vm_inactive_count(struct sysctl_req *r);
int vm_wire_count(struct sysctl_req *r);
int vm_swap_total(struct sysctl_req *r);

/* sysctl_kern.c */
int kern_hostname(struct sysctl_req *r);
int kern_domainname(struct sysctl_req *r);
int kern_hostid(struct sysctl_req *r);
int kern_hostuuid(struct sysctl_req *r);
int kern_boottime(struct sysctl_req *r);
int kern_clockrate(struct sysctl_req *r);
int kern_maxproc(struct sysctl_req *r);
int kern_maxfiles(struct sysctl_req *r);
int kern_maxfilesperproc(struct sysctl_req *r);
int kern_openfiles(struct sysctl_req *r);
int kern_file(struct sysctl_req *r);
int kern_curmq(struct sysctl_req *r);
int kern_nsems(struct sysctl_req *r);
int kern_arandom(struct sysctl_req *r);
int kern_usrstack(struct sysctl_req *r);
int kern_ps_strings(struct sysctl_req *r);
int kern_somaxconn(struct sysctl_req *r);
int kern_maxthreads(struct sysctl_req *r);
int net_port_first(struct sysctl_req *r);
int net_port_last(struct sysctl_req *r);
int net_ip_ttl(struct sysctl_req *r);
int net_ip_forwarding(struct sysctl_req *r);

/* sysctl_proc.c */
/* Lists of processes; where the node is NAME_td, and in kern.proc.all, with a row for each thread. */
int proc_list_all(struct sysctl_req *r);
int proc_list_pid(struct sysctl_req *r);
int proc_list_pgrp(struct sysctl_req *r);
int proc_list_session(struct sysctl_req *r);
int proc_list_uid(struct sysctl_req *r);
int proc_list_ruid(struct sysctl_req *r);
int proc_list_gid(struct sysctl_req *r);
int proc_list_rgid(struct sysctl_req *r);
int proc_list_tty(struct sysctl_req *r);
int proc_list_procs(struct sysctl_req *r);

/* sysctl_self.c: one process's own facts, kern.proc.NAME.PID */
int proc_args(struct sysctl_req *r);
int proc_env(struct sysctl_req *r);
int proc_auxv(struct sysctl_req *r);
int proc_pathname(struct sysctl_req *r);
int proc_sv_name(struct sysctl_req *r);
int proc_groups(struct sysctl_req *r);
int proc_rlimit(struct sysctl_req *r);
int proc_ps_strings(struct sysctl_req *r);
int proc_umask(struct sysctl_req *r);
int proc_osrel(struct sysctl_req *r);
int proc_sigtramp(struct sysctl_req *r);
int proc_nfds(struct sysctl_req *r);
int proc_sigfastblk(struct sysctl_req *r);
int proc_vm_layout(struct sysctl_req *r);

/* sysctl_files.c: files and memory of a process of the session.  -ESRCH; -EPERM: another user's. */
struct subject {
    pid_t    pid;
    uint64_t stack_top;
    char     program[1024]; /* its file, "" when unknown */
};
int subject_named(struct sysctl_req *r, struct subject *s);
/* May look at all of p, and change something: it is its own, of its user's, or root asks.  session.lock held. */
bool subject_visible(const struct call *c, const struct proc *p);
/* The guest's name of a host's one, "" for what has none or lies outside of --root.  to: 1024 bytes. */
void subject_path(const char *host, char *to);
int  proc_filedesc(struct sysctl_req *r);
int  proc_cwd(struct sysctl_req *r);

/* sysctl_vmmap.c */
int proc_vmmap(struct sysctl_req *r);

/* sysctl_net.c */
int net_routetable(struct sysctl_req *r);

#endif
