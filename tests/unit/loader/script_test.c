/* Unit tests of loader/script.c: FreeBSD's rules for "#!" lines. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "loader/image.h"

static struct script      s;
static struct image_error err;

static int parse(const char *bytes, size_t len)
{
    int fd = memfd_create("script", MFD_CLOEXEC);

    assert_int_equal(write(fd, bytes, len), len);
    int rc = script_parse(fd, &s, &err);
    close(fd);
    return rc;
}

static void lines(void **state)
{
    static const struct {
        const char *line, *interp, *arg; /* arg NULL: none */
    } rows[] = {
        {"#!/bin/sh\n", "/bin/sh", NULL},
        {"#! \t /bin/sh \t \nrest", "/bin/sh", NULL},
        {"#!/usr/bin/env -S  a b  \n", "/usr/bin/env", "-S  a b"},
        {"#!/bin/sh\t-e\n", "/bin/sh", "-e"},
        {"#!sh # comment\n", "sh", "# comment"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(parse(rows[i].line, strlen(rows[i].line)), 1);
        assert_string_equal(s.interp, rows[i].interp);
        assert_int_equal(s.has_arg, rows[i].arg != NULL);
        assert_string_equal(s.arg, rows[i].arg ? rows[i].arg : "");
    }
    assert_int_equal(parse("#!/bin/sh\0-x\n", 13), 1);
    assert_false(s.has_arg); /* a NUL ends the line */
}

static void no_script(void **state)
{
    (void)state;
    assert_int_equal(parse("", 0), 0);
    assert_int_equal(parse("#", 1), 0);
    assert_int_equal(parse("!#/bin/sh\n", 10), 0);
}

static void no_interpreter(void **state)
{
    (void)state;
    assert_int_equal(parse("#!", 2), -ENOEXEC);
    assert_int_equal(parse("#!  \n/bin/sh\n", 13), -ENOEXEC);
    assert_int_equal(err.exit_status, 126);
    assert_int_equal(parse("#!/bin/sh", 9), -ENOEXEC); /* the line has no end */
    assert_int_equal(parse("#!/bin/sh -e  ", 14), -ENOEXEC);
}

static void long_lines(void **state)
{
    char *big = malloc(3 * SCRIPT_HEAD_MAX);

    (void)state;
    memset(big, 'x', 3 * SCRIPT_HEAD_MAX);
    memcpy(big, "#!", 2);
    assert_int_equal(parse(big, 3 * SCRIPT_HEAD_MAX), -ENAMETOOLONG);
    big[10] = ' ';
    assert_int_equal(parse(big, 3 * SCRIPT_HEAD_MAX), -ENOEXEC); /* now it is the argument that is long */
    big[SCRIPT_HEAD_MAX] = '\n';
    assert_int_equal(parse(big, 3 * SCRIPT_HEAD_MAX), -ENOEXEC); /* beyond the page */
    big[SCRIPT_HEAD_MAX - 1] = '\n';
    assert_int_equal(parse(big, 3 * SCRIPT_HEAD_MAX), 1);
    assert_int_equal(strlen(s.interp), 8);
    assert_int_equal(strlen(s.arg), SCRIPT_HEAD_MAX - 12);
    big[10] = 'x';
    big[2 + 1023] = '\n';
    assert_int_equal(parse(big, 3 * SCRIPT_HEAD_MAX), 1);
    assert_int_equal(strlen(s.interp), 1023);
    big[2 + 1023] = 'x';
    big[2 + 1024] = '\n';
    assert_int_equal(parse(big, 3 * SCRIPT_HEAD_MAX), -ENAMETOOLONG);
    free(big);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines),
        cmocka_unit_test(no_script),
        cmocka_unit_test(no_interpreter),
        cmocka_unit_test(long_lines),
    };

    return cmocka_run_group_tests_name("loader/script", tests, NULL, NULL);
}
