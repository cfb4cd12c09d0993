// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/playbook/doc.h"
void pb_doc_check_services(struct pb_doc *doc)
{
	(void)doc;
}
void pb_doc_check_strategy(struct pb_doc *doc)
{
	(void)doc;
}
void pb_doc_check_analyses(struct pb_doc *doc)
{
	(void)doc;
}
void pb_doc_check_kind(struct pb_doc *doc)
{
	(void)doc;
}
void playbook_check_references(const struct playbook *p, const struct inventory_file *f,
			       bool (*known_type)(void *arg, const char *type), void *arg,
			       struct diags *d)
{
	(void)p;
	(void)f;
	(void)known_type;
	(void)arg;
	(void)d;
}
