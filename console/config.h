/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The console's part of config.yaml, read at the start and again whenever the file changes:
 *
 *     console:
 *       theme: dark            # dark, light, contrast
 *       mouse: false
 *       keys:
 *         mark: m space        # names of keys; none unbinds
 */
#ifndef SLUICE_CONSOLE_CONFIG_H
#define SLUICE_CONSOLE_CONFIG_H

#include "plugins/sdk/error.h"

struct app;
struct config;

/* path NULL = $XDG_CONFIG_HOME/sluice/config.yaml, or ~/.config/sluice/config.yaml; a file that is
 * not there is an empty one. SL_EINPUT with the place of the first mistake. */
int config_open(struct app *a, const char *path, struct config **out, struct sl_error *e);
void config_close(struct config *c, void (*closed)(void *arg), void *arg);

/* One text, into bindings, theme and mouse; nothing is taken when it cannot be read. */
int config_apply(struct app *a, const char *path, const char *text, struct sl_error *e);

#endif
