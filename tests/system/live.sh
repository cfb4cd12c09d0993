#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# get and watch on a real etcd: what curl changes there is seen, what fails is said.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

inventory() {
	cat >"$T/inv.yaml" <<-END
		sluice: 1
		kind: inventory
		environment: { name: city }
		registries:
		  city: { type: etcd, endpoints: "http://127.0.0.1:$PORT" }
		configs:
		  city: { type: etcd, endpoints: "http://127.0.0.1:$PORT" }
	END
	sed "s/:$PORT/:1/" "$T/inv.yaml" >"$T/dead.yaml"
	sed '/^configs/,$d; s/^  city:.*/&\n  dead: { type: etcd, endpoints: "http:\/\/127.0.0.1:1" }/' \
		"$T/inv.yaml" >"$T/half.yaml"
}

fill() {
	put /sluice/services/prod/orders/i1 '{"host":"oa01","port":8080,"version":"1.1"}'
	put /sluice/services/prod/orders/i2 '{"host":"oa02","port":8080,"version":"1.2"}'
	put /sluice/services/prod/订单/i1 '{"host":"oa03","state":"DOWN","note":"\u001b[31mred"}'
	put /sluice/config/prod/orders/timeout 800
}

get() {
	expect_exit 0 get "$@" -i "$T/inv.yaml"
}

seen_in_every_format() {
	get services -o csv
	expect_out '^orders,prod,,ok,,2,2,1.1=0.5 1.2=0.5,'
	expect_out '^订单,prod,,failed,1 of 1 not up (1 down); i1: ?\[31mred,0,1,'
	get services -o json
	expect_out '"versions":{"1.1":0.5,"1.2":0.5},"rate":null'
	expect_out '"sources":\[{"name":"city","readAt":"20[^"]*Z","revision":"[^"]*","error":null}'
	get instances orders -o ndjson
	[ "$(wc -l <"$T/out")" = 2 ] || fail "not two instances"
	get keys -f service=orders -o wide
	expect_out '^+  timeout  800 '
	get services -f 'state:bad' --sort=-service
	expect_out '^x  订单 '
	! grep -q orders "$T/out" || fail "the filter lets all through"
}

no_control_bytes() {
	local format
	for format in table wide csv json ndjson; do
		get instances -o "$format"
		expect_out '?\[31mred\|订单'
		! grep -qa "$(printf '\033')" "$T/out" || fail "an escape sequence in $format"
	done
}

changes_are_watched() {
	sl_start rows watch instances -o json -i "$T/inv.yaml"
	sl_start events watch events -i "$T/inv.yaml"
	expect_event rows 20 '"instance":"i2".*"registered":"UP"'
	put /sluice/services/prod/orders/i2 '{"host":"oa02","port":8080,"version":"1.2","state":"OUT"}'
	expect_event rows 20 '"instance":"i2".*"registered":"OUT"'
	put /sluice/config/prod/orders/timeout 900
	expect_event events 20 'key.changed  *orders  *timeout'
	kill -INT "$(sl_pid rows)"
	sl_end rows 130
	kill -TERM "$(sl_pid events)"
	sl_end events 130
}

failures_are_said() {
	expect_exit 7 get services -i "$T/dead.yaml"
	expect_err "registry 'city' (etcd): .*127.0.0.1:1"
	expect_exit 0 get services -i "$T/half.yaml" -o json
	expect_err "registry 'dead' (etcd)"
	expect_out '"name":"dead","readAt":null,"revision":null,"error":"[^"]'
	expect_out '"service":"orders"'
}

questions_are_checked_first() {
	expect_exit 2 get servces -i "$T/inv.yaml"
	expect_err "did you mean 'services'"
	expect_exit 2 get services
	expect_err 'say -i INVENTORY'
	expect_exit 2 get services -i "$T/inv.yaml" -f 'p98>3'
	expect_err "did you mean 'p99'"
	expect_exit 2 get services -i "$T/inv.yaml" --sort nothing
	expect_exit 2 get services -i "$T/inv.yaml" -f 'service:"open'
	expect_err 'a quote is not closed'
	expect_exit 2 get keys -i "$T/half.yaml"
	expect_err 'names none'
	expect_exit 2 runs -o csv
	expect_exit 0 get runs -o json
	expect_out '{"items":\[\],"sources":\[\]}'
}

if ! command -v etcd >/dev/null || ! command -v curl >/dev/null; then
	skip_case "get and watch on etcd" "etcd-server or curl is not installed"
	exit 0
fi
etcd_start
inventory
fill
run_case "services, instances and keys in every format" seen_in_every_format
run_case "escape sequences in a registry never come out" no_control_bytes
run_case "what changes in etcd is watched" changes_are_watched
run_case "a dead registry: exit 7, or its row among the sources" failures_are_said
run_case "wrong questions: exit 2 before anything is asked" questions_are_checked_first
cases_end
