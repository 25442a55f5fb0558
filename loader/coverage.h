/* loader/coverage.h: docs/coverage.md, printed from the rows. */
#ifndef DRAGOMAN_LOADER_COVERAGE_H
#define DRAGOMAN_LOADER_COVERAGE_H

/* `dragoman coverage`: every ABI of this build, on standard output.  The exit status. */
int coverage_main(int argc, char **argv);

#endif
