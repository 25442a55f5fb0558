#include "loader/decoder.h"

#include <dlfcn.h>
#include <pthread.h>

#define LIBRARY "libZydis.so.4.0"

static ZydisDecoder                               decoder;
static __typeof__(ZydisDecoderDecodeInstruction) *decode;

static void load(void)
{
    void                         *lib = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
    __typeof__(ZydisDecoderInit) *init = lib ? (__typeof__(init))dlsym(lib, "ZydisDecoderInit") : NULL;

    if (init && ZYAN_SUCCESS(init(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64)))
        decode = (__typeof__(decode))dlsym(lib, "ZydisDecoderDecodeInstruction");
}

bool decoder_read(const uint8_t *code, size_t n, ZydisDecodedInstruction *i)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    pthread_once(&once, load);
    return decode && ZYAN_SUCCESS(decode(&decoder, NULL, code, n, i));
}
