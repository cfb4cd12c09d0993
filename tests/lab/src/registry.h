/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A service or client of the lab in the registry, as real ones are: from a thread of its own it
 * registers, keeps that alive, and keeps a small list of whom it may call, which lags a little and
 * stays good while the registry is silent. The registry is given as
 *
 *     etcd://ADDRESS:PORT/ENVIRONMENT     or     sc://ADDRESS:PORT/ENVIRONMENT
 */
#ifndef SLUICE_LAB_REGISTRY_H
#define SLUICE_LAB_REGISTRY_H

#include "center.h"
#include "etcd.h"

static inline bool lab_registry_parse(struct lab_registry *r, const char *text)
{
	static const char *const schemes[] = {[LAB_ETCD] = "etcd://", [LAB_SC] = "sc://"};
	size_t skip, len;

	*r = (struct lab_registry){0};
	for (int k = LAB_ETCD; k <= LAB_SC; k++) {
		skip = strlen(schemes[k]);
		len = strncmp(text, schemes[k], skip) == 0 ? strcspn(text + skip, "/") : 0;
		if (!len || len >= sizeof(r->address) || text[skip + len] != '/')
			continue;
		r->kind = (enum lab_registry_kind)k;
		snprintf(r->address, sizeof(r->address), "%.*s", (int)len, text + skip);
		snprintf(r->environment, sizeof(r->environment), "%s", text + skip + len + 1);
		return r->environment[0];
	}
	return false;
}

/*
 * Who may get traffic, at most max of them; -1 = no answer, or as before (Service Center tells by
 * the revision, which the member remembers).
 */
static inline long lab_registry_find(struct lab_member *m, struct lab_callee *found, long max)
{
	if (m->registry.kind == LAB_SC)
		return lab_center_find(m, found, max);
	return lab_etcd_find(m->registry.address, m->registry.environment, m->callee, found, max);
}

/* --- membership --- */

static inline bool lab_member_enter(struct lab_member *m)
{
	return m->registry.kind == LAB_SC ? lab_center_enter(m) : lab_etcd_enter(m);
}

static inline bool lab_member_stay(struct lab_member *m)
{
	return m->registry.kind == LAB_SC ? lab_center_stay(m) : lab_etcd_stay(m);
}

static inline void lab_member_leave(void *arg)
{
	struct lab_member *m = arg;

	if (!m->registered)
		return;
	m->registered = false;
	if (m->registry.kind == LAB_SC)
		lab_center_leave(m);
	else
		lab_etcd_leave(m);
}

/* Enters once; then only stays, so that what operators set is kept. Returns the ms until it is due
 * again. */
static inline int lab_member_beat(struct lab_member *m)
{
	if (m->registered)
		m->registered = lab_member_stay(m);
	if (!m->registered)
		m->registered = lab_member_enter(m);
	return m->registered ? m->ttl * 1000 / 3 : 1000;
}

static inline void lab_member_look(struct lab_member *m)
{
	struct lab_callee found[LAB_CALLEES];
	long count = lab_registry_find(m, found, LAB_CALLEES);

	if (count < 0)
		return;
	pthread_mutex_lock(&m->lock);
	memcpy(m->callees, found, (size_t)count * sizeof(*found));
	m->count = count;
	pthread_mutex_unlock(&m->lock);
}

static inline int lab_member_turn(void *arg)
{
	struct lab_member *m = arg;
	int64_t left;

	if (m->callee[0]) /* first: who is registered gets traffic */
		lab_member_look(m);
	if (m->instance.service[0] && lab_now() >= m->due)
		m->due = lab_now() + lab_member_beat(m);
	left = m->instance.service[0] ? m->due - lab_now() : m->every_ms;
	if (m->callee[0] && left > m->every_ms)
		left = m->every_ms;
	return left > 1 ? (int)left : 1;
}

/*
 * What is not the thread's own in struct lab_member is set. Signals must be blocked before. Who
 * only looks for others has looked once when this returns. lab_ticker_stop(&m->ticker) takes the
 * instance out before it returns.
 */
static inline void lab_member_start(struct lab_member *m)
{
	pthread_mutex_init(&m->lock, NULL);
	m->count = -1;
	if (!m->instance.service[0])
		lab_member_look(m);
	lab_ticker_start(&m->ticker, lab_member_turn, lab_member_leave, m);
}

/* --- calling --- */

/* One of the callees by weight. False = none is known. */
static inline bool lab_member_pick(struct lab_member *m, char *address, size_t size)
{
	long sum = 0, at;
	bool found = false;

	pthread_mutex_lock(&m->lock);
	for (long i = 0; i < m->count; i++)
		sum += m->callees[i].weight;
	at = sum ? rand() % sum : 0;
	for (long i = 0; i < m->count && !found; i++) {
		at -= m->callees[i].weight;
		found = at < 0;
		if (found)
			snprintf(address, size, "%s", m->callees[i].address);
	}
	pthread_mutex_unlock(&m->lock);
	return found;
}

/* Has the registry answered yet? */
static inline bool lab_member_knows(struct lab_member *m)
{
	bool knows;

	pthread_mutex_lock(&m->lock);
	knows = m->count >= 0;
	pthread_mutex_unlock(&m->lock);
	return knows;
}

/* May this one still be called? */
static inline bool lab_member_lists(struct lab_member *m, const char *address)
{
	bool found = false;

	pthread_mutex_lock(&m->lock);
	for (long i = 0; i < m->count && !found; i++)
		found = strcmp(m->callees[i].address, address) == 0;
	pthread_mutex_unlock(&m->lock);
	return found;
}

#endif
