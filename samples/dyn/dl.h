/*
 * What the interpreter of the dynamic sample offers to programs, as rtld does: libsample.so has weak functions of these
 * names that do nothing, as libc has for dlopen and its like (lib/libc/gen/dlfcn.c), and the interpreter's own win.
 */
#ifndef SAMPLE_DYN_DL_H
#define SAMPLE_DYN_DL_H

enum { DL_LONE = 1 }; /* without what it needs: what is not found there is left out, and counted */

void *dl_open(const char *name, int flags);
void *dl_fdopen(int fd, int flags);
void *dl_sym(void *handle, const char *name);
int   dl_close(void *handle);
int   dl_missing(void *handle); /* symbols that were not found */
/* A thread's block, for thr_new (_rtld_allocate_tls). */
void *dl_tls_new(void);
void  dl_tls_free(void *tcb);

#endif
