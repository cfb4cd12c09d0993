#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# `make conform` as a stranger meets it: on servers (the lab's fakes) that hold what others made, want
# a token, speak TLS, are not there, or are something else; and when it is interrupted.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

[ -x "$BUILD/conform" ] || die "no $BUILD/conform: make everything"

# server NAME PROGRAM ARGS...: its address in $T/NAME.url.
server() {
	"$BIN/$2" "${@:3}" >"$T/$1.url" 2>"$T/$1.err" </dev/null &
	note_pid "$T/$1.noted" $!
	disown
	await 10 test -s "$T/$1.url" || die "$2 does not start"
}
url() { head -n 1 "$T/$1.url"; }

# conform CODE VARIABLE=VALUE...: what it says in $T/out.
conform() {
	local want=$1 got
	shift
	printf 'conform %s\n' "$*" >"$T/command"
	timeout -k 5 180 env "$@" "$TOP/tests/peers/conform.sh" "$BUILD" >"$T/out" 2>&1 </dev/null
	got=$?
	cp "$T/out" "$T/err"
	[ "$got" = "$want" ] || fail "exit $got, expected $want"
}
says() { grep -q -- "$1" "$T/out" || fail "it does not say '$1'"; }
lines() { [ "$(wc -l <"$T/out")" -le "$1" ] || fail "$(wc -l <"$T/out") lines for one trouble"; }

# All that is registered, and all keys, of whatever project: nothing of ours is left.
theirs() {
	curl -fsS "$(url center)/v4/default/registry/microservices?noCache=1"
	curl -fsS "$(url kie)/v1/default/kie/kv"
}
expect_nothing_left() {
	local project
	project=$(curl -fsS -X PUT "$1/_fake" | grep -o '"projects":[^]]*]') || fail "the fake names no projects"
	! grep -q 'sluice-' <<<"$project" || fail "left: $project"
}

others_data() {
	local before
	curl -fsS -o "$T/made" -H 'Content-Type: application/json' "$(url center)/v4/default/registry/microservices" \
		-d '{"service":{"appId":"shop","serviceName":"orders","version":"1.0.0","environment":"production"}}'
	curl -fsS -o "$T/made" -H 'Content-Type: application/json' "$(url kie)/v1/default/kie/kv" \
		-d '{"key":"orders.timeout","value":"1s","status":"enabled","labels":{"app":"shop"}}'
	before=$(theirs)
	conform 0 "SERVICE_CENTER=$(url center)/" "KIE=$(url kie)//"
	says '^  test_write: OK'
	says '^  test_login: SKIPPED'
	says '^conform: as recorded'
	[ "$(theirs)" = "$before" ] || fail "what others made is another now: $(theirs)"
	expect_nothing_left "$(url center)"
	expect_nothing_left "$(url kie)"
}

login() {
	curl -fsS "$(url guarded)/v4/token" -H 'Content-Type: application/json' \
		-d '{"name":"root","password":"Root-pass-1"}' | sed 's/.*"token":"\([^"]*\)".*/\1/'
}

accounts_on() {
	local token
	conform 2 "SERVICE_CENTER=$(url guarded)" "KIE=$(url locked)"
	says "$(url guarded) (401): accounts are switched on there: give TOKEN="
	says "$(url locked) (401): accounts are switched on there: give TOKEN="
	lines 8
	conform 2 "SERVICE_CENTER=$(url guarded)" TOKEN=abc.def.ghi
	says '(401): TOKEN is not accepted'
	lines 8
	token=$(login)
	conform 0 "SERVICE_CENTER=$(url guarded)" "TOKEN=$token"
	says '^conform: as recorded'
	expect_nothing_left "$(url guarded)"
	conform 0 "KIE=$(url locked)" TOKEN=secret-token
	! grep -q 'secret-token' "$T/out" || fail "it shows the token"
}

# talk CODE NAME RECORDING: one conversation alone.
talk() {
	local got
	printf 'conform %s %s\n' "$2" "$3" >"$T/command"
	"$BUILD/conform" "$(url "$2")" "$TOP/tests/peers/recordings/$3.ndjson" >"$T/out" 2>&1 </dev/null
	got=$?
	cp "$T/out" "$T/err"
	[ "$got" = "$1" ] || fail "exit $got, expected $1"
}

# Again and again, where three wrong passwords would lock root; and with one that is wrong.
accounts_talk() {
	local token
	SLUICE_TEST_ROOT=Root-pass-1 talk 0 guarded service-center-rbac
	SLUICE_TEST_ROOT=Root-pass-1 talk 0 guarded service-center-rbac
	says 'SKIPPED  wrong password'
	SLUICE_TEST_ROOT=Other-pass-1 talk 2 guarded service-center-rbac
	says 'does not let root in (401)'
	lines 1
	SLUICE_TEST_ROOT=Root-pass-1 talk 0 guarded service-center-rbac
	token=$(login)
	[ "$(curl -fsS -H "Authorization: Bearer $token" "$(url guarded)/v4/roles" | grep -o '"total":[0-9]*')" = '"total":2' ] ||
		fail "a role is left"
}

not_there() {
	conform 2 SERVICE_CENTER=http://127.0.0.1:9 "KIE=$(url center)"
	says 'http://127.0.0.1:9 does not answer'
	says "$(url center) is no Kie: it answers 404"
	lines 8
	conform 2 SERVICE_CENTER=sc.example:30100
	says "is no address: http://"
	conform 2
	says 'give SERVICE_CENTER=URL'
}

over_tls() {
	local at
	at=$(url kie)
	server tls tlsd "$T/tls.pem" 127.0.0.1:0 "${at#http://}"
	conform 2 "KIE=$(url tls)"
	says 'does not answer: .*certificate'
	conform 0 "KIE=$(url tls)" "CA=$T/tls.pem"
	says '^conform: as recorded'
	expect_nothing_left "$(url kie)"
}

# In the middle of the conversation, and of the plugin's tests: what was made goes.
interrupted() {
	local line pid
	for line in '^  19  ' 'alike'; do
		: >"$T/out"
		env --default-signal=INT "SERVICE_CENTER=$(url center)" "KIE=$(url kie)" setsid "$TOP/tests/peers/conform.sh" \
			"$BUILD" >>"$T/out" 2>"$T/err" </dev/null &
		pid=$!
		await 30 grep -q -- "$line" "$T/out" || fail "line '$line' does not come"
		kill -INT -- "-$pid"
		wait "$pid"
		[ $? = 130 ] || fail "another exit than 130"
		[ "$line" = alike ] || grep -q 'removes what it made' "$T/err" || fail "it says nothing"
		expect_nothing_left "$(url center)"
		expect_nothing_left "$(url kie)"
	done
}

server center fakesc 127.0.0.1:0
server kie fakekie 127.0.0.1:0
server guarded fakesc -r Root-pass-1 127.0.0.1:0
server locked fakekie -t secret-token 127.0.0.1:0
run_case "what others made stays, and nothing of ours" others_data
run_case "a token that is missing or wrong is one sentence" accounts_on
run_case "the conversation about accounts locks nobody and leaves nothing" accounts_talk
run_case "no server, another server, no address" not_there
run_case "https with an authority of one's own" over_tls
run_case "an interrupt cleans up" interrupted
cases_end
