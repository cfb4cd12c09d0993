#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# drain, enable and weight on a real etcd and on the lab's Service Center: read back, undone, refused,
# and settled after a crash.
# shellcheck source-path=SCRIPTDIR
# shellcheck disable=SC2016 # commands in messages stand in backquotes
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

inventory() {
	cat >"$T/inv.yaml" <<-END
		sluice: 1
		kind: inventory
		environment: { name: prod, production: true }
		registries:
		  city: { type: etcd, endpoints: "http://127.0.0.1:$PORT" }
	END
	sed "s/:$PORT/:1/" "$T/inv.yaml" >"$T/dead.yaml"
}

# Three instances, as their registrants would write them, and no run yet.
registered() {
	local i
	rm -rf "$T"/state*
	for i in 1 2 3; do
		put "/sluice/services/prod/orders/i$i" \
			"{\"host\":\"oa0$i\",\"port\":8080,\"version\":\"1.1\",\"weight\":100,\"labels\":{\"zone\":\"z$i\"}}"
	done
	put /sluice/services/prod/stock/s1 '{"host":"oa09","port":9090}'
}

change() {
	local verb=$1
	shift
	sl "$verb" orders "$@" -i "$T/inv.yaml" --reason OPS-1 -y
}

# changes CODE VERB ARGS...
changes() {
	local want=$1
	shift
	change "$@"
	local got=$?
	[ "$got" = "$want" ] || fail "sluice $*: exit $got, expected $want"
}

# stands ID STATE WEIGHT: so a fresh look finds it.
stands() {
	expect_exit 0 get instances orders -o ndjson -i "$T/inv.yaml"
	expect_out "\"instance\":\"$1\".*\"registered\":\"$2\",\"weight\":$3,"
}

drained_and_back() {
	registered
	changes 0 drain i1 oa02:8080
	expect_out '^  i2 (oa02:8080)  *UP -> OUT$'
	expect_out '^run 1: drained 2 instances of orders; `sluice undo 1` takes it back$'
	stands i1 OUT 100
	stands i2 OUT 100
	stands i3 UP 100
	expect_out '"zone":"z1"' # what the registrant wrote is still there
	expect_exit 0 runs -o json
	expect_out '"name":"drain orders","kind":"action".*"outcome":"done".*"reason":"OPS-1"'
	expect_exit 0 show 1 -o json
	expect_out '"subject":"i1","prior":{"v":1,"state":"UP","weight":100},"target":{"v":1,"state":"OUT"}'
	expect_exit 0 get events orders -o ndjson
	expect_out '"event":"step.started","service":"orders","subject":"drain i2".*"text":"UP -> OUT"'
	expect_exit 0 undo 1 -y
	stands i1 UP 100
	stands i2 UP 100
	expect_exit 2 undo 1 -y
	expect_err 'taken back already, by run 2'
	expect_exit 2 undo 2 -y
}

enabled_and_weighted() {
	registered
	changes 0 drain oa03
	changes 0 enable i3 i2 -o json
	expect_out '"run":2,"verb":"enable","service":"orders","outcome":"done","exit":0'
	expect_out '"instance":"i2",.*"state":"unchanged".*"instance":"i3",.*"prior":"OUT","target":"UP","state":"ok"'
	changes 0 weight i1 i2 --weight 10
	stands i1 UP 10
	stands i2 UP 10
	expect_exit 0 undo 3 -y
	stands i1 UP 100
	expect_exit 0 weight stock s1 --weight 5 -i "$T/inv.yaml" --reason OPS-1 -y
	expect_out 'no weight -> weight 5'
	expect_exit 0 undo 5 -y
	expect_exit 0 get instances stock -o ndjson -i "$T/inv.yaml"
	expect_out '"instance":"s1".*"registered":"UP","weight":null,'
	changes 0 enable i1
	expect_out 'nothing to do'
	expect_exit 0 runs -o json
	expect_out '"number":4,.*"kind":"undo","parent":3'
	! grep -q '"number":7' "$T/out" || fail "what changes nothing made a run"
}

wrong_names_change_nothing() {
	registered
	changes 2 drain i1 oa04
	expect_err "no instance 'oa04' (did you mean 'oa0[1-3]'?)"
	expect_exit 2 drain order i1 -i "$T/inv.yaml" --reason x -y
	expect_err "did you mean 'orders'"
	expect_exit 2 drain orders i1 -i "$T/inv.yaml" -y
	expect_err 'needs --reason'
	expect_exit 2 drain orders i1 --reason x -y
	expect_err 'say -i INVENTORY'
	expect_exit 2 drain orders i1 -i "$T/inv.yaml" --reason x
	expect_err 'say -y'
	changes 2 weight i1
	expect_err 'needs --weight N'
	changes 2 weight i1 --weight -3
	expect_exit 7 drain orders i1 -i "$T/dead.yaml" --reason x -y
	put /sluice/services/test/orders/i1 '{"host":"oa01","port":8080}'
	changes 2 drain i1
	expect_err "several instances"
	expect_err '^  test/i1 (oa01:8080)$'
	changes 0 drain prod/i1
	curl -fsS "http://127.0.0.1:$PORT/v3/kv/deleterange" -o "$T/del" \
		-d "{\"key\":\"$(printf %s /sluice/services/test/orders/i1 | base64 -w0)\"}"
	stands i1 OUT 100
	stands i2 UP 100
}

the_last_one_stays() {
	registered
	changes 0 drain i1 i2
	changes 2 drain i3
	expect_err 'would leave orders in prod without an instance in service (1 now)'
	changes 2 weight i3 --weight 0
	stands i3 UP 100
	changes 0 drain i3 --force
	stands i3 OUT 100
}

later_changes_stand_in_the_way() {
	registered
	changes 0 drain i1
	put /sluice/services/prod/orders/i1 '{"host":"oa01","port":8080,"state":"DOWN","weight":100}'
	expect_exit 2 undo 1 -y
	expect_err 'i1 (oa01:8080) is now DOWN, weight 100, not OUT: someone else changed it since'
	stands i1 DOWN 100
	put /sluice/services/prod/orders/i1 '{"host":"oa01","port":8080,"state":"OUT","weight":7}'
	expect_exit 0 undo 1 -y # the weight is not what it changed
	stands i1 UP 7
}

# Wherever it dies, resume makes it whole and undo takes it back: every durable write is tried.
dies_anywhere() {
	local n verb rc died=0
	for verb in resume undo; do
		for ((n = 1; ; n++)); do
			registered
			printf 'crash after write %d, then %s\n' "$n" "$verb" >"$T/command"
			SLUICE_TEST_CRASH=$n change drain i1 i2 2>"$T/killed"
			rc=$?
			[ "$rc" != 0 ] || break
			died=$((died + 1))
			sl "$verb" 1 -y
			rc=$?
			# after the very last write there is nothing to resume
			[ "$rc" = 0 ] || { [ "$verb:$rc" = resume:2 ] && expect_err 'has ended: done'; } ||
				fail "$verb after write $n: exit $rc"
			if [ "$verb" = resume ]; then
				stands i1 OUT 100 && stands i2 OUT 100
			else
				stands i1 UP 100 && stands i2 UP 100
			fi
		done
	done
	[ "$died" -ge 16 ] || fail "it died only $died times"
	printf '# killed at %d points\n' "$died"
}

unfinished_runs_hold() {
	registered
	SLUICE_TEST_CRASH=4 change drain i1 2>"$T/killed"
	changes 6 drain i2
	expect_err 'orders is held by run 1 (drain orders, .*`sluice undo 1` takes it back'
	expect_exit 0 drain stock s1 -i "$T/inv.yaml" --reason x -y --force
	expect_exit 0 show 1
	expect_out 'its controller is gone'
	expect_out 'sluice resume 1, or: sluice undo 1'
	expect_exit 0 undo 1 -y
	changes 0 drain i2
}

# The console asks, starts `sluice drain`, says what it said, and shows the row as it is then.
drained_from_the_console() {
	registered
	cat >"$T/keys" <<-END
		wait orders
		enter
		wait oa03
		D
		wait needs write mode
		w
		wait reason
		type OPS-9
		enter
		wait WRITE
		m
		m
		D
		wait 2 instances of orders
		type orders
		tab
		enter
		wait run 1: drained 2 instances of orders
		wait OUT
		dump $T/drained
		W
		wait weight:
		type 7
		enter
		wait Weight 7
		type orders
		tab
		enter
		wait run 2: weighted
		ctrl-c
	END
	printf 'console --keys\n' >"$T/command"
	COLUMNS=120 LINES=36 LC_ALL=C.UTF-8 TERM=xterm-256color setsid timeout -k 5 170 \
		"${SLUICE%/*}/sluice-console" services -i "$T/inv.yaml" --keys "$T/keys" --screen-dump "$T/screen" \
		>"$T/out" 2>"$T/err" </dev/null || { cat "$T/screen" >>"$T/err" && fail "the console waited in vain"; }
	[ "$(grep -c ' OUT ' "$T/drained")" = 2 ] || fail "not two rows say OUT: $(cat "$T/drained")"
	expect_exit 0 runs -o json
	expect_out '"name":"drain orders","kind":"action".*"reason":"OPS-9"'
	expect_exit 0 get instances orders -o ndjson -i "$T/inv.yaml"
	[ "$(grep -c '"registered":"OUT","weight":7,' "$T/out")" = 2 ] || fail "not both are OUT with weight 7"
}

# The console ends while `sluice drain` is under way: it waits for it, and the drain is carried out.
console_leaves_it_alone() {
	registered
	cat >"$T/keys" <<-END
		wait orders
		enter
		wait oa03
		w
		wait reason
		type OPS-9
		enter
		wait WRITE
		D
		wait 1 instance of orders
		type orders
		tab
		enter
		ctrl-c
	END
	printf 'console --keys\n' >"$T/command"
	COLUMNS=120 LINES=36 LC_ALL=C.UTF-8 TERM=xterm-256color setsid timeout -k 5 170 \
		"${SLUICE%/*}/sluice-console" services -i "$T/inv.yaml" --keys "$T/keys" --screen-dump "$T/screen" \
		>"$T/out" 2>"$T/err" </dev/null || { cat "$T/screen" >>"$T/err" && fail "the console does not end well"; }
	await 60 drained_one || fail "the drain is not carried out"
}

drained_one() {
	sl runs -o json && grep -q '"name":"drain orders".*"outcome":"done"' "$T/out"
}

# --- Service Center ---

sc_register() {
	local answer
	answer=$(fake_ask POST /v4/default/registry/microservices \
		'{"service":{"appId":"shop","environment":"production","serviceName":"orders","version":"1.0.0"}}')
	sc_service=${answer#*serviceId\":\"} sc_service=${sc_service%%\"*}
	for id in sc1 sc2; do
		fake_ask POST "/v4/default/registry/microservices/$sc_service/instances" \
			"{\"instance\":{\"instanceId\":\"$id\",\"hostName\":\"h-$id\",\"endpoints\":[\"rest://127.0.0.1:80\"],
			\"status\":\"UP\",\"properties\":{\"weight\":\"50\",\"lane\":\"a\"},\"healthCheck\":{\"mode\":\"push\",\"interval\":30,\"times\":9}}}" \
			>"$T/answer" || fail "no instance $id"
	done
}

sc_inventory() {
	cat >"$T/inv.yaml" <<-END
		sluice: 1
		kind: inventory
		registries:
		  sc: { type: serviceCenter, url: "$url", weightProperty: weight }
	END
}

mood() {
	fake_ask PUT "$1" >"$T/answer" || fail "the fake takes no $1"
}

sc_begin() {
	rm -rf "$T"/state*
	mood '/_fake?mood=good'
	for id in sc1 sc2; do
		mood "/v4/default/registry/microservices/$sc_service/instances/$id/status?value=UP"
	done
}

sc_drained_and_back() {
	sc_begin
	changes 0 drain sc1
	stands sc1 OUT 50
	changes 0 weight h-sc2 --weight 5
	stands sc2 UP 5
	expect_out '"lane":"a"'
	expect_exit 0 undo 1 -y
	stands sc1 UP 50
	expect_exit 0 undo 2 -y
	stands sc2 UP 50
}

plainly_out() {
	sl get instances orders -o ndjson -i "$T/inv.yaml" &&
		grep -q '"instance":"sc1".*"registered":"OUT"' "$T/out"
}

# The write is done, its answer never comes: what stands there decides.
sc_without_an_answer() {
	sc_begin
	mood '/_fake?mood=deaf&match=PUT&times=1'
	changes 0 drain sc1
	mood '/_fake?mood=good'
	await 20 plainly_out || fail "sc1 does not stay OUT" # plain reads lag
	mood '/_fake?mood=error&match=PUT&times=1'
	changes 7 drain sc2 --force
	expect_err 'nothing was changed'
	expect_exit 0 show 2 -o json
	expect_out '"outcome":"refused","exit":7'
	stands sc2 UP 50
}

# The second cannot be marked: the first is put back.
sc_all_or_nothing() {
	sc_begin
	mood '/_fake?mood=error&match=sc2/status'
	changes 4 drain sc1 sc2 --force
	mood '/_fake?mood=good'
	expect_err 'what was done before is put back'
	stands sc1 UP 50
	stands sc2 UP 50
	expect_exit 0 show 1 -o json
	expect_out '"outcome":"rolledBack","exit":4'
}

# Nobody is there any more to say what became of it: the run waits, and holds what it touched.
sc_unknown_is_never_lost() {
	sc_begin
	mood '/_fake?mood=silent&match=PUT'
	sl_start drain drain orders sc1 -i "$T/inv.yaml" --reason OPS-1 -y
	await 30 sc_tried || fail "no step was started"
	stop_noted "$T/fakesc.noted" KILL
	sl_end drain 3 60
	expect_err 'run 1 is paused: .*could not be read. `sluice resume 1` looks again'
	expect_exit 3 undo 1 -y
	expect_exit 6 drain orders sc2 -i "$T/inv.yaml" --reason x -y
	expect_exit 0 show 1
	expect_out 'paused'
}

sc_tried() {
	sl show 1 -o json && grep -q '"state":"started"' "$T/out"
}

if ! command -v curl >/dev/null; then
	skip_case "drain, enable and weight" "curl is not installed"
	exit 0
fi
if command -v etcd >/dev/null; then
	etcd_start
	inventory
	run_case "drain: marked, read back, audited, undone" drained_and_back
	run_case "enable and weight; what stands so already makes no run" enabled_and_weighted
	run_case "unknown names, no reason, no registry: nothing is changed" wrong_names_change_nothing
	run_case "the last instance in service goes only by force" the_last_one_stays
	run_case "undo is refused over someone else's later change" later_changes_stand_in_the_way
	run_case "killed after every write to the journal, then resume, undo" dies_anywhere
	run_case "from the console: asked, confirmed, done, seen" drained_from_the_console
	run_case "the console ends while a drain is under way" console_leaves_it_alone
	run_case "an unfinished run holds its service and is named" unfinished_runs_hold
else
	skip_case "drain, enable and weight on etcd" "etcd-server is not installed"
fi
fake_start fakesc -l 200
sc_register
sc_inventory
run_case "Service Center: drain, weight, undo" sc_drained_and_back
run_case "Service Center: a write without an answer is read back" sc_without_an_answer
run_case "Service Center: all or nothing" sc_all_or_nothing
run_case "Service Center: an unknown outcome waits for resume or undo" sc_unknown_is_never_lost
cases_end
