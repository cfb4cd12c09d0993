/* SPDX-License-Identifier: Apache-2.0 */
/* The ssh agent, asked without waiting: a touch on a hardware key may take a minute, and the loop
 * goes on. One connection a question. */
#ifndef SLUICE_HOST_AGENT_H
#define SLUICE_HOST_AGENT_H

#include <stdbool.h>
#include <stddef.h>

#include "orchestrator/host/transport_driver.h"

struct agent_question;

/* Its socket ($SSH_AUTH_SOCK), or NULL. */
const char *agent_socket(void);

/* done once, later: the answer's body (borrowed), or NULL when there is none. */
typedef void (*agent_done)(void *arg, const unsigned char *body, size_t len);
struct agent_question *agent_list(struct transport_pool *pool, agent_done done, void *arg);
struct agent_question *agent_sign(struct transport_pool *pool, const void *blob, size_t blob_len,
				  const void *data, size_t len, agent_done done, void *arg);
/* Also after done, to free it. */
void agent_free(struct agent_question *q);

/* Calls each for every key of an agent_list answer. */
void agent_each_key(const unsigned char *body, size_t len,
		    void (*each)(void *arg, const unsigned char *blob, size_t blob_len,
				 const char *comment),
		    void *arg);
/* The signature within an agent_sign answer, without its type; malloc'ed. NULL when refused. */
unsigned char *agent_signature(const unsigned char *body, size_t len, size_t *sig_len);

#endif
