/* SPDX-License-Identifier: BSD-2-Clause */
/* How the numbers of a row are kept in the struct of its section. */
#ifndef CONF_VALUE_H
#define CONF_VALUE_H

#include <stdint.h>

#include "conf/type.h"

/* A number of the row: in 64 bits or, as what one of several words stands for, in 32, or a bool. */
void conf_number_set(const struct conf_row *row, uint64_t number, void *value);
uint64_t conf_number_get(const struct conf_row *row, const void *value);

#endif
