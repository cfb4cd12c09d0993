/* SPDX-License-Identifier: Apache-2.0 */
/* What HAProxy's runtime API answers, as data. Pure; answers are hostile. */
#ifndef SLUICE_HAPROXY_PARSE_H
#define SLUICE_HAPROXY_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "plugins/sdk/error.h"
#include "plugins/sdk/plugin.h"

struct hap_server {
	char *name, *address;
	unsigned port;
	int weight, initial; /* now, and as in the configuration file */
	enum sl_admin admin;
	bool up, checked, backup;
	bool counted; /* its row of statistics was seen */
	int64_t sessions, queued;
};

/* One backend as one node sees it. */
struct hap_view {
	char *algorithm;
	bool http, persistence;
	struct hap_server *servers;
	size_t count, cap;
};

/* The command line whose answer hap_view_parse reads; yours to free. */
char *hap_view_line(const char *backend);

/*
 * Fill *v (zeroed, or released) from the whole answer. SL_EAUTH: the socket's level is too low.
 * SL_ENOTFOUND: no such backend, with near matches. SL_EPROTO: anything that HAProxy would not
 * say, or an answer that ends too early. *v may be partly filled then: release it all the same.
 */
int hap_view_parse(struct hap_view *v, const char *backend, const char *answer, size_t len,
		   struct sl_error *e);
void hap_view_release(struct hap_view *v);
const struct hap_server *hap_view_find(const struct hap_view *v, const char *server);

/* Letters, digits and .:_- as HAProxy has them: such a name can stand in a command line. */
bool hap_is_name(const char *s);

bool hap_weights_work(const char *algorithm);
bool hap_weights_exact(const char *algorithm);

#endif
