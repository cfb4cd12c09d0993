/* SPDX-License-Identifier: Apache-2.0 */
/* Reading JSON without surprises: wrong types read as absent, never as garbage. On cJSON. */
#ifndef SLUICE_SDK_JSON_H
#define SLUICE_SDK_JSON_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "plugins/sdk/error.h"

/* Parse len bytes that hold exactly one document (trailing white space allowed), nested at most
 * 64 deep. Half of a surrogate pair reads as U+FFFD. NULL and *e on anything else, with the offset.
 * Yours: cJSON_Delete. */
cJSON *sl_json_parse(const char *text, size_t len, struct sl_error *e);
char *sl_json_print(const cJSON *v); /* one line, yours to free() */

/* json_splice.c: the object in text, which sl_json_parse takes, with the member `name` (which needs
 * no escapes) set to value (JSON), or without it (NULL); all else is as it was, byte for byte.
 * NULL: it is no object. Yours to free. */
char *sl_json_splice(const char *text, size_t len, const char *name, const char *value);

/* Borrowed from v; `fallback` when key is absent or of another type. v may be NULL. */
const char *sl_json_str(const cJSON *v, const char *key, const char *fallback);
int64_t sl_json_int(const cJSON *v, const char *key, int64_t fallback); /* exact within 2^53 */
double sl_json_num(const cJSON *v, const char *key, double fallback);
bool sl_json_bool(const cJSON *v, const char *key, bool fallback);
/* A number of at most nine digits, or a text of one, as error codes come; 0 = neither. */
int sl_json_code(const cJSON *v, const char *key);
const cJSON *sl_json_get(const cJSON *v, const char *key); /* NULL when absent */

/* Adders that abort on exhaustion; NULL strings become JSON null. */
void sl_json_add_str(cJSON *object, const char *key, const char *value);
void sl_json_add_int(cJSON *object, const char *key, int64_t value);
void sl_json_add_num(cJSON *object, const char *key, double value);
void sl_json_add_bool(cJSON *object, const char *key, bool value);
cJSON *sl_json_add_object(cJSON *object, const char *key);
cJSON *sl_json_add_array(cJSON *object, const char *key);

#endif
