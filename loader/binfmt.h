/* loader/binfmt.h: dragoman binfmt: the host starts foreign programs through us (binfmt_misc). */
#ifndef DRAGOMAN_LOADER_BINFMT_H
#define DRAGOMAN_LOADER_BINFMT_H

#include <stdbool.h>
#include <stddef.h>

#include "abi/abi.h"

/*
 * What is written to binfmt_misc's register file so that programs of the ABI are
 * given to the interpreter (an absolute path); keep_argv0: with the flag P, of
 * which the host tells an interpreter since Linux 5.12.  The length, 0: it does
 * not fit, or no file of the ABI can be told by its first bytes.
 */
size_t binfmt_rule(const struct abi *abi, const char *interp, bool keep_argv0, char *out, size_t size);

/* Started by the host for a rule with the flag P: argv is interpreter, path, the program's own argv. */
bool binfmt_started(void);

/* dragoman binfmt install|uninstall|status [--dir=DIR].  Exit status. */
int binfmt_main(int argc, char **argv);

#endif
