#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# get traces and get trace on a real Zipkin: what curl posts there is found and drawn.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

PEERS=$(cd "$(dirname "${BASH_SOURCE[0]}")/../peers" && pwd)

zipkin_start() {
	while PORT=$((20000 + RANDOM % 10000)); do
		{ : <"/dev/tcp/127.0.0.1/$PORT"; } 2>/dev/null || break
	done
	"$PEERS/start" zipkin "$PORT" "$T/zipkin" || die "Zipkin does not come up"
	note_pid "$T/zipkin.noted" "$(cat "$T/zipkin/zipkin.pid")"
}

inventory() {
	printf 'sluice: 1\nkind: inventory\ntracing:\n  spans: { type: zipkin, url: "%s" }\n' \
		"http://127.0.0.1:$PORT/zipkin/" >"$T/inv.yaml"
	sed "s/:$PORT/:1/" "$T/inv.yaml" >"$T/dead.yaml"
	sed 's/^  spans.*/&\n  dead: { type: zipkin, url: "http:\/\/127.0.0.1:1" }/' \
		"$T/inv.yaml" >"$T/half.yaml"
}

# span ID PARENT SERVICE NAME START-ms DURATION-ms EXTRA
span() {
	printf '%s{"traceId":"7f3a91c0aaaaaaaa","id":"%s",%s"name":"%s","timestamp":%d,"duration":%d,
		"localEndpoint":{"serviceName":"%s"}%s}' "$comma" "$1" "${2:+\"parentId\":\"$2\",}" "$4" \
		$((began + $5 * 1000)) $(($6 * 1000)) "$3" "$7"
	comma=,
}

fill() {
	local began=$((($(date +%s) - 60) * 1000000)) comma=
	{
		printf '['
		span 1 '' checkout 'POST /pay' 0 1920 ''
		span 2 1 payments charge 20 1800 ',"tags":{"error":"no \u001b[31mpool"}'
		span 3 99 mail send 1900 10 ''
		printf ']'
	} | curl -fsS "http://127.0.0.1:$PORT/api/v2/spans" -o /dev/null --data-binary @- ||
		fail "Zipkin takes no spans"
}

get() {
	expect_exit 0 get "$@" -i "$T/inv.yaml"
}

traces_are_found() {
	get traces
	expect_out '^x .* 1,920 .*payments charge: no ?\[31mpool *7f3a91c0aaaaaaaa$'
	get traces Checkout -f 'duration>1s errors>0 start<1h' -o json
	expect_out '"duration":1920,"spans":3,"services":3,"errors":1,"service":"checkout"'
	get traces -f 'duration>2s' -o csv
	! grep -q 7f3a "$T/out" || fail "the filter lets through what is too short"
}

a_trace_is_drawn() {
	get trace 7F3A91C0AAAAAAAA
	expect_out '^! checkout  post /pay  *1.92s |=*|$'
	expect_out '^x   payments  charge  *1.80s | *xxx*  *|$'
	expect_out '^  (span 0000000000000099 did not come)'
	expect_out '^critical path 1.92s, 94% of it (1.80s) in payments$'
	get trace 7f3a91c0aaaaaaaa -o json
	expect_out '"missing":1.*"critical":1800'
}

failures_are_said() {
	expect_exit 7 get traces -i "$T/dead.yaml"
	expect_err "tracing backend 'spans' (zipkin)"
	expect_exit 0 get traces -i "$T/half.yaml"
	expect_err "tracing backend 'dead' (zipkin)"
	expect_exit 2 get trace beef -i "$T/inv.yaml"
	expect_err "no tracing backend has the trace 'beef'"
	expect_exit 2 get trace 'no id' -i "$T/inv.yaml"
	expect_exit 2 get trace -i "$T/inv.yaml"
	expect_exit 2 watch traces -i "$T/inv.yaml"
}

if ! "$PEERS/start" -t zipkin || ! command -v curl >/dev/null; then
	skip_case "get traces on Zipkin" "make peers prepares it; curl is needed too"
	exit 0
fi
zipkin_start
inventory
fill
run_case "traces are found, filtered and counted" traces_are_found
run_case "a trace is drawn, with what did not come" a_trace_is_drawn
run_case "dead backends and wrong questions" failures_are_said
cases_end
