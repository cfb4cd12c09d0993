/* SPDX-License-Identifier: Apache-2.0 */
/* The screen of one config key: what key.c shows and key_change.c changes. */
#ifndef SLUICE_CONSOLE_KEY_OWN_H
#define SLUICE_CONSOLE_KEY_OWN_H

#include "console/ask_key.h"
#include "console/views/key_seen.h"
#include "console/views/views.h"

struct key_own {
	struct key_ref ref; /* key NULL = not known yet */
	struct question *ask, *other;
	char *asked_for;         /* revision in the catalogue when the versions were asked for */
	size_t others, other_at; /* the same key with other labels; 0 = none is compared with */
	bool gone;               /* the catalogue has it no more */
	struct key_seen seen;
	char misfit[256]; /* why the draft does not fit the key's type; "" = it does */
	bool warned;      /* that leaving drops the draft */
};

/* --- key_change.c: a draft, publishing it, and going back --- */

const char *key_change_why(const struct key_own *o, const struct table *t, enum action what);
/* True = it was one of those. */
bool key_change_act(struct app *a, struct screen *s, enum action what);
/* What is to be said of the draft. */
void key_draft_say(const struct key_own *o, char *text, size_t size);
/* It stands in the config centre by now, or the view is left. */
void key_draft_drop_if_live(struct key_own *o);

#endif
