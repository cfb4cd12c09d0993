/* SPDX-License-Identifier: Apache-2.0 */
/* What a plugin was given in the inventory. Borrowed from `given` but where said. Pure. */
#ifndef SLUICE_SDK_SETTING_H
#define SLUICE_SDK_SETTING_H

#include <stdbool.h>

#include "plugins/sdk/plugin.h"

const struct sl_setting_value *sl_setting_find(const struct sl_settings *given, const char *name);
const char *sl_setting_text(const struct sl_settings *given, const char *name); /* NULL = none */
bool sl_setting_is_true(const struct sl_settings *given, const char *name);
/* A copy, yours to free; "" is none. */
char *sl_setting_dup(const struct sl_settings *given, const char *name);
/* Never NULL, and without slashes at its end: paths are put behind it. */
char *sl_setting_dup_url(const struct sl_settings *given, const char *name);

#endif
