#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Measures of services by the common metric names, on a real Prometheus that is given a past.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

SERVICES='minutely resets idle buckets'

# series NAME SECONDS-BETWEEN BEGIN STEP: a sample each, of the last 15 minutes.
series() {
	local at value=$3
	for ((at = NOW - 900; at <= NOW; at += $2)); do
		printf '%s %s %d\n' "$1" "$value" "$at"
		value=$((value + $4))
		[ "${RESET:-}" != $(((NOW - at) / $2)) ] || value=$4
	done
}

past() {
	local le
	printf '# TYPE http_requests counter\n'
	series 'http_requests_total{job="minutely",code="200"}' 60 0 600
	series 'http_requests_total{job="minutely",code="503"}' 60 0 120
	RESET=2 series 'http_requests_total{job="resets",code="200"}' 15 1000 75
	printf '# TYPE http_request_duration_seconds summary\n'
	series 'http_request_duration_seconds{job="minutely",quantile="0.5"}' 60 2 0
	series 'http_request_duration_seconds{job="minutely",quantile="0.99"}' 60 9 0
	printf '# TYPE http_server_requests_seconds histogram\n'
	for le in 0.1 0.5 +Inf; do
		series "http_server_requests_seconds_bucket{job=\"idle\",le=\"$le\"}" 15 50 0
	done
	series 'http_server_requests_seconds_bucket{job="buckets",le="0.1"}' 60 0 90
	series 'http_server_requests_seconds_bucket{job="buckets",le="0.5"}' 60 0 100
	series 'http_server_requests_seconds_bucket{job="buckets",le="+Inf"}' 60 0 100
	printf '# EOF\n'
}

prometheus_answers() {
	curl -fsS "http://127.0.0.1:$PORT/-/ready" >/dev/null 2>&1
}

prometheus_start() {
	PORT=$(free_port) NOW=$(date +%s)
	past >"$T/past"
	promtool tsdb create-blocks-from openmetrics "$T/past" "$T/data" >"$T/promtool.log" 2>&1 ||
		die "no past: $(tail -n 3 "$T/promtool.log")"
	printf 'global: {}\n' >"$T/prometheus.yaml"
	prometheus --log.level=error --config.file="$T/prometheus.yaml" --storage.tsdb.path="$T/data" \
		--web.listen-address="127.0.0.1:$PORT" >"$T/prometheus.log" 2>&1 </dev/null &
	note_pid "$T/prometheus.noted" $!
	disown
	await 20 prometheus_answers || die "Prometheus does not come up: $(tail -n 3 "$T/prometheus.log")"
}

inventory() {
	local service
	{
		printf 'sluice: 1\nkind: inventory\ngroups:\n'
		for service in $SERVICES; do
			printf '  %s: { hosts: [%s-1] }\n' "$service" "$service"
		done
		printf 'registries: { names: { type: static } }\n'
		printf 'metrics: { prom: { type: prometheus, url: "http://127.0.0.1:%s" } }\n' "$PORT"
	} >"$T/inv.yaml"
}

# measures SERVICE: rate, share of errors, p50 and p99 in ms, of what was printed last.
measures() {
	grep "\"service\":\"$1\"" "$T/out" |
		sed -E 's/.*"rate":([^,]*),"errorShare":([^,]*),"p50":([^,]*),"p99":([^,]*),.*/\1 \2 \3 \4/' |
		awk '{ for (i = 1; i <= NF; i++) {
			if (i > 1) printf " "
			if ($i == "null") printf "-"
			else printf "%.3g", $i
		} }'
}

expect_measures() {
	local got
	got=$(measures "$1")
	[ "$got" = "$2" ] || fail "measures of $1: '$got', expected '$2'"
}

who_scrapes_once_a_minute_sees_them() {
	expect_exit 0 get services -i "$T/inv.yaml" -o ndjson
	expect_measures minutely '12 0.167 2e+03 9e+03'
	expect_measures buckets '- - 55.6 460'
	grep '"service":"minutely"' "$T/out" | grep -q '"p99Series":\[9000,9000,' || fail "no past"
}

resets_and_idle_ones() {
	expect_exit 0 get services -i "$T/inv.yaml" -o ndjson
	expect_measures resets '5 0 - -'
	expect_measures idle '- - - -'
}

if ! command -v prometheus >/dev/null || ! command -v promtool >/dev/null || ! command -v curl >/dev/null; then
	skip_case "measures on a real Prometheus" "prometheus, promtool or curl"
	cases_end
fi
prometheus_start
inventory
run_case "measures: of who is scraped once a minute, with buckets or quantiles" who_scrapes_once_a_minute_sees_them
run_case "measures: counters that begin anew; what is idle has no durations" resets_and_idle_ones
cases_end
