/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The console driven from a file: a line a key. Other lines: `wait TEXT` (until it is on the
 * screen), `gone TEXT` (until it is not), `type TEXT`, `dump FILE` (the screen as text), `size
 * WxH` (without a terminal), `# ...`. The script waits on events, never for a fixed time.
 */
#ifndef SLUICE_CONSOLE_SCRIPT_H
#define SLUICE_CONSOLE_SCRIPT_H

#include "console/app.h"

struct script;

/* SL_EINPUT with the line's number when it cannot be read. */
int script_open(struct app *a, const char *path, struct script **out, struct sl_error *e);
void script_close(struct script *s, void (*closed)(void *arg), void *arg);
/* After a paint: do the next line if there is nothing to wait for. True = something was done, so
 * there must be another turn. At the end, and when a wait was in vain, sets a->quit. */
bool script_step(struct app *a, struct script *s);

/* Write the screen as text; "-" = standard output. */
int screen_dump(const struct canvas *c, const char *path, struct sl_error *e);

#endif
