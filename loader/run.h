/* loader/run.h: dragoman run. */
#ifndef DRAGOMAN_LOADER_RUN_H
#define DRAGOMAN_LOADER_RUN_H

#include <stdbool.h>

#include "loader/stat.h"

struct run_options {
    const char                *door; /* "notify", "ptrace", NULL: notify, or ptrace where the host lacks it */
    const char                *abi;
    const char                *sysroot, *root;
    bool                       trace;
    bool                       check_tables; /* at the end of each process and of the session; 125 when unsound */
    bool                       daemons;      /* what the first program leaves behind lives on */
    bool                       no_rewrite;   /* call sites stay as they are */
    const char                *trace_file;   /* NULL: standard error */
    const struct stat_options *stat;         /* NULL: nothing is counted */
    char                     **envp;         /* the guest's environment */
    const char                *program;      /* its file; NULL: argv[0] names it */
    char                     **argv;         /* what the program is given */
};

/* Runs the program to its end.  Exit status for main; dies by the guest's own signal where the guest did. */
int run(const struct run_options *o);

#endif
