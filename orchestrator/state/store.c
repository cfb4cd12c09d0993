/* SPDX-License-Identifier: Apache-2.0 */
/* Opening and closing, and what belongs to the folder as a whole. */
#include "orchestrator/state/store.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "orchestrator/state/private.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/units.h"

static uint64_t crash_point(void)
{
	const char *text = getenv("SLUICE_TEST_CRASH");
	int64_t n = 0;

	return text && sl_count_parse(text, 1, INT64_MAX, &n) ? (uint64_t)n : 0;
}

int store_open(const char *folder, struct store **out, struct sl_error *e)
{
	struct store *s = sl_alloc(sizeof *s);
	struct sl_error local = {0};
	int rc;

	*out = NULL;
	rc = store_folder_prepare(folder, &s->folder, &local);
	if (!rc)
		rc = db_open(s, &local);
	if (rc) {
		if (e)
			*e = local;
		store_close(s);
		return rc;
	}
	store_controller_self(&s->self);
	s->crash_at = crash_point();
	s->seen_version = db_version(s);
	*out = s;
	return 0;
}

void store_close(struct store *s)
{
	if (!s)
		return;
	writer_stop(s);
	sqlite3_finalize(s->version);
	sqlite3_close(s->db);
	free(s->folder);
	free(s);
}

const char *store_folder(const struct store *s)
{
	return s->folder;
}

static int look_for_change(struct store *s, void *arg, struct sl_error *e)
{
	bool *changed = arg;
	int64_t version = db_version(s);

	(void)e;
	*changed = version != s->seen_version;
	s->seen_version = version;
	return 0;
}

bool store_changed(struct store *s)
{
	bool changed = false;

	writer_call(s, look_for_change, &changed, NULL);
	return changed;
}

static int make_key(char key[65], struct sl_error *e)
{
	unsigned char raw[32];
	size_t got = 0, i;

	while (got < sizeof raw) {
		ssize_t n = getrandom(raw + got, sizeof raw - got, 0);

		if (n < 0 && errno != EINTR)
			return sl_fail(e, SL_EIO, "no random numbers: %s", strerror(errno));
		if (n > 0)
			got += (size_t)n;
	}
	for (i = 0; i < sizeof raw; i++) {
		key[2 * i] = "0123456789abcdef"[raw[i] >> 4];
		key[2 * i + 1] = "0123456789abcdef"[raw[i] & 15];
	}
	key[64] = '\0';
	return 0;
}

static int get_key(struct store *s, void *arg, struct sl_error *e)
{
	char *key = arg;
	sqlite3_stmt *st;
	int rc = make_key(key, e);

	/* Whoever is first has made it; everyone reads back the same one. */
	if (!rc)
		rc = db_run(s, e, "INSERT OR IGNORE INTO meta VALUES('key', ?)", "s", key);
	if (rc)
		return rc;
	st = db_query(s, e, "SELECT value FROM meta WHERE key='key'", "");
	if (!st)
		return (int)e->code;
	if (db_step(s, st, e)) {
		if (strlen(db_text(st, 0)) == 64)
			memcpy(key, db_text(st, 0), 65);
		else
			sl_fail(e, SL_EIO, "state store %s/runs.db: its key is damaged", s->folder);
	}
	return db_end(st, e);
}

int store_key(struct store *s, char key[65], struct sl_error *e)
{
	return writer_call(s, get_key, key, e);
}
