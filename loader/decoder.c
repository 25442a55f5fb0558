#include "loader/decoder.h"

#include <errno.h>
#include <pthread.h>

#include "loader/library.h"

#define LIBRARY "libZydis.so.4.0"

static ZydisDecoder                               decoder;
static __typeof__(ZydisDecoderDecodeInstruction) *decode;

static int load_result;

static void load(void)
{
    struct library                lib;
    __typeof__(ZydisDecoderInit) *init;

    load_result = library_open(LIBRARY, &lib);
    if (load_result)
        return;
    init = (__typeof__(init))library_function(&lib, "ZydisDecoderInit");
    if (init && ZYAN_SUCCESS(init(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64)))
        decode = (__typeof__(decode))library_function(&lib, "ZydisDecoderDecodeInstruction");
    if (!decode)
        load_result = -ENOEXEC;
}

int decoder_load(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    pthread_once(&once, load);
    return load_result;
}

bool decoder_read(const uint8_t *code, size_t n, ZydisDecodedInstruction *i)
{
    return !decoder_load() && ZYAN_SUCCESS(decode(&decoder, NULL, code, n, i));
}
