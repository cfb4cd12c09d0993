/* SPDX-License-Identifier: Apache-2.0 */
/* What a service of the lab says about itself to Prometheus: requests by status, and a histogram
 * of how long they took, under the common names. One thread. */
#ifndef SLUICE_LAB_METRICS_H
#define SLUICE_LAB_METRICS_H

#include "lab.h"

#define LAB_BUCKETS 12

static const double lab_bucket_limits[LAB_BUCKETS] = {0.001, 0.002, 0.005, 0.01, 0.02, 0.05,
						      0.1,   0.2,   0.5,   1,    2,    5};

struct lab_metrics {
	unsigned long good, bad;
	unsigned long buckets[LAB_BUCKETS], count;
	double sum; /* seconds */
};

static inline void lab_metrics_observe(struct lab_metrics *m, int status, double seconds)
{
	*(status < 500 ? &m->good : &m->bad) += 1;
	m->count++;
	m->sum += seconds;
	for (int i = 0; i < LAB_BUCKETS; i++)
		m->buckets[i] += seconds <= lab_bucket_limits[i];
}

/* The page, as text/plain; version=0.0.4. */
static inline void lab_metrics_page(const struct lab_metrics *m, const char *service,
				    const char *version, struct lab_buf *to)
{
	char who[200];

	snprintf(who, sizeof(who), "service=\"%.60s\",version=\"%.60s\"", service, version);
	lab_buf_addf(to,
		     "# HELP http_requests_total Requests answered.\n"
		     "# TYPE http_requests_total counter\n"
		     "http_requests_total{%s,code=\"200\"} %lu\n"
		     "http_requests_total{%s,code=\"503\"} %lu\n"
		     "# HELP http_request_duration_seconds How long they took.\n"
		     "# TYPE http_request_duration_seconds histogram\n",
		     who, m->good, who, m->bad);
	for (int i = 0; i < LAB_BUCKETS; i++)
		lab_buf_addf(to, "http_request_duration_seconds_bucket{%s,le=\"%g\"} %lu\n", who,
			     lab_bucket_limits[i], m->buckets[i]);
	lab_buf_addf(to,
		     "http_request_duration_seconds_bucket{%s,le=\"+Inf\"} %lu\n"
		     "http_request_duration_seconds_sum{%s} %.6f\n"
		     "http_request_duration_seconds_count{%s} %lu\n",
		     who, m->count, who, m->sum, who, m->count);
}

#endif
