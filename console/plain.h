/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The console without a screen, for pipes, screen readers and terminals that can do nothing: the
 * same views as lines. What changes is said as it changes. Standard input takes a line each: a
 * key's name, or a command with or without its colon.
 */
#ifndef SLUICE_CONSOLE_PLAIN_H
#define SLUICE_CONSOLE_PLAIN_H

#include "console/app.h"

/* Until `quit`; at the end of standard input too, once what there is was said. */
void plain_run(struct app *a);

#endif
