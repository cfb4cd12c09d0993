/* SPDX-License-Identifier: Apache-2.0 */
/* What the gateway answers, taken apart. Runs on the loop or on the pool. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/etcd/etcd.h"
#include "plugins/sdk/json.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/text.h"

#define ROWS_MANY 100 /* their release costs the loop some tenths of a millisecond */

int64_t etcd_int(const cJSON *v, const char *key)
{
	const char *text = sl_json_str(v, key, NULL);
	char *end;
	long long n;

	if (!text)
		return sl_json_int(v, key, 0);
	errno = 0;
	n = strtoll(text, &end, 10);
	return errno || end == text || *end ? 0 : n;
}

static void row_release(struct etcd_row *row)
{
	free(row->key);
	free(row->value);
	cJSON_Delete(row->doc);
}

void etcd_reply_release(struct etcd_reply *reply)
{
	for (size_t i = 0; i < reply->row_count; i++)
		row_release(&reply->rows[i]);
	free(reply->rows);
	free(reply->token);
	*reply = (struct etcd_reply){0};
}

struct discarded {
	struct etcd *etcd;
	struct etcd_reply reply;
};

static void on_discard(void *arg)
{
	etcd_reply_release(&((struct discarded *)arg)->reply);
}

static void on_discarded(void *arg)
{
	struct discarded *d = arg;
	struct etcd *etcd = d->etcd;

	free(d);
	etcd->discarding--;
	etcd_maybe_free(etcd);
}

void etcd_reply_discard(struct etcd *etcd, struct etcd_reply *reply)
{
	struct discarded *d;

	if (reply->row_count < ROWS_MANY) {
		etcd_reply_release(reply);
		return;
	}
	d = sl_alloc(sizeof *d);
	*d = (struct discarded){.etcd = etcd, .reply = *reply};
	*reply = (struct etcd_reply){0};
	etcd->discarding++;
	etcd->services->offload(etcd->services->ctx, on_discard, on_discarded, d);
}

/* --- errors --- */

static const struct {
	int code; /* gRPC's */
	enum sl_err err;
} codes[] = {
	{1, SL_ECANCELED},     {3, SL_EINPUT},     {4, SL_ETIMEOUT},  {5, SL_ENOTFOUND},
	{7, SL_EAUTH},         {8, SL_ENOSPACE},   {9, SL_EPROTO},    {11, SL_ENOTFOUND},
	{12, SL_EUNSUPPORTED}, {13, SL_EINTERNAL}, {14, SL_EREFUSED}, {16, SL_EAUTH},
};

static const struct {
	const char *says, *advice;
	enum sl_err err;
} cases[] = {
	{"user name is empty", "it wants a login: set user and password", SL_EAUTH},
	{"authentication failed", "check user and password", SL_EAUTH},
	{"authentication is not enabled", "it knows no users: leave out user and password",
	 SL_EAUTH},
	{"permission denied", "the user's role lacks this range of keys", SL_EAUTH},
	{"invalid auth token", "the login ran out", SL_EAUTH},
	{"database space exceeded", "etcd takes no writes until it is compacted and disarmed",
	 SL_ENOSPACE},
	{"no leader", "its cluster has lost its majority", SL_ETIMEOUT},
};

static int reply_fail(struct etcd_reply *reply, const cJSON *root, long status, struct sl_error *e)
{
	const char *says = sl_json_str(root, "message", NULL);
	enum sl_err err = status == 401 || status == 403 ? SL_EAUTH : SL_EPROTO;

	if (!says)
		says = sl_json_str(root, "error", "it gives no reason");
	reply->code = (int)sl_json_int(root, "code", 0);
	for (size_t i = 0; i < SL_COUNT(cases); i++)
		if (strstr(says, cases[i].says))
			return sl_fail(e, cases[i].err, "%.300s: %s", says, cases[i].advice);
	for (size_t i = 0; i < SL_COUNT(codes); i++)
		if (codes[i].code == reply->code)
			err = codes[i].err;
	return sl_fail(e, err, "etcd refuses (status %ld): %.300s", status, says);
}

/* --- rows --- */

static char *bytes_get(const cJSON *kv, const char *name, size_t *len)
{
	return sl_text_unbase64(sl_json_str(kv, name, ""), len);
}

static int row_read(struct etcd_row *row, const cJSON *kv, bool docs, size_t part,
		    struct sl_error *e)
{
	*row = (struct etcd_row){
		.created = etcd_int(kv, "create_revision"),
		.modified = etcd_int(kv, "mod_revision"),
		.version = etcd_int(kv, "version"),
		.part = part,
	};
	row->key = bytes_get(kv, "key", &row->key_len);
	row->value = bytes_get(kv, "value", &row->value_len);
	if (!row->key || !row->key_len || !row->value)
		return sl_fail(e, SL_EPROTO, "its answer holds a key or value that is not base64");
	if (!docs)
		return SL_OK;
	row->doc = sl_json_parse(row->value, row->value_len, NULL);
	if (cJSON_IsObject(row->doc))
		return SL_OK;
	cJSON_Delete(row->doc);
	row->doc = NULL;
	return SL_OK;
}

static int rows_read(struct etcd_reply *reply, const cJSON *range, bool docs, size_t part,
		     struct sl_error *e)
{
	const cJSON *kvs = sl_json_get(range, "kvs"), *kv;
	int count = cJSON_GetArraySize(kvs);

	if (kvs && !cJSON_IsArray(kvs))
		return sl_fail(e, SL_EPROTO, "its answer is not etcd's: 'kvs' is no list");
	if (!count)
		return SL_OK;
	reply->rows =
		sl_realloc_n(reply->rows, reply->row_count + (size_t)count, sizeof *reply->rows);
	cJSON_ArrayForEach(kv, kvs)
	{
		if (row_read(&reply->rows[reply->row_count++], kv, docs, part, e) != SL_OK)
			return e->code;
	}
	return SL_OK;
}

static int reply_read(struct etcd_reply *reply, const cJSON *root, bool docs, struct sl_error *e)
{
	const cJSON *header = sl_json_get(root, "header"), *response;
	size_t part = 0;

	reply->revision = etcd_int(header, "revision");
	if (!cJSON_IsObject(header) || reply->revision <= 0)
		return sl_fail(e, SL_EPROTO,
			       "its answer is not etcd's: there is no header with a revision");
	reply->count = etcd_int(root, "count");
	reply->more = sl_json_bool(root, "more", false);
	reply->succeeded = sl_json_bool(root, "succeeded", false);
	reply->token = sl_strdup(sl_json_str(root, "token", NULL));
	if (rows_read(reply, root, docs, 0, e) != SL_OK)
		return e->code;
	cJSON_ArrayForEach(response, sl_json_get(root, "responses"))
	{
		const cJSON *range = sl_json_get(response, "response_range");

		if (range && rows_read(reply, range, docs, part, e) != SL_OK)
			return e->code;
		part++;
	}
	return SL_OK;
}

int etcd_reply_parse(struct etcd_reply *reply, bool docs, long status, const char *text, size_t len,
		     struct sl_error *e)
{
	cJSON *root = sl_json_parse(text, len, e);
	int rc;

	if (!root) {
		sl_error_prefix(e, "status %ld", status);
		return e->code;
	}
	if (status != 200 || sl_json_get(root, "error"))
		rc = reply_fail(reply, root, status, e);
	else
		rc = reply_read(reply, root, docs, e);
	cJSON_Delete(root);
	return rc;
}
