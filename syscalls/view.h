/*
 * syscalls/view.h: which part of the host's tree a guest sees.
 *
 * Plain: all of it.  --sysroot: an absolute path that names something other than
 * a directory there is taken from there, everything else from the host (so that
 * programs find their libraries, and /tmp is still the host's).  --root: that
 * directory is "/", and nothing leads out of it.
 */
#ifndef DRAGOMAN_SYSCALLS_VIEW_H
#define DRAGOMAN_SYSCALLS_VIEW_H

#include <stdbool.h>
#include <stddef.h>

struct view;

#define OPENAT2_TRIES 1000 /* how often openat2 may say that it could not walk, for a rename was going on */

/*
 * Sets session.view (NULL when both are NULL: the plain view).  Relative names
 * are taken from the provider's working directory.  0, or the -errno of the
 * directory that cannot be used; *culprit is then its name.  Once, at start.
 */
int view_init(const char *sysroot, const char *root, const char **culprit);

/*
 * Under --root, makes the root the working directory when that lies outside of
 * it: the first program starts there.  0 or -errno.
 */
int view_enter(void);

/* Back to the plain view. */
void view_end(void);

/*
 * Opens a host path for the provider itself (first program, its interpreter):
 * seen through the view, read-only, close-on-exec.  Descriptor or -errno.
 */
int view_open(const char *path);

/*
 * The host path behind an absolute guest path, by --sysroot; follow: what a
 * final symbolic link leads to.  True when the sysroot has it (then out holds
 * it), false: the guest path is the host path.
 */
bool view_sysroot(const char *path, bool follow, char *out, size_t size);

/* The host path of --root, NULL without one. */
const char *view_root(void);

/* What follows directory's own name in an absolute host path ("" for itself); NULL: path lies outside. */
const char *view_below(const char *path, const char *directory);

/* The guest's name of a host path: without --root, and outside of it, that is the host's. */
const char *view_name(const char *host);

#endif
