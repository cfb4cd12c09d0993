/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Accounts of the fake Service Center: tokens that end, roles that filter, and the lock that the
 * third wrong password sets, whatever succeeded in between.
 */
#ifndef SLUICE_LAB_SC_RBAC_H
#define SLUICE_LAB_SC_RBAC_H

#include "fake.h"

struct sc_account {
	char name[64], password[64], id[33];
	cJSON *roles;
	long long since;
	int wrong;
	long long release; /* Unix seconds: of the lock, or of the memory of wrong tries */
	bool deleted;
};

struct sc_token {
	char text[80];
	size_t account;
	int64_t ends; /* lab_now */
};

static struct sc_rbac {
	bool on, distrusted;
	struct sc_account accounts[32];
	struct sc_token tokens[256];
	size_t account_count, token_count;
	cJSON *roles;    /* list of {id, name, perms, createTime, updateTime} */
	long life, lock; /* s */
	long long logins, refused;
} rbac = {.life = 43200, .lock = 900};

static void sc_fail(struct fake_conn *c, int code, const char *message, const char *detail);
#define SC_JSON "application/json; charset=UTF-8"
#define SC_TEXT "text/plain; charset=UTF-8"

static inline void rbac_add_times(cJSON *to, long long t)
{
	char text[32];

	snprintf(text, sizeof(text), "%lld", t);
	cJSON_AddStringToObject(to, "createTime", text);
	cJSON_AddStringToObject(to, "updateTime", text);
}

static inline void rbac_add_role(const char *name, cJSON *perms)
{
	cJSON *role = cJSON_CreateObject();
	char id[33];

	fake_digest(id, 32, name);
	cJSON_AddStringToObject(role, "id", id);
	cJSON_AddStringToObject(role, "name", name);
	cJSON_AddItemToObject(role, "perms", perms);
	rbac_add_times(role, fake_time());
	cJSON_AddItemToArray(rbac.roles, role);
}

static inline bool rbac_add_account(const char *name, const char *password, cJSON *roles)
{
	struct sc_account *a = &rbac.accounts[rbac.account_count];

	if (rbac.account_count == 32)
		return false;
	*a = (struct sc_account){.roles = roles, .since = fake_time()};
	snprintf(a->name, sizeof(a->name), "%s", name);
	snprintf(a->password, sizeof(a->password), "%s", password);
	fake_digest(a->id, 32, name);
	rbac.account_count++;
	return true;
}

static inline void rbac_start(const char *root_password)
{
	static const char all[] =
		"[{\"resources\":[{\"type\":\"account\"},{\"type\":\"config\"},{\"type\":\"role\"},"
		"{\"type\":\"service\"},{\"type\":\"governance\"},{\"type\":\"ops\"},"
		"{\"type\":\"service/schema\"}],\"verbs\":[\"*\"]}]";
	static const char some[] =
		"[{\"resources\":[{\"type\":\"config\"},{\"type\":\"service\"},{\"type\":"
		"\"governance\"},{\"type\":\"ops\"},{\"type\":\"service/schema\"}],\"verbs\":["
		"\"*\"]}]";

	rbac.on = true;
	rbac.roles = cJSON_CreateArray();
	rbac_add_role("admin", cJSON_Parse(all));
	rbac_add_role("developer", cJSON_Parse(some));
	rbac_add_account("root", root_password, cJSON_Parse("[\"admin\"]"));
}

static inline struct sc_account *rbac_account(const char *name)
{
	for (size_t i = 0; i < rbac.account_count; i++)
		if (!rbac.accounts[i].deleted && strcmp(rbac.accounts[i].name, name) == 0)
			return &rbac.accounts[i];
	return NULL;
}

/* --- login --- */

/* "30m", "12h" within 15m..24h, in seconds; 0 = not so. */
static inline long rbac_life(const char *text)
{
	char *end;
	long n = strtol(text, &end, 10);

	n *= *end == 'm' ? 60 : *end == 'h' ? 3600 : *end == 's' ? 1 : 0;
	return n >= 900 && n <= 86400 ? n : 0;
}

static inline void rbac_wrong(struct fake_conn *c, struct sc_account *a)
{
	rbac.refused++;
	if (a) {
		a->wrong++;
		a->release = fake_time() + (a->wrong >= 3 ? rbac.lock : 1200);
	}
	sc_fail(c, 401202, "User name or password is wrong", NULL);
}

static inline void rbac_login(struct fake_request *q)
{
	const char *asked = fake_str(q->json, "tokenExpirationTime");
	struct sc_account *a = rbac_account(fake_str(q->json, "name"));
	struct sc_token *t = &rbac.tokens[rbac.token_count % 256];
	cJSON *out;

	rbac.logins++;
	if (asked[0] && !rbac_life(asked)) {
		sc_fail(q->conn, 400001, "Invalid parameter(s)",
			"field 'Account.TokenExpirationTime' does not match the rule");
		return;
	}
	if (a && a->release && a->release <= fake_time())
		a->wrong = 0;
	if (a && a->wrong >= 3) {
		rbac.refused++;
		sc_fail(q->conn, 403201, "Account is locked", NULL);
		return;
	}
	if (!a || strcmp(a->password, fake_str(q->json, "password")) != 0) {
		rbac_wrong(q->conn, a);
		return;
	}
	fake_digest(t->text, 16, a->name);
	snprintf(t->text + 16, sizeof(t->text) - 16, ".%zu.%lld", rbac.token_count++,
		 (long long)lab_now());
	t->account = (size_t)(a - rbac.accounts);
	t->ends = lab_now() + (asked[0] ? rbac_life(asked) : rbac.life) * 1000;
	out = cJSON_CreateObject();
	cJSON_AddStringToObject(out, "token", t->text);
	fake_json(q->conn, 200, SC_JSON, "", out);
}

/* Whose token is this? NULL after having answered with the refusal. */
static inline struct sc_account *rbac_caller(struct fake_request *q)
{
	char value[300];

	if (!fake_header(q, "authorization", value, sizeof(value))) {
		sc_fail(q->conn, 401204, "No authorization header", NULL);
		return NULL;
	}
	for (size_t i = 0; i < rbac.token_count && i < 256 && !rbac.distrusted; i++) {
		const struct sc_token *t = &rbac.tokens[i];
		struct sc_account *a = &rbac.accounts[t->account];

		if (strncmp(value, "Bearer ", 7) != 0 || strcmp(value + 7, t->text) != 0)
			continue;
		if (!a->deleted && t->ends > lab_now())
			return a;
		if (a->deleted)
			sc_fail(q->conn, 401206, "The account that owns the token is deleted",
				a->name);
		else
			sc_fail(q->conn, 401205, "Token is expired", NULL);
		return NULL;
	}
	sc_fail(q->conn, 401201, "Request unauthorized", "invalid token");
	return NULL;
}

/* --- rights --- */

static inline const cJSON *rbac_role(const char *name)
{
	const cJSON *role;

	cJSON_ArrayForEach(role,
			   rbac.roles) if (strcmp(fake_str(role, "name"), name) == 0) return role;
	return NULL;
}

static inline bool rbac_may_write(const struct sc_account *a)
{
	const cJSON *name, *perm, *verb;

	cJSON_ArrayForEach(name, a->roles)
	{
		const cJSON *role = rbac_role(cJSON_IsString(name) ? name->valuestring : "");

		cJSON_ArrayForEach(perm, cJSON_GetObjectItemCaseSensitive(role, "perms"))
			cJSON_ArrayForEach(
				verb, cJSON_GetObjectItemCaseSensitive(
					      perm, "verbs")) if (cJSON_IsString(verb) &&
								  strcmp(verb->valuestring,
									 "get") != 0) return true;
	}
	return false;
}

/* The one app that the account's roles are limited to, or NULL: lists are filtered by it. */
static inline const char *rbac_app(const struct sc_account *a)
{
	const cJSON *name, *perm, *resource;

	cJSON_ArrayForEach(name, a->roles)
	{
		const cJSON *role = rbac_role(cJSON_IsString(name) ? name->valuestring : "");

		cJSON_ArrayForEach(perm, cJSON_GetObjectItemCaseSensitive(role, "perms"))
			cJSON_ArrayForEach(resource,
					   cJSON_GetObjectItemCaseSensitive(perm, "resources"))
		{
			const char *app = fake_str(
				cJSON_GetObjectItemCaseSensitive(resource, "labels"), "appId");

			if (app[0])
				return app;
		}
	}
	return NULL;
}

/* --- routes --- */

static inline void rbac_say_list(struct fake_request *q, cJSON *data)
{
	cJSON *out = cJSON_CreateObject();

	cJSON_AddNumberToObject(out, "total", cJSON_GetArraySize(data));
	cJSON_AddItemToObject(out, "data", data);
	fake_json(q->conn, 200, SC_JSON, "", out);
}

static inline void rbac_accounts(struct fake_request *q)
{
	cJSON *data = cJSON_CreateArray();

	for (size_t i = 0; i < rbac.account_count; i++) {
		const struct sc_account *a = &rbac.accounts[i];
		cJSON *item;

		if (a->deleted)
			continue;
		item = cJSON_CreateObject();
		cJSON_AddStringToObject(item, "id", a->id);
		cJSON_AddStringToObject(item, "name", a->name);
		cJSON_AddItemToObject(item, "roles", cJSON_Duplicate(a->roles, true));
		cJSON_AddStringToObject(item, "status", "active");
		rbac_add_times(item, a->since);
		cJSON_AddItemToArray(data, item);
	}
	rbac_say_list(q, data);
}

static inline void rbac_locks(struct fake_request *q)
{
	cJSON *data = cJSON_CreateArray();

	for (size_t i = 0; i < rbac.account_count; i++) {
		const struct sc_account *a = &rbac.accounts[i];
		cJSON *item;
		char key[100];

		if (!a->wrong || a->deleted)
			continue;
		item = cJSON_CreateObject();
		snprintf(key, sizeof(key), "%s::127.0.0.1", a->name);
		cJSON_AddStringToObject(item, "key", key);
		cJSON_AddStringToObject(item, "status", a->wrong >= 3 ? "banned" : "attempted");
		cJSON_AddNumberToObject(item, "releaseAt", (double)a->release);
		cJSON_AddItemToArray(data, item);
	}
	rbac_say_list(q, data);
}

static inline void rbac_create(struct fake_request *q, bool role)
{
	const char *name = fake_str(q->json, "name");

	if (role ? rbac_role(name) != NULL : rbac_account(name) != NULL) {
		sc_fail(q->conn, role ? 409201 : 409200, "Already exists", name);
		return;
	}
	if (role)
		rbac_add_role(name, cJSON_Duplicate(cJSON_GetObjectItem(q->json, "perms"), true));
	else
		rbac_add_account(name, fake_str(q->json, "password"),
				 cJSON_Duplicate(cJSON_GetObjectItem(q->json, "roles"), true));
	fake_say(q->conn, 200, SC_TEXT, "", "", 0);
}

static inline void rbac_delete(struct fake_request *q, bool role)
{
	struct sc_account *a = role ? NULL : rbac_account(q->segment[2]);
	int at = 0;
	const cJSON *item;

	if (a)
		a->deleted = true;
	if (!role && !a) {
		sc_fail(q->conn, 400200, "Account does not exist", NULL);
		return;
	}
	if (role) {
		cJSON_ArrayForEach(item, rbac.roles)
		{
			if (strcmp(fake_str(item, "name"), q->segment[2]) == 0)
				break;
			at++;
		}
		cJSON_DeleteItemFromArray(rbac.roles, at);
	}
	fake_say(q->conn, 200, SC_TEXT, "", "", 0);
}

/* True = the request was about accounts, and is answered. */
static inline bool rbac_serve(struct fake_request *q, const struct sc_account *caller)
{
	bool get = strcmp(q->method, "GET") == 0;

	if (fake_path(q, "/v4/self-perms")) {
		const cJSON *first = cJSON_GetArrayItem(caller->roles, 0);
		const cJSON *role = rbac_role(first ? first->valuestring : "");
		cJSON *out = cJSON_CreateObject();

		cJSON_AddItemToObject(out, "perms",
				      cJSON_Duplicate(cJSON_GetObjectItem(role, "perms"), true));
		fake_json(q->conn, 200, SC_JSON, "", out);
	} else if (fake_path(q, "/v4/roles") && get)
		rbac_say_list(q, cJSON_Duplicate(rbac.roles, true));
	else if (fake_path(q, "/v4/accounts") && get)
		rbac_accounts(q);
	else if (fake_path(q, "/v4/account-locks") && get)
		rbac_locks(q);
	else if (fake_path(q, "/v4/roles") || fake_path(q, "/v4/accounts"))
		rbac_create(q, strcmp(q->segment[1], "roles") == 0);
	else if (fake_path(q, "/v4/roles/*") || fake_path(q, "/v4/accounts/*"))
		rbac_delete(q, strcmp(q->segment[1], "roles") == 0);
	else
		return false;
	return true;
}

#endif
