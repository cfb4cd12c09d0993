/* SPDX-License-Identifier: Apache-2.0 */
/* What is wrong with which source. */
#ifndef SLUICE_CONSOLE_TROUBLE_H
#define SLUICE_CONSOLE_TROUBLE_H

#include "console/app.h"

/* The first source that fails, and how many more do; false = none does. */
bool trouble_line(struct app *a, char *dst, size_t size);
/* Where a view has nothing to show: how each of its sources is. False = it has none. */
bool trouble_draw(struct app *a, const struct screen *s, struct canvas *c, struct rect r);

#endif
