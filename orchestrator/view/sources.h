/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The backends of an inventory as sources of a catalogue: its registries, configs, metrics and
 * tracing. One that cannot be opened (no plugin, wrong settings, a secret that is not there) is a
 * source with an error and stops nobody. Loop thread only.
 */
#ifndef SLUICE_VIEW_SOURCES_H
#define SLUICE_VIEW_SOURCES_H

#include "orchestrator/playbook/playbook.h"
#include "plugins/host/catalogue.h"

struct vw_sources;

/* Named only, as sources that are still to answer: what is slow comes with vw_sources_connect. */
struct vw_sources *vw_sources_new(uv_loop_t *loop, const struct inventory_file *f,
				  int64_t interval_ms);
/*
 * Open them all. f and plugins must outlive it; secret references are read here, which may block
 * for `command:`. A registry of type `static` lists the inventory's groups: a group is a service,
 * its hosts are the instances, their state unknown. interval_ms 0 = the catalogue's default.
 * A metrics backend may hold `queries`: a map of MEASURE or SERVICE.MEASURE to an expression, see
 * catalogue_query.
 */
void vw_sources_connect(struct vw_sources *s, struct plugin_host *plugins);
/* Both. */
struct vw_sources *vw_sources_open(uv_loop_t *loop, const struct inventory_file *f,
				   struct plugin_host *plugins, int64_t interval_ms);
struct catalogue *vw_sources_catalogue(const struct vw_sources *s); /* borrowed */
/* The catalogue goes first, then the backends, then s; all before the plugin host. */
void vw_sources_close(struct vw_sources *s, void (*closed)(void *arg), void *arg);

#endif
