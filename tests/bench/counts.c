/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/counts.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/sdk/json.h"
#include "plugins/sdk/mem.h"
#include "tests/peers/conform/wire.h"

static bool get(struct reply *r, const char *url, const char *path)
{
	char *whole = sl_asprintf("%s%s", url, path);

	wire_ask(r, "GET", whole, NULL, NULL);
	if (r->status != 200)
		fprintf(stderr, "bench: %s: status %ld\n", whole, r->status);
	free(whole);
	return r->status == 200;
}

/* The figure behind the first line that begins so; NaN = there is none. */
static double metric(const char *text, const char *name)
{
	size_t len = strlen(name);
	const char *at;

	for (at = text; (at = strstr(at, name)); at += len)
		if ((at == text || at[-1] == '\n') && at[len] == ' ')
			return strtod(at + len, NULL);
	return NAN;
}

bool counts_etcd(const char *url, struct counts *c)
{
	struct reply r;
	bool ok = get(&r, url, "/metrics");

	*c = (struct counts){NAN, NAN, NAN};
	if (ok) {
		c->requests =
			metric(r.body, "grpc_server_started_total{grpc_method=\"Range\","
				       "grpc_service=\"etcdserverpb.KV\",grpc_type=\"unary\"}");
		c->bytes = metric(r.body, "etcd_network_client_grpc_sent_bytes_total");
	}
	wire_release(&r);
	return ok;
}

bool counts_sc(const char *url, struct counts *c)
{
	struct reply r;
	bool ok = get(&r, url, "/_fake");
	cJSON *root = ok ? sl_json_parse(r.body, r.len, NULL) : NULL;

	*c = (struct counts){NAN, NAN, NAN};
	if (root) {
		c->requests =
			(double)(sl_json_int(root, "gets", 0) + sl_json_int(root, "batchFinds", 0));
		c->not_modified = (double)sl_json_int(root, "namesNotModified", 0);
		c->bytes = (double)sl_json_int(root, "bytes", 0);
	}
	cJSON_Delete(root);
	wire_release(&r);
	return ok;
}
