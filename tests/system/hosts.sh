#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Hosts and logs over real sshds, by both drivers: what runs there, one that is down, one that accepts
# and says nothing; a log that is followed, and what is left on the host afterwards.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

lab_start --hosts 2 --lbs 1
VERSION=1.0.0

use_driver() {
	sed "s/driver: .*/driver: $1/" "$SITE/inventory.yaml" >"$SITE/inv-$1.yaml"
	INV=$SITE/inv-$1.yaml
}

row() {
	grep -E "^. +$1 " "$T/out"
}

hosts_are_listed() {
	use_driver "$1"
	expect_exit 0 get hosts -i "$INV"
	row h1 | grep -q 'ok .*shop:8080=1.0.0' || fail "h1 does not show what runs there"
	row lb1 | grep -q ' ok ' || fail "lb1 is not listed"
	expect_exit 0 get processes h1 -i "$INV" -o ndjson
	expect_out '"host":"h1","port":8080,.*"version":"1.0.0","state":"ok","pid":[0-9]'
	SLUICE_STATE=$T/nothing expect_exit 0 get hosts h2 -i "$INV" -o json
	expect_out '"services":{"shop:8080":"1.0.0"}'
}

one_is_down() {
	use_driver "$1"
	"$LAB_HOME/lab" ssh-down "$SITE" h2 || fail "h2 does not go"
	expect_exit 0 get hosts -i "$INV"
	row h2 | grep -q '^?.* lost .*refused' || fail "h2 is not said to be lost"
	row h1 | grep -q ' ok ' || fail "h1 does not answer"
	expect_exit 7 get hosts h2 -i "$INV"
	"$LAB_HOME/lab" host-up "$SITE" h2 || fail "h2 does not come back"
}

# It accepts and says nothing: its row says so, and nobody else waits for it past its deadline.
one_hangs() {
	local began
	use_driver "$1"
	"$LAB_HOME/lab" ssh-down "$SITE" h2 || fail "h2 does not go"
	"$BIN/hangd" "$(host_address h2):2222" hang >/dev/null 2>&1 </dev/null &
	note_pid "$T/hangd.noted" $!
	disown
	await 5 "$BIN/ask" "$(host_address h2):2222" || fail "hangd does not listen"
	began=$(now_ms)
	expect_exit 0 get hosts -i "$INV"
	[ $(($(now_ms) - began)) -lt 25000 ] || fail "it took too long"
	row h2 | grep -q '^?.* lost .*took longer than' || fail "h2 is not said to hang"
	row h1 | grep -q ' ok ' || fail "h1 does not answer"
	stop_noted "$T/hangd.noted" KILL
	"$LAB_HOME/lab" host-up "$SITE" h2 || fail "h2 does not come back"
}

tail_runs() {
	pgrep -f "tail -n [0-9]* -F -- $T/app.log" >/dev/null
}

tail_is_gone() {
	! tail_runs
}

log_has() {
	grep -q "$1" "$T/log"
}

log_is_followed() {
	local pid
	use_driver "$1"
	printf 'first\n\033[31mred\033[0m \001 ERROR\n' >"$T/app.log"
	"$SLUICE" logs -f "h1:$T/app.log" -i "$INV" >"$T/log" 2>"$T/err" </dev/null &
	pid=$!
	note_pid "$T/logs.noted" "$pid"
	await 30 log_has '^red ? ERROR' || fail "the log's end does not come, or not cleaned"
	printf 'appended\n' >>"$T/app.log"
	await 20 log_has '^appended' || fail "what is appended does not come"
	tail_runs || fail "the test does not see the remote tail"
	kill -INT "$pid"
	wait "$pid"
	[ $? = 130 ] || fail "an interrupted logs does not exit with 130"
	await 20 tail_is_gone || fail "the remote tail is left behind"
}

log_survives_a_cut() {
	local pid
	use_driver "$1"
	printf 'one\ntwo\nthree\n' >"$T/app.log"
	"$SLUICE" logs -f "h1:$T/app.log" -i "$INV" >"$T/log" 2>"$T/err" </dev/null &
	pid=$!
	note_pid "$T/logs.noted" "$pid"
	await 30 log_has '^three' || fail "the log does not come"
	"$LAB_HOME/lab" cut "$SITE" h1 || fail "the session is not cut"
	printf 'four\n' >>"$T/app.log"
	await 40 log_has '^four' || fail "it does not go on after a lost connection"
	[ "$(grep -c '^three' "$T/log")" = 1 ] || fail "lines are printed twice"
	kill -KILL "$pid"
	wait "$pid" 2>/dev/null
	await 20 tail_is_gone || fail "a killed viewer leaves its tail behind"
}

log_without_a_last_end() {
	use_driver auto
	printf 'one\ntwo' >"$T/app.log"
	expect_exit 0 logs "h1:$T/app.log" -i "$INV"
	expect_out '^two$'
}

logs_say_why_not() {
	use_driver auto
	expect_exit 2 logs h1:/no/such.log -i "$INV"
	expect_err 'h1: there is no such log'
	expect_exit 2 logs nobody -i "$INV"
	expect_err "no host 'nobody'"
	expect_exit 2 logs lb1 -i "$INV"
	expect_err 'sluice runs nothing on lb1'
	expect_exit 0 logs h1:8080 --lines 5 -i "$INV"
	expect_out 'orders 1.0.0'
}

# Alerts know of hosts what somebody asked them: without that it is said.
alerts_name_what_they_leave_out() {
	use_driver auto
	with_etcd
	expect_exit 0 get alerts -i "$INV"
	expect_err "Hosts are not among these: .sluice get hosts -f state:bad -i $INV. asks"
	expect_exit 0 get alerts -i "$INV" -o json
	[ ! -s "$T/err" ] || fail "a program is told what people are"
	"$LAB_HOME/lab" ssh-down "$SITE" h2 || fail "h2 does not go"
	expect_exit 0 get hosts -f state:bad -i "$INV"
	row h2 | grep -q 'lost' || fail "h2 is not among what is bad"
	"$LAB_HOME/lab" host-up "$SITE" h2 || fail "h2 does not come back"
	stop_noted "$T/etcd.noted" KILL
}

with_etcd() {
	rm -rf "$T/etcd"
	etcd_start
	sed "/^hosts:/i registries: { city: { type: etcd, endpoints: \"http://127.0.0.1:$PORT\" } }" \
		"$INV" >"$SITE/inv-etcd.yaml"
	INV=$SITE/inv-etcd.yaml
}

# Instances as registrants write them: one whose host the inventory calls otherwise, one without.
logs_of_a_registrys_instances() {
	use_driver auto
	with_etcd
	put /sluice/services/prod/shop/i-71 '{"host":"h1","port":8080}'
	put /sluice/services/prod/shop/i-72 "{\"host\":\"pod-9\",\"address\":\"$(host_address h2)\",\"port\":8080}"
	put /sluice/services/prod/shop/i-73 '{"port":8080}'
	put /sluice/services/prod/stock/i-71 '{"host":"elsewhere","port":8080}'
	expect_exit 0 logs shop i-71 -i "$INV"
	expect_out "orders 1.0.0 on $(host_address h1)"
	for name in i-72 pod-9:8080 prod/i-72 'shop pod-9'; do
		# shellcheck disable=SC2086 # the last is two words
		expect_exit 0 logs $name -i "$INV"
		expect_out "orders 1.0.0 on $(host_address h2)"
	done
	expect_exit 2 logs i-71 -i "$INV"
	expect_err 'i-71.* means several instances'
	expect_err '^  stock prod/i-71 (elsewhere:8080)$'
	expect_exit 2 logs stock i-71 -i "$INV"
	expect_err "no host 'elsewhere'"
	expect_exit 2 logs shop i-73 -i "$INV"
	expect_err "does not say on which host 'i-73' is"
	expect_exit 2 logs i-7 -i "$INV"
	expect_err "has no host 'i-7', and its registries no instance (did you mean 'i-7"
	expect_exit 2 logs shop i-7 -i "$INV"
	expect_err "service 'shop' has no instance 'i-7' (did you mean 'i-7"
	expect_exit 2 logs shopp i-71 -i "$INV"
	expect_err "service 'shopp' has no instances in any registry.*did you mean 'shop'"
	stop_noted "$T/etcd.noted" KILL
	expect_exit 7 logs shop i-71 -i "$INV"
	expect_err "127.0.0.1:$PORT"
	expect_exit 0 logs h1:8080 -i "$INV"
}

install() {
	expect_exit 0 run install.yaml --set "version=$VERSION" -y
}

run_case "a release is installed" install
for driver in libssh2 openssh; do
	listed() { hosts_are_listed "$driver"; }
	down() { one_is_down "$driver"; }
	hangs() { one_hangs "$driver"; }
	followed() { log_is_followed "$driver"; }
	cut_off() { log_survives_a_cut "$driver"; }
	run_case "$driver: hosts and what runs there are listed" listed
	run_case "$driver: one that is down is a row with its reason" down
	run_case "$driver: one that hangs is a row too" hangs
	run_case "$driver: a log is followed, and nothing is left behind" followed
	run_case "$driver: a log goes on after a lost connection" cut_off
done
run_case "a log's last line has no end" log_without_a_last_end
run_case "logs say why there is none" logs_say_why_not
run_case "alerts name what they leave out" alerts_name_what_they_leave_out
run_case "logs of a registry's instances" logs_of_a_registrys_instances
cases_end
