/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/sdk/tls.h"

#include <stdlib.h>

#include "plugins/sdk/mem.h"

struct sl_tls sl_tls_copy(const struct sl_tls *tls)
{
	if (!tls)
		return (struct sl_tls){0};
	return (struct sl_tls){
		.ca_file = sl_strdup(tls->ca_file),
		.cert_file = sl_strdup(tls->cert_file),
		.key_file = sl_strdup(tls->key_file),
		.insecure = tls->insecure,
	};
}

void sl_tls_release(struct sl_tls *tls)
{
	free((char *)tls->ca_file);
	free((char *)tls->cert_file);
	free((char *)tls->key_file);
}
