/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The plugin host: finds, checks and loads plugins, opens backends with checked settings, and
 * gives plugins their services. The orchestrator registers the opener for streams that start on a
 * host over SSH, so a router plugin reaches a socket on an LB host without knowing SSH.
 * Loop thread only.
 */
#ifndef SLUICE_PLUGINS_HOST_H
#define SLUICE_PLUGINS_HOST_H

#include <stddef.h>
#include <uv.h>

#include "plugins/sdk/plugin.h"

struct plugin_host;

/* Opens a stream that starts on an inventory host (endpoint.host is not NULL). */
typedef struct sl_stream *(*plugin_host_remote)(void *ctx, const struct sl_endpoint *to,
						int64_t timeout_ms,
						const struct sl_stream_events *events, void *arg);

/* loop may be NULL when only listing and validating (no backend may be opened then). */
struct plugin_host *plugin_host_new(uv_loop_t *loop);
/* All backends must have been closed. */
void plugin_host_close(struct plugin_host *h, void (*closed)(void *arg), void *arg);
void plugin_host_set_remote(struct plugin_host *h, plugin_host_remote open, void *ctx);
struct sl_http *plugin_host_http(struct plugin_host *h); /* borrowed; for probes */

/*
 * Load every plugin of one folder (FOLDER/NAME.so and FOLDER/NAME/NAME.so), in name order. The
 * folder must be owned by root or the user and not writable by others, else it is skipped with a
 * warning. Each file is probe-loaded once in a child first. One that is refused (ABI, missing
 * operation) is kept in the list with its reason and does not stop the others. A name already
 * loaded wins.
 */
int plugin_host_load_folder(struct plugin_host *h, const char *folder, struct sl_error *e);
/* The usual folders, in order: each of SLUICE_PLUGINS (colon separated), BINDIR/plugins beside the
 * running program, the installed BINDIR/../lib/sluice/plugins. */
int plugin_host_load_default(struct plugin_host *h, struct sl_error *e);
/* From there only what these types need: files named after one of them, or, when that leaves a type
 * without a plugin, all. Each file costs a child process. */
int plugin_host_load_types(struct plugin_host *h, const char *const *types, size_t count,
			   struct sl_error *e);

struct plugin_info {
	const struct sl_plugin *plugin; /* NULL when refused */
	const char *name, *path;
	const char *refused; /* the sentence, or NULL */
};
size_t plugin_host_count(const struct plugin_host *h);
struct plugin_info plugin_host_info(const struct plugin_host *h, size_t i); /* borrowed */
const struct sl_plugin *plugin_host_find(const struct plugin_host *h, const char *name);

/* Check settings against the plugin's table (unknown, missing, malformed: SL_EINPUT naming the
 * setting, with a near match). Secrets must be resolved already. */
int plugin_settings_check(const struct sl_plugin *p, const struct sl_settings *s,
			  struct sl_error *e);

struct plugin_backend; /* an open instance of a plugin */
struct plugin_backend *plugin_backend_open(struct plugin_host *h, const struct sl_plugin *p,
					   const struct sl_settings *s, struct sl_error *e);
void plugin_backend_close(struct plugin_backend *b, void (*closed)(void *arg), void *arg);
const struct sl_plugin *plugin_backend_plugin(const struct plugin_backend *b);
void *plugin_backend_instance(const struct plugin_backend *b);

#endif
