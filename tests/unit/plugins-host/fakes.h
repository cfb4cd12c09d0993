/* SPDX-License-Identifier: Apache-2.0 */
/* The lab's fakes of servers, started and told what to do; asked past the plugin with curl. */
#ifndef SLUICE_TEST_PLUGINS_HOST_FAKES_H
#define SLUICE_TEST_PLUGINS_HOST_FAKES_H

#include <cjson/cJSON.h>
#include <curl/curl.h>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>

#include "plugins/sdk/buf.h"
#include "tests/unit/plugins-host/harness.h"

struct fake_proc {
	pid_t pid; /* 0 = a server that someone has */
	char url[256];
};

/* Start a program of the lab that says its address first. argv[0] is its name. */
static inline void fake_spawn(struct fake_proc *f, const char *const argv[])
{
	char program[400];
	int out[2];
	FILE *from;

	snprintf(program, sizeof program, "%s/lab/%s", bench_build(), argv[0]);
	assert_int_equal(pipe2(out, O_CLOEXEC), 0);
	f->pid = fork();
	assert_true(f->pid >= 0);
	if (f->pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(out[1], 1);
		execv(program, (char *const *)(const void *)argv);
		_exit(127);
	}
	close(out[1]);
	from = fdopen(out[0], "r");
	assert_non_null(from);
	if (!fgets(f->url, sizeof f->url, from))
		fail_msg("%s says no address: is it built?", program);
	f->url[strcspn(f->url, "\n")] = '\0';
	fclose(from);
}

/* option NULL = none. */
static inline void fake_start(struct fake_proc *f, const char *name, const char *option,
			      const char *value)
{
	const char *const bare[] = {name, "127.0.0.1:0", NULL};
	const char *const with[] = {name, option, value, "127.0.0.1:0", NULL};

	fake_spawn(f, option ? with : bare);
}

static inline void fake_stop(struct fake_proc *f)
{
	if (!f->pid)
		return;
	kill(f->pid, SIGKILL);
	waitpid(f->pid, NULL, 0);
	f->pid = 0;
}

static inline size_t fake_on_body(char *bytes, size_t one, size_t len, void *arg)
{
	(void)one;
	sl_buf_append(arg, bytes, len);
	return len;
}

/* Past the plugin, but as it: straight, and with the authority that was given. */
static inline CURL *fake_curl(void)
{
	CURL *easy = curl_easy_init();

	curl_easy_setopt(easy, CURLOPT_TIMEOUT, 20L);
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_PROXY, "");
	if (getenv("SLUICE_TEST_CA"))
		curl_easy_setopt(easy, CURLOPT_CAINFO, getenv("SLUICE_TEST_CA"));
	return easy;
}

/* Ask past the plugin. The answer's JSON is yours, NULL = none. */
static inline cJSON *fake_ask(const char *method, const char *base, const char *path,
			      const char *body, long *status)
{
	struct curl_slist *headers = NULL;
	CURL *easy = fake_curl();
	const char *token = getenv("SLUICE_TEST_TOKEN");
	struct sl_buf in;
	char url[700], line[600];
	cJSON *json;
	long seen = 0;

	sl_buf_init(&in, 8 << 20);
	snprintf(url, sizeof url, "%s%s", base, path);
	snprintf(line, sizeof line, "Authorization: Bearer %s", token ? token : "");
	if (token)
		headers = curl_slist_append(headers, line);
	headers = curl_slist_append(headers, "Content-Type: application/json");
	curl_easy_setopt(easy, CURLOPT_URL, url);
	curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, method);
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, fake_on_body);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, &in);
	if (body)
		curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body);
	assert_int_equal(curl_easy_perform(easy), CURLE_OK);
	curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &seen);
	curl_easy_cleanup(easy);
	curl_slist_free_all(headers);
	if (status)
		*status = seen;
	json = cJSON_Parse(sl_buf_str(&in));
	sl_buf_release(&in);
	return json;
}

/* PUT /_fake?what, or only look when it is "". Returns one of its counters. */
static inline long long fake_tell(const struct fake_proc *f, const char *what, const char *counter)
{
	char path[300];
	cJSON *json;
	double n;

	snprintf(path, sizeof path, "/_fake%s%s", what[0] ? "?" : "", what);
	json = fake_ask("PUT", f->url, path, NULL, NULL);
	n = cJSON_GetNumberValue(cJSON_GetObjectItem(json, counter ? counter : "requests"));
	cJSON_Delete(json);
	return (long long)n;
}

/* --- a backend on it --- */

/* Given from outside, or of our own. */
static inline void fake_project(char *project, size_t size)
{
	const char *given = getenv("SLUICE_TEST_PROJECT");

	if (given)
		snprintf(project, size, "%s", given);
	else
		snprintf(project, size, "sluice-test-%lld-%d", (long long)time(NULL),
			 (int)getpid());
}

static inline struct plugin_backend *fake_open(struct bench *b, const char *type,
					       const struct sl_setting_value *values, size_t count)
{
	char folder[400];
	struct sl_error e = {0};
	struct sl_settings settings = {.backend = "city", .values = values, .count = count};
	struct plugin_backend *backend;

	snprintf(folder, sizeof folder, "%s/plugins", bench_build());
	if (!plugin_host_find(b->host, type))
		assert_int_equal(plugin_host_load_folder(b->host, folder, &e), 0);
	assert_non_null(plugin_host_find(b->host, type));
	backend = plugin_backend_open(b->host, plugin_host_find(b->host, type), &settings, &e);
	if (!backend)
		print_message("open: %s\n", e.msg);
	assert_non_null(backend);
	return backend;
}

static inline void fake_close(struct bench *b, struct plugin_backend *backend)
{
	bool closed = false;

	plugin_backend_close(backend, bench_flag, &closed);
	bench_wait(b, &closed);
}

#endif
