/* syscalls/code.c: nobody rewrites code, until somebody says so. */
#include "syscalls/code.h"

#include <stddef.h>

const struct code_ops *code_ops;
