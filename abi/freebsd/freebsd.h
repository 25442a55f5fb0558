/*
 * abi/freebsd/freebsd.h: the parts of the FreeBSD amd64 ABI, each in the file named after it.
 */
#ifndef DRAGOMAN_ABI_FREEBSD_FREEBSD_H
#define DRAGOMAN_ABI_FREEBSD_FREEBSD_H

#include "abi/abi.h"
#include "abi/freebsd/version.h"

/* What AT_OSRELDATE says. */
#define FREEBSD_OSRELDATE FBSD_OSRELDATE

#define FREEBSD_NSYSCALLS 603
#define FREEBSD_NERRNO    98  /* 0..97 */
#define FREEBSD_NSIG      128 /* highest signal number, _SIG_MAXSIG */

/* Signals that other parts name; the rest are in signals.c. */
#define FREEBSD_SIGKILL  9
#define FREEBSD_SIGSTOP  17
#define FREEBSD_SIGTHR   32
#define FREEBSD_SIGLIBRT 33
#define FREEBSD_SIGRTMIN 65
#define FREEBSD_SIGRTMAX 126

/* table.c */
extern const struct row freebsd_rows[FREEBSD_NSYSCALLS];

/* errno.c */
extern const int16_t     freebsd_errno_from_host[ERRNO_HOST_MAX];
extern const char *const freebsd_errno_name[FREEBSD_NERRNO];

/* signals.c */
extern const uint8_t     freebsd_sig_from_host[65];
extern const uint8_t     freebsd_sig_to_host[FREEBSD_NSIG + 1];
extern const char *const freebsd_sig_name[FREEBSD_NSIG + 1];
extern const uint8_t     freebsd_sig_default[FREEBSD_NSIG + 1];
int                      freebsd_sigcode_from_host(int guest_sig, int host_code);
void                     freebsd_fault(int host_sig, int host_code, struct ksiginfo *info);

/* start.c */
int    freebsd_start(const struct start_in *in, struct start_out *out);
size_t freebsd_support_page(uint8_t *page, size_t size);

/* sigframe.c */
#define FREEBSD_UCONTEXT_SIZE 880
int freebsd_sigframe(const struct sigframe_in *in, struct sigframe_out *out);
int freebsd_sigreturn(const void *ucontext, struct sigreturn_out *out);

/* caprights.c */
#define FREEBSD_TRAP_CAP 4 /* sys/signal.h, TRAP_CAP */
extern const struct cap_row freebsd_cap_rows[FREEBSD_NSYSCALLS];
int                         freebsd_caprights_in(const uint64_t guest[CAPRIGHTS_WORDS], caprights *out);
void                        freebsd_caprights_out(caprights rights, uint64_t guest[CAPRIGHTS_WORDS]);

/* sock.c */
extern const struct sock_abi freebsd_sock;

/* context.c */
#define FREEBSD_GETCONTEXT_SIZE 816 /* all but uc_link, uc_stack and uc_flags, which are the program's */
int freebsd_getcontext(const struct sigframe_in *in, void *ucontext);

extern const struct abi abi_freebsd_amd64;

#endif
