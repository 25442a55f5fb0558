/* Libraries of the host's without the host's dynamic linker: what can be had, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <Zydis/Zydis.h>
#include <errno.h>
#include <string.h>
#include <sys/auxv.h>
#include <time.h>

#include "loader/decoder.h"
#include "loader/library.h"

static void one_that_only_computes(void **state)
{
    static const uint8_t    lea[] = {0x48, 0x8d, 0x15, 0x10, 0, 0, 0};
    struct library          lib;
    ZydisDecodedInstruction i;
    const char *(*name)(ZydisMnemonic);

    (void)state;
    assert_int_equal(library_open("libZydis.so.4.0", &lib), 0);
    assert_non_null(library_function(&lib, "ZydisDecoderInit"));
    assert_non_null(library_function(&lib, "ZydisGetVersion"));
    assert_null(library_function(&lib, "ZydisDecoderInits"));
    assert_null(library_function(&lib, ""));
    assert_int_equal(((ZyanU64(*)(void))library_function(&lib, "ZydisGetVersion"))(), ZYDIS_VERSION);
    name = (__typeof__(name))library_function(&lib, "ZydisMnemonicGetString");
    assert_string_equal(name(ZYDIS_MNEMONIC_LEA), "lea");
    assert_true(decoder_read(lea, sizeof lea, &i));
    assert_int_equal(i.mnemonic, ZYDIS_MNEMONIC_LEA);
    assert_int_equal(i.length, sizeof lea);
}

static void what_is_refused(void **state)
{
    struct library lib;

    (void)state;
    assert_int_equal(library_open("libnobody-has-this.so.9", &lib), -ENOENT);
    assert_int_equal(library_open("libc.so.6", &lib), -ENOEXEC); /* thread-local data */
    assert_int_equal(library_open("libz.so.1", &lib), -ENOEXEC); /* asks for malloc */
    assert_int_equal(library_open("../../../etc/passwd", &lib), -ENOEXEC);
}

static void the_one_that_the_host_put_there(void **state)
{
    const uint64_t  image = getauxval(AT_SYSINFO_EHDR), at = library_vdso("__vdso_clock_gettime");
    struct timespec by_library, by_call;

    (void)state;
    if (!image)
        skip();
    assert_int_not_equal(at, 0);
    assert_int_equal(library_vdso("__vdso_nothing"), 0);
    assert_int_equal(clock_gettime(CLOCK_MONOTONIC, &by_call), 0);
    assert_int_equal(((int (*)(clockid_t, struct timespec *))(image + at))(CLOCK_MONOTONIC, &by_library), 0);
    assert_in_range(by_library.tv_sec, by_call.tv_sec, by_call.tv_sec + 60);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_that_only_computes),
        cmocka_unit_test(what_is_refused),
        cmocka_unit_test(the_one_that_the_host_put_there),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
