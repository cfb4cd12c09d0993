/* SPDX-License-Identifier: Apache-2.0 */
/* Asking a person on the terminal whether host keys that nobody knows may be accepted, one after
 * another, while the loop goes on: other hosts' deadlines do not wait for the answer. */
#ifndef SLUICE_COMMANDS_ASK_KEY_H
#define SLUICE_COMMANDS_ASK_KEY_H

#include "orchestrator/run/run.h"

struct ask_key;

/* NULL when there is no terminal to ask on: unknown keys are then refused. */
struct ask_key *ask_key_open(void);
const struct run_asker *ask_key_asker(struct ask_key *k); /* NULL for NULL */
void ask_key_close(struct ask_key *k);

#endif
