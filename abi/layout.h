/*
 * abi/layout.h: conversion of structures by table.
 */
#ifndef DRAGOMAN_ABI_LAYOUT_H
#define DRAGOMAN_ABI_LAYOUT_H

#include "abi/abi.h"

/* l->gsize bytes to l->hsize bytes; bytes that no field names are zero.  0, or -EINVAL by a field's flag group. */
int layout_to_host(const struct layout *l, const void *guest, void *host);
/* The other way.  Numbers that do not fit are cut. */
void layout_to_guest(const struct layout *l, const void *host, void *guest);

#endif
