/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Does a value fit the type of its config key? json, yaml, properties, ini, int, number and bool
 * are looked into; any other type takes everything. Pure.
 */
#ifndef SLUICE_VIEW_VALUE_CHECK_H
#define SLUICE_VIEW_VALUE_CHECK_H

#include <stdbool.h>
#include <stddef.h>

#include "plugins/sdk/error.h"

/* SL_EINPUT and a sentence with the place when it does not. An empty value fits any type. */
int value_check(const char *type, const char *value, size_t len, struct sl_error *e);
/* Is that type one that is looked into? */
bool value_is_checked(const char *type);

#endif
