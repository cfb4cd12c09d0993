/* SPDX-License-Identifier: Apache-2.0 */
/* Asking a server, blocking: one HTTP call, and a WebSocket that is listened to aside. */
#ifndef SLUICE_CONFORM_WIRE_H
#define SLUICE_CONFORM_WIRE_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>

struct reply {
	long status; /* 0 = none came; then body says why */
	long ms;
	char *body;
	size_t len;
	cJSON *headers; /* names in lower case */
};

/* headers: an object of texts, or NULL. body NULL = none. SLUICE_TEST_CA in the environment names a
 * file with the authority to trust. */
void wire_ask(struct reply *r, const char *method, const char *url, const cJSON *headers,
	      const char *body);
const char *wire_header(const struct reply *r, const char *lower_name); /* or NULL */
void wire_release(struct reply *r);

struct wire_socket;
/* NULL = the address is not ours to reach, or the server refuses. token may be NULL. */
struct wire_socket *wire_socket_open(const char *url, const char *path, const char *token);
/* Wait for frames until want of them came, or ms are over. A list of {"text"} and, when the other
 * side hung up, {"closed":true}. Yours. */
cJSON *wire_socket_take(struct wire_socket *s, int want, long ms);
void wire_socket_close(struct wire_socket *s);

#endif
