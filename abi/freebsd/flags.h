/*
 * abi/freebsd/flags.h: one struct flag_group freebsd_flags_<name> for each GROUP(name, ...) of flags.tbl.
 */
#ifndef DRAGOMAN_ABI_FREEBSD_FLAGS_H
#define DRAGOMAN_ABI_FREEBSD_FLAGS_H

#include "abi/abi.h"

#define GROUP(name, ...) extern const struct flag_group freebsd_flags_##name;
#include "abi/freebsd/flags.tbl"
#undef GROUP

#endif
