/* SPDX-License-Identifier: Apache-2.0 */
/* Is this answer like the recorded one? Ids, times and words differ from run to run: ids are
 * learned and replaced, of times and words only the kind counts. */
#ifndef SLUICE_CONFORM_SHAPE_H
#define SLUICE_CONFORM_SHAPE_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>

/* What the recording calls a thing, and what it is here. */
struct names {
	struct {
		char *recorded, *here;
	} pairs[512];
	size_t count;
};

void names_learn(struct names *n, const char *recorded, const char *here);
void names_learn_json(struct names *n, const cJSON *recorded, const cJSON *here);
/* text with every recorded name replaced. Yours to free. */
char *names_apply(const struct names *n, const char *text);
void names_release(struct names *n);

/* loose: the number of elements in a list does not count. False = why says where it differs. */
bool shape_same(const struct names *n, const cJSON *recorded, const cJSON *here, bool loose,
		char *why, size_t size);

#endif
