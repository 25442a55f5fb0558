/* samples/exec/exec.h: the parts of the sample exec. */
#ifndef SAMPLE_EXEC_H
#define SAMPLE_EXEC_H

#include "sample.h"

#define PATH_SIZE 2048

/* A call of execve, or of fexecve where path is null. */
struct attempt {
    const char *path;
    int         fd;
    char      **argv, **envp; /* envp null: the sample's own */
};

char *in_dir(char *to, const char *name);
void  file_make(const char *name, const char *bytes, size_t n, int mode);
/* In this process; returns only when it fails. */
long exec_call(const struct attempt *a);
/* In a child: what the program prints, or the error's name. */
void expect(const char *path, char **argv, const char *want, const char *what);
void expect_of(const struct attempt *a, const char *want, const char *what);
/* All that a child writes to out until it ends; its exit status, or -SIGNAL. */
int told(long pid, int out[2], char *text, size_t size);

void check_scripts(void);
void check_refusals(char *self);
void check_descriptors(void);
void check_state(void);
int  state_report(int argc, char **argv); /* of the program "state" */

#endif
