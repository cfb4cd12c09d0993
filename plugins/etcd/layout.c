/* SPDX-License-Identifier: Apache-2.0 */
/* Where things are in etcd; sluice-inventory(5) tells it to people. */
#include <stdlib.h>
#include <string.h>

#include "plugins/etcd/etcd.h"
#include "plugins/sdk/buf.h"
#include "plugins/sdk/mem.h"

char *etcd_path(const struct etcd *etcd, const char *tree, const char *environment,
		const char *service, const char *name)
{
	const char *const parts[] = {environment, service, name};
	struct sl_buf path;

	sl_buf_init(&path, 1 << 20);
	sl_buf_printf(&path, "%s/%s", etcd->prefix, tree);
	for (size_t i = 0; i < SL_COUNT(parts); i++) {
		sl_buf_puts(&path, "/");
		if (!parts[i])
			break;
		sl_buf_puts(&path, parts[i]);
	}
	return sl_buf_take(&path);
}

bool etcd_is_part(const char *s)
{
	return *s && !strchr(s, '/') && strlen(s) <= 1024;
}

const char *etcd_part_name(const char *part)
{
	return strcmp(part, ETCD_NONE) ? part : NULL;
}

bool etcd_place_parse(const struct etcd *etcd, const char *tree, const struct etcd_row *row,
		      struct etcd_place *place)
{
	char *root = etcd_path(etcd, tree, NULL, NULL, NULL), *service, *name;
	size_t skip = strlen(root);
	bool ours = row->key_len > skip && memcmp(row->key, root, skip) == 0 &&
		    !memchr(row->key, '\0', row->key_len);

	free(root);
	*place = (struct etcd_place){0};
	if (!ours)
		return false;
	place->memory = sl_strndup(row->key + skip, row->key_len - skip);
	service = strchr(place->memory, '/');
	if (!service || service == place->memory || !service[1]) {
		free(place->memory);
		return false;
	}
	*service++ = '\0';
	name = strchr(service, '/');
	if (name)
		*name++ = '\0';
	place->environment = place->memory;
	place->service = service;
	place->name = name && *name ? name : NULL;
	return true;
}

int etcd_key_paths(const struct etcd *etcd, const char *key, const struct sl_label *labels,
		   size_t count, char **path, char **meta, struct sl_error *e)
{
	const char *environment = ETCD_NONE, *service = ETCD_NONE;

	for (size_t i = 0; i < count; i++) {
		const struct sl_label *label = &labels[i];

		if (strcmp(label->name, "environment") && strcmp(label->name, "service"))
			return sl_fail(e, SL_EINPUT,
				       "%s: config keys in etcd have the labels environment and "
				       "service, not '%.80s'",
				       etcd->name, label->name);
		if (!etcd_is_part(label->value))
			return sl_fail(e, SL_EINPUT,
				       "%s: '%.80s' cannot be the label %s here: no slashes",
				       etcd->name, label->value, label->name);
		*(label->name[0] == 'e' ? &environment : &service) = label->value;
	}
	if (!*key || strlen(key) > 4096)
		return sl_fail(e, SL_EINPUT, "%s: a config key needs a name of at most 4096 bytes",
			       etcd->name);
	*path = etcd_path(etcd, "config", environment, service, key);
	*meta = etcd_path(etcd, "meta", environment, service, key);
	return SL_OK;
}
