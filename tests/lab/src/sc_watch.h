/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The fake Service Center's push: a WebSocket per watcher, which hears of the providers that it
 * found before, when the cache follows. Events are lost on demand, as they are in life. An unknown
 * watcher is refused after the upgrade, in a text frame, and dropped without a close frame.
 *
 * PUT /_fake?watch=WORD makes it worse: shut (upgraded, then closed at once), leave (with a close
 * frame that says why), lie (an event at once, though nothing changed), garbage (frames that are no
 * events), broken (bytes that are no frames), big (a message of 1 MiB), mute (answers no ping);
 * good ends it.
 */
#ifndef SLUICE_LAB_SC_WATCH_H
#define SLUICE_LAB_SC_WATCH_H

#include "sc_find.h"

static struct {
	struct fake_conn *conn;
	struct sc_service *of;
} sc_watchers[FAKE_CONNS];

static long sc_lose; /* so many of the next events get lost */
static char sc_watch_mood[16];
static struct {
	long long opened, pings;
} sc_watch_seen;

/* --- SHA-1 and base64, for the handshake --- */

static inline uint32_t sc_roll(uint32_t x, unsigned n)
{
	return x << n | x >> (32 - n);
}

static inline void sc_sha1_block(uint32_t h[5], const unsigned char *p)
{
	uint32_t w[80], a = h[0], b = h[1], c = h[2], d = h[3], e = h[4];

	for (int i = 0; i < 16; i++)
		w[i] = (uint32_t)p[i * 4] << 24 | (uint32_t)p[i * 4 + 1] << 16 |
		       (uint32_t)p[i * 4 + 2] << 8 | p[i * 4 + 3];
	for (int i = 16; i < 80; i++)
		w[i] = sc_roll(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
	for (int i = 0; i < 80; i++) {
		uint32_t f = i < 20   ? (b & c) | (~b & d)
			     : i < 40 ? b ^ c ^ d
			     : i < 60 ? (b & c) | (b & d) | (c & d)
				      : b ^ c ^ d;
		static const uint32_t k[] = {0x5a827999, 0x6ed9eba1, 0x8f1bbcdc, 0xca62c1d6};
		uint32_t t = sc_roll(a, 5) + f + e + k[i / 20] + w[i];

		e = d;
		d = c;
		c = sc_roll(b, 30);
		b = a;
		a = t;
	}
	h[0] += a;
	h[1] += b;
	h[2] += c;
	h[3] += d;
	h[4] += e;
}

/* The answer to Sec-WebSocket-Key: at most 55 + 64 bytes of text are hashed. */
static inline void sc_accept_key(const char *key, char out[29])
{
	static const char alphabet[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	uint32_t h[5] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
	unsigned char text[128] = {0}, sum[21] = {0};
	size_t n = (size_t)snprintf((char *)text, 100, "%.24s258EAFA5-E914-47DA-95CA-C5AB0DC85B11",
				    key);

	text[n] = 0x80;
	text[126] = (unsigned char)(n * 8 >> 8);
	text[127] = (unsigned char)(n * 8);
	sc_sha1_block(h, text);
	sc_sha1_block(h, text + 64);
	for (int i = 0; i < 20; i++)
		sum[i] = (unsigned char)(h[i / 4] >> (24 - i % 4 * 8));
	for (int i = 0, o = 0; i < 21; i += 3, o += 4) {
		uint32_t v = (uint32_t)sum[i] << 16 | (uint32_t)sum[i + 1] << 8 | sum[i + 2];

		for (int k = 0; k < 4; k++)
			out[o + k] = alphabet[v >> (18 - 6 * k) & 63];
	}
	out[27] = '=';
	out[28] = '\0';
}

/* --- frames --- */

static inline void sc_frame(struct fake_conn *c, int opcode, const char *text, size_t len)
{
	unsigned char head[4] = {(unsigned char)(0x80 | opcode), 126, (unsigned char)(len >> 8),
				 (unsigned char)len};

	if (len > 65535)
		len = 65535;
	if (len < 126)
		head[1] = (unsigned char)len;
	fake_put(c, head, len < 126 ? 2 : 4);
	fake_put(c, text, len);
}

static inline bool sc_watch_is(const char *mood)
{
	return strcmp(sc_watch_mood, mood) == 0;
}

static inline void sc_watch_greet(struct fake_conn *c)
{
	static const char lie[] = "{\"action\":\"UPDATE\",\"key\":{\"serviceName\":\"nobody\"}}";
	static const unsigned char big[] = {0x81, 127, 0, 0, 0, 0, 0, 0x10, 0, 0};

	if (sc_watch_is("shut"))
		c->shut = true;
	if (sc_watch_is("leave")) {
		sc_frame(c, 8, "\x03\xe9roll\x1b[2Jing", 13);
		c->shut = true;
	}
	if (sc_watch_is("lie"))
		sc_frame(c, 1, lie, sizeof(lie) - 1);
	if (sc_watch_is("garbage"))
		sc_frame(c, 1, "{\"action\":\x1b[2J\xff", 15);
	if (sc_watch_is("broken"))
		fake_put(c, "\xff\xff\xff\x03garbage, no frame", 20);
	if (sc_watch_is("big")) {
		char *text = calloc(1, 1 << 20);

		if (!text)
			lab_die("out of memory");
		fake_put(c, big, sizeof(big));
		fake_put(c, text, 1 << 20);
		free(text);
	}
}

static inline void sc_watch_open(struct fake_request *q)
{
	char key[64], answer[300], accept[29];
	struct sc_service *s = sc_service_by_id(q->segment[1], q->segment[4]);

	if (!fake_header(q, "sec-websocket-key", key, sizeof(key))) {
		fake_text(q->conn, 400, "", "Bad Request\n");
		return;
	}
	sc_accept_key(key, accept);
	fake_put(q->conn, answer,
		 (size_t)snprintf(answer, sizeof(answer),
				  "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
				  "Connection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n",
				  accept));
	q->conn->raw = true;
	sc_watch_seen.opened++;
	if (!s) {
		sc_frame(q->conn, 1, "service does not exist", 22);
		q->conn->shut = true;
		return;
	}
	for (size_t i = 0; i < FAKE_CONNS; i++)
		if (!sc_watchers[i].conn) {
			sc_watchers[i].conn = q->conn;
			sc_watchers[i].of = s;
			sc_watch_greet(q->conn);
			return;
		}
}

static inline void sc_watch_gone(struct fake_conn *c)
{
	for (size_t i = 0; i < FAKE_CONNS; i++)
		if (sc_watchers[i].conn == c)
			sc_watchers[i].conn = NULL;
}

static inline size_t sc_watch_count(void)
{
	size_t n = 0;

	for (size_t i = 0; i < FAKE_CONNS; i++)
		n += sc_watchers[i].conn != NULL;
	return n;
}

/* From the client only small control frames: a ping is answered, anything else ends it. */
static inline void sc_watch_read(struct fake_conn *c)
{
	unsigned char *p = (unsigned char *)c->in.data;

	while (c->in.len >= 6) {
		size_t len = p[1] & 127;

		if (len > 64 || !(p[1] & 128)) {
			sc_frame(c, 8, "\x03\xf1", 2); /* 1009 */
			c->shut = true;
			return;
		}
		if (c->in.len < 6 + len)
			return;
		for (size_t i = 0; i < len; i++)
			p[6 + i] ^= p[2 + i % 4];
		sc_watch_seen.pings += (p[0] & 15) == 9;
		if ((p[0] & 15) == 9 && !sc_watch_is("mute"))
			sc_frame(c, 10, (char *)p + 6, len);
		if ((p[0] & 15) == 8)
			c->shut = true;
		lab_buf_cut(&c->in, 6 + len);
		p = (unsigned char *)c->in.data;
	}
}

/* --- events --- */

struct sc_event {
	struct sc_event *next;
	struct sc_service *of;
	char *text;
	int64_t due;
};

static struct sc_event *sc_events; /* in the order of their time */

static inline char *sc_event_text(const struct sc_instance *i, const char *action)
{
	const struct sc_service *s = i->of;
	cJSON *event = cJSON_CreateObject(), *key;
	char tenant[200], *text;

	snprintf(tenant, sizeof(tenant), "default/%s", s->project);
	cJSON_AddStringToObject(event, "action", action);
	key = cJSON_AddObjectToObject(event, "key");
	cJSON_AddStringToObject(key, "tenant", tenant);
	sc_copy(key, s->doc, "environment");
	sc_copy(key, s->doc, "appId");
	sc_copy(key, s->doc, "serviceName");
	sc_copy(key, s->doc, "alias");
	sc_copy(key, s->doc, "version");
	cJSON_AddItemToObject(event, "instance", sc_instance_json(i, true));
	text = cJSON_PrintUnformatted(event);
	cJSON_Delete(event);
	return text;
}

/* Something was stored: those that depend on its service hear of it when the cache follows. */
static inline void sc_watch_tell(const struct sc_instance *i, const char *action, int64_t due)
{
	struct sc_event **at = &sc_events, *e;
	bool wanted = false;

	for (size_t n = 0; n < FAKE_CONNS && !wanted; n++)
		wanted = sc_watchers[n].conn && sc_depends(sc_watchers[n].of, i->of);
	if (!wanted)
		return;
	e = sc_new(sizeof(*e));
	*e = (struct sc_event){.of = i->of, .text = sc_event_text(i, action), .due = due};
	while (*at && (*at)->due <= due)
		at = &(*at)->next;
	e->next = *at;
	*at = e;
}

static inline void sc_event_send(const struct sc_event *e)
{
	for (size_t n = 0; n < FAKE_CONNS; n++) {
		if (!sc_watchers[n].conn || !sc_depends(sc_watchers[n].of, e->of))
			continue;
		if (sc_lose > 0)
			sc_lose--;
		else if (sc_watch_is("garbage"))
			sc_frame(sc_watchers[n].conn, 1, "]]garbage[[", 11);
		else
			sc_frame(sc_watchers[n].conn, 1, e->text, strlen(e->text));
	}
}

static inline int64_t sc_watch_turn(int64_t now)
{
	while (sc_events && sc_events->due <= now) {
		struct sc_event *e = sc_events;

		sc_events = e->next;
		sc_event_send(e);
		free(e->text);
		free(e);
	}
	return sc_events ? sc_events->due : INT64_MAX;
}

#endif
