#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A config key's history, and what differs between its versions, on a real etcd and on Kie's fake.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

kie() {
	fake_ask "$1" "/v1/default/kie/$2" "$3" >"$T/kie.out" || fail "Kie refuses $1 $2: $3"
}

# kie_new KEY VALUE LABELS: its id goes to $ID
kie_new() {
	kie POST kv "{\"key\":\"$1\",\"value\":\"$2\",\"value_type\":\"yaml\",\"status\":\"enabled\",\"labels\":{$3}}"
	ID=$(sed -n 's/.*"id":[[:space:]]*"\([^"]*\)".*/\1/p' "$T/kie.out" | head -n 1)
}

kie_set() {
	kie PUT "kv/$1" "{\"value\":\"$2\",\"status\":\"enabled\"}"
}

# --- what there is ---

inventory() {
	cat >"$T/inv.yaml" <<-END
		sluice: 1
		kind: inventory
		environment: { name: city }
		configs:
		  city: { type: etcd, endpoints: "http://127.0.0.1:$PORT" }
		  kie: { type: kie, url: "$url" }
	END
}

fill() {
	put /sluice/config/prod/cart/pool.yaml $'pool:\n  size: 20\n  wait: 8\n'
	put /sluice/config/prod/cart/pool.yaml $'pool:\n  size: 40\n  wait: 8\n'
	put /sluice/config/prod/cart/pool.yaml $'pool:\n  size: 80\n  wait: 8\n  # \033[31m大小\n'
	put /sluice/config/staging/cart/pool.yaml $'pool:\n  size: 2\n  wait: 8\n'
	put /sluice/config/prod/cart/blob "$(printf 'a\377b')"
	kie_new route 'size: 10' '"environment":"prod","service":"cart"'
	kie_set "$ID" 'size: 12'
}

sluice_on() {
	expect_exit 0 "$@" -i "$T/inv.yaml"
}

revision() { # revision N: of the N-th version of pool.yaml in prod, newest = 1
	sluice_on get history pool.yaml --label environment=prod -o csv --sort=-revision
	sed -n 's/^\([0-9]*\),.*,\(live\|superseded\),.*/\1/p' "$T/out" | sed -n "$1p"
}

history_is_listed() {
	sluice_on get history pool.yaml --label environment=prod
	[ "$(wc -l <"$T/out")" = 4 ] || fail "not three versions and a header"
	expect_out '^+  [0-9]* .* 2  *1  live '
	expect_out '^-  [0-9]* .* 1  *1  superseded '
	sluice_on get history pool.yaml/environment=prod/service=cart@city -o json
	expect_out '"standing":"live","what":"size: 80","value":"pool:\\n  size: 80'
	expect_out '"sources":\[{"name":"city"'
	! grep -qa "$(printf '\033')" "$T/out" || fail "an escape sequence"
	sluice_on get history route --source kie
	expect_out '^+  [0-9]* .* 1  *1  live  *size: 12$'
	expect_out '^-  [0-9]* .* -  *-  superseded *-$'
}

a_key_is_named() {
	expect_exit 2 get history pool.yaml -i "$T/inv.yaml"
	expect_err "2 keys are called 'pool.yaml'"
	expect_err 'pool.yaml/environment=staging/service=cart@city'
	expect_exit 2 get history pool.yml -i "$T/inv.yaml"
	expect_err "did you mean 'pool.yaml'"
	expect_exit 2 get history pool.yaml --label staging -i "$T/inv.yaml"
	expect_err 'NAME=VALUE'
	expect_exit 2 get history -i "$T/inv.yaml"
	expect_exit 2 watch history pool.yaml -i "$T/inv.yaml"
}

versions_are_compared() {
	local older
	sluice_on diff pool.yaml --label environment=prod
	expect_out '^+++ pool.yaml/environment=prod/service=cart@city rev [0-9]* (live)$'
	expect_out '^    2 -   size: 40$'
	expect_out '^    2 +   size: 80$'
	expect_out '^    4 +   # ?\[31m大小$'
	older=$(revision 3)
	sluice_on diff pool.yaml --label environment=prod --from "$older" -o json
	expect_out '"kind":"gone","left":2,"text":"  size: 20"'
	expect_out "\"revision\":\"$older\",\"live\":false"
	sluice_on diff pool.yaml/environment=staging/service=cart@city \
		pool.yaml/environment=prod/service=cart@city
	expect_out '^    2 -   size: 2$'
	printf 'pool:\n  size: 80\n' >"$T/draft"
	sluice_on diff pool.yaml --label environment=prod --value-file "$T/draft"
	expect_out '^    3 -   wait: 8$'
	expect_exit 2 diff blob -i "$T/inv.yaml"
	expect_err 'no version before the live one'
	sluice_on diff blob pool.yaml/environment=prod/service=cart@city
	expect_out '^they differ, and are no text$'
	expect_exit 2 diff pool.yaml --label environment=prod --from 1 -i "$T/inv.yaml"
	expect_err 'has no revision 1'
}

# --- publishing ---

publish() {
	expect_exit "$1" publish "${@:2}" -i "$T/inv.yaml" --reason OPS-7 -y
}

prod=pool.yaml/environment=prod/service=cart@city

value_in_etcd() {
	curl -fsS "http://127.0.0.1:$PORT/v3/kv/range" \
		-d "{\"key\":\"$(printf %s /sluice/config/prod/cart/pool.yaml | base64 -w0)\"}" |
		sed 's/.*"value":"\([^"]*\)".*/\1/' | base64 -d
}

a_value_is_published_and_taken_back() {
	local before run
	before=$(value_in_etcd)
	printf 'pool:\n  size: 99\n' >"$T/new"
	publish 0 "$prod" --value-file "$T/new"
	expect_out "^run [0-9]*: published $prod as revision [0-9]*; .sluice undo [0-9]*. takes it back$"
	run=$(sed -n 's/^run \([0-9]*\):.*/\1/p' "$T/out")
	[ "$(value_in_etcd)" = "$(cat "$T/new")" ] || fail "etcd has $(value_in_etcd)"
	expect_exit 0 get history "$prod" -i "$T/inv.yaml" -o ndjson
	[ "$(grep -c "\"by\":\"$(id -un)\",\"reason\":\"OPS-7\",\"run\":$run," "$T/out")" = 1 ] ||
		fail "the history does not say who published: $(cat "$T/out")"
	publish 0 "$prod" --value-file "$T/new"
	expect_out '^nothing to do'
	expect_exit 0 undo "$run" -y
	[ "$(value_in_etcd)" = "$before" ] || fail "after the undo etcd has $(value_in_etcd)"
	expect_exit 0 show "$run" -o json
	expect_out '"reason":"OPS-7"'
}

an_older_revision_comes_back() {
	local older now
	older=$(revision 2) now=$(revision 1)
	publish 0 "$prod" --revision "$older" --expect "$now" -o json
	expect_out "\"verb\":\"rollback\",\"key\":\"pool.yaml\",\"labels\":{\"environment\":\"prod\""
	expect_out "\"prior\":\"$now\",\"revision\":\"[0-9]*\",\"outcome\":\"done\",\"exit\":0"
	expect_exit 0 undo "$(sed -n 's/.*"run":\([0-9]*\),.*/\1/p' "$T/out")" -y
}

nothing_is_overwritten() {
	local seen
	seen=$(revision 1)
	put /sluice/config/prod/cart/pool.yaml 'pool: somebody'
	publish 2 "$prod" --value-file "$T/new" --expect "$seen"
	expect_err 'someone else changed it; nothing was changed'
	[ "$(value_in_etcd)" = 'pool: somebody' ] || fail "etcd has $(value_in_etcd)"
}

what_does_not_fit_is_refused() {
	printf 'size: 1\nsize: 2\n' >"$T/twice"
	publish 2 route --source kie --value-file "$T/twice"
	expect_err "does not fit the type yaml .*given twice"
	publish 2 "$prod" --revision 1
	expect_err 'there is no revision 1'
	publish 2 "$prod"
	publish 2 "$prod" --value-file "$T/none"
	expect_exit 2 publish "$prod" --value-file "$T/new" -i "$T/inv.yaml"
	expect_err 'needs --reason'
	expect_exit 2 publish "$prod" --value-file "$T/new" -i "$T/inv.yaml" --reason OPS-7
	expect_err 'yes'
}

kie_is_published_to() {
	local run
	printf 'size: 30\n' >"$T/new"
	publish 0 route --source kie --value-file "$T/new" --disable -o json
	run=$(sed -n 's/.*"run":\([0-9]*\),.*/\1/p' "$T/out")
	sluice_on get history route --source kie
	expect_out '^!  [0-9]* .* live, disabled '
	expect_exit 0 undo "$run" -y
	sluice_on get history route --source kie -o json
	expect_out '"standing":"live","what":"size: 12"'
	publish 0 fresh --source kie --create --label service=cart --label environment=prod \
		--type yaml --value-file "$T/new"
	sluice_on get history fresh --source kie -o json
	expect_out '"value":"size: 30\\n","type":"yaml","enabled":true'
	publish 2 fresh --source kie --create --label service=cart --label environment=prod \
		--value-file "$T/new"
	expect_err 'is there already'
}

# --- from the screen ---

# screen NAME: the console on a terminal of its own, driven by the lines of standard input. $EDITOR is
# the program $T/editor.
screen() {
	cat >"$T/$1.keys"
	VISUAL="sh $T/editor" LC_ALL=C.UTF-8 TERM=xterm-256color script -qec \
		"'$SLUICE' console -i '$T/inv.yaml' --keys '$T/$1.keys'" /dev/null \
		>"$T/$1.screen" 2>&1 </dev/null || fail "$1: $(tr -cd '[:print:]' <"$T/$1.screen" | grep -o 'sluice-console: .*')"
}

# A draft of pool.yaml of staging, which a person opens in the list.
to_the_key() {
	printf '%s\n' 4 'wait pool.yaml' / 'type labels:staging' enter 'wait 1 of ' enter "wait $1"
}

write_mode() {
	printf '%s\n' w 'wait reason' 'type OPS-8' enter 'wait WRITE'
}

staging=/sluice/config/staging/cart/pool.yaml

a_change_appears_on_the_screen() {
	{
		to_the_key 'size: 2'
		printf '%s\n' "dump $T/seen" 'wait size: 3' 'wait superseded'
	} >"$T/appears"
	screen appears <"$T/appears" &
	note_pid "$T/appears.noted" $!
	await 20 test -s "$T/seen" || fail "the key is not shown"
	put "$staging" $'pool:\n  size: 3\n'
	wait $! || fail "the change does not appear"
}

a_draft_is_published_from_the_screen() {
	put "$staging" $'pool:\n  size: 4\n'
	cat >"$T/editor" <<-'END'
		sed -i s/4/5/ "$1"
	END
	{
		to_the_key 'size: 4'
		printf '%s\n' E 'wait needs write mode'
		write_mode
		printf '%s\n' E 'wait not published; +1 -1' P 'wait Cancel' enter \
			'wait nothing was changed' P 'wait Cancel' tab enter 'wait published pool.yaml' \
			'gone not published' 'wait live'
	} >"$T/lines"
	screen publishes <"$T/lines"
	sluice_on get history pool.yaml --label environment=staging -o json
	expect_out '"standing":"live","what":"size: 5"'
	expect_exit 0 runs -o json
	expect_out '"name":"publish cart","kind":"action".*"reason":"OPS-8"'
	[ -z "$(find "$T" -name 'sluice-draft-*' -o -name 'sluice-value-*')" ] || fail "a draft stays in a file"
}

somebody_is_faster_than_the_draft() {
	put "$staging" $'pool:\n  size: 6\n'
	# while the editor is open, somebody else writes
	cat >"$T/editor" <<-END
		sed -i s/6/7/ "\$1"
		curl -fsS "http://127.0.0.1:$PORT/v3/kv/put" -o /dev/null -d '{"key":"$(printf %s "$staging" | base64 -w0)",
			"value":"$(printf 'pool: theirs\n' | base64 -w0)"}'
	END
	{
		to_the_key 'size: 6'
		write_mode
		printf '%s\n' E 'wait STALE: made from revision' P 'wait is off: the live revision is not'
	} >"$T/lines"
	screen conflict <"$T/lines"
	sluice_on get history pool.yaml --label environment=staging -o json
	expect_out '"standing":"live","what":"pool: theirs"'
}

# The same on Kie.
to_the_route() {
	printf '%s\n' 4 'wait route' / 'type key:route' enter 'wait 1 of ' enter "wait $1"
}

somebody_is_faster_than_the_answer() {
	cat >"$T/editor" <<-'END'
		sed -i s/12/13/ "$1"
	END
	{
		to_the_route 'size: 12'
		write_mode
		printf '%s\n' E 'wait not published; +1 -1' P 'wait Cancel' "dump $T/asked" \
			'wait the live revision has changed meanwhile' tab enter 'gone Cancel' \
			'wait nothing was changed: the live revision'
	} >"$T/lines"
	screen asked <"$T/lines" &
	note_pid "$T/asked.noted" $!
	await 30 test -s "$T/asked" || fail "the question does not stand"
	kie_set "$ID" 'size: 50'
	wait $! || fail "what another one published is not told"
	sluice_on get history route --source kie -o json
	expect_out '"standing":"live","what":"size: 50"'
}

kie_is_rolled_back_from_the_screen() {
	{
		to_the_route 'size: 50'
		write_mode
		printf '%s\n' j 'wait size: 12' B 'wait an older value is published again' \
			'wait Cancel' tab enter 'wait rollback of route: run'
	} >"$T/lines"
	screen back <"$T/lines"
	sluice_on get history route --source kie -o json
	expect_out '"standing":"live","what":"size: 12"'
	expect_exit 0 runs -o json
	expect_out '"name":"rollback cart","kind":"action".*"reason":"OPS-8"'
}

if ! command -v etcd >/dev/null || ! command -v curl >/dev/null; then
	skip_case "config keys on etcd" "etcd-server or curl is not installed"
	exit 0
fi
etcd_start
fake_start fakekie
inventory
fill
run_case "a key's history, on etcd and Kie" history_is_listed
run_case "a key is named by its labels" a_key_is_named
run_case "versions, keys and files are compared" versions_are_compared
run_case "publish and undo, on etcd" a_value_is_published_and_taken_back
run_case "an older revision is published again" an_older_revision_comes_back
run_case "what someone else changed is not overwritten" nothing_is_overwritten
run_case "wrong values and words: exit 2" what_does_not_fit_is_refused
run_case "publish to Kie: value and status together" kie_is_published_to
run_case "a change in etcd appears on the screen" a_change_appears_on_the_screen
run_case "a draft is edited and published from the screen" a_draft_is_published_from_the_screen
run_case "a draft made from what is not live any more is refused" somebody_is_faster_than_the_draft
run_case "Kie: another one publishes while the question stands" somebody_is_faster_than_the_answer
run_case "Kie: rolled back from the screen" kie_is_rolled_back_from_the_screen
cases_end
