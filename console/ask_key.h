/* SPDX-License-Identifier: Apache-2.0 */
/* Questions about one config key: what it is now and was before. */
#ifndef SLUICE_CONSOLE_ASK_KEY_H
#define SLUICE_CONSOLE_ASK_KEY_H

#include "console/question.h"
#include "orchestrator/view/key_read.h"

/* Use it as a question; what is found is a struct key_history. ref is copied. */
struct question *ask_key_new(struct site *s, const struct key_ref *ref);
const struct key_history *ask_key_found(const struct question *q); /* NULL = none yet */
/* As ask_say. */
bool ask_key_say(const struct question *q, int64_t now, enum paint *paint, char *text, size_t size);

#endif
