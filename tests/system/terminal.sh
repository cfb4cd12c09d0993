#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A person at a terminal: questions, slow answers, keys of hosts that nobody knows.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# asks ARGS...: sluice on a terminal of its own; what it shows is in $T/shown.
asks() {
	: >"$T/shown"
	rm -f "$T/typed" "$T/person.rc"
	mkfifo "$T/typed"
	printf '%s\n' "$*" >"$T/command"
	(
		"$BIN/terminal" "$SLUICE" "$@" <"$T/typed" >"$T/shown"
		printf '%s\n' $? >"$T/person.rc"
	) &
	exec 8>"$T/typed"
}

types() {
	printf '%s\n' "$1" >&8
}

shown_times() {
	[ "$(tr -d '\r' <"$T/shown" | grep -c -- "$1")" -ge "$2" ]
}

# sees TEXT [TIMES]
sees() {
	await 60 shown_times "$1" "${2:-1}" || { cp "$T/shown" "$T/err" && fail "no '$1' on the screen"; }
}

leaves_with() {
	await 120 test -s "$T/person.rc" || { cp "$T/shown" "$T/err" && fail "it does not end"; }
	exec 8>&-
	cp "$T/shown" "$T/err"
	[ "$(cat "$T/person.rc")" = "$1" ] || fail "exit $(cat "$T/person.rc"), expected $1"
}

# The time that passes is the matter here: more than connectTimeout, while the question stands.
ponder() {
	local end=$(($(now_ms) + 1500))
	until [ "$(now_ms)" -gt "$end" ]; do
		read -rt 0.2 _ <"$T/never" || true
	done
}

a_slow_answer_is_an_answer() {
	fresh
	[ -p "$T/never" ] || mkfifo "$T/never"
	exec 7<>"$T/never"
	asks run quick.yaml --set version=1.0.0
	sees 'y/N'
	ponder
	types y
	leaves_with 0
	expect_versions 1.0.0
	expect_tidy
}

no_is_no() {
	fresh
	asks run quick.yaml --set version=1.0.0
	sees 'y/N'
	types n
	leaves_with 2
	expect_nothing_installed
}

unknown_keys_are_asked_for() {
	fresh
	: >"$SITE/keys/known_hosts"
	asks plan install.yaml --set version=1.0.0
	sees 'yes/no' 1
	grep -q 'SHA256:' "$T/shown" || fail "no fingerprint to compare"
	types maybe
	sees 'answer yes or no'
	types yes
	sees 'yes/no' 2
	types yes
	leaves_with 0
	[ "$(wc -l <"$SITE/keys/known_hosts")" = 2 ] || fail "the keys were not remembered"
	expect_exit 0 plan install.yaml --set version=1.0.0
}

refused_keys_stay_unknown() {
	fresh
	: >"$SITE/keys/known_hosts"
	asks plan install.yaml --set version=1.0.0
	sees 'yes/no' 1
	types no
	sees 'yes/no' 2
	types no
	leaves_with 7
	sees 'is unknown'
	[ ! -s "$SITE/keys/known_hosts" ] || fail "a refused key was remembered"
	expect_exit 7 plan install.yaml --set version=1.0.0
	expect_err 'is unknown'
	asks run install.yaml --set version=1.0.0 -y
	leaves_with 7
	! grep -q 'yes/no' "$T/shown" || fail "-y was asked"
}

for driver in libssh2 openssh; do
	lab_start --hosts 1 --lbs 1 --driver "$driver"
	sed "s/connectTimeout: [0-9a-z]*/connectTimeout: 1s/" inventory.yaml >quick-hosts.yaml
	sed 's/^inventory:.*/inventory: quick-hosts.yaml/' install.yaml >quick.yaml
	run_case "$driver: an answer that takes longer than a connection may" a_slow_answer_is_an_answer
	run_case "$driver: no is no" no_is_no
	run_case "$driver: keys of hosts that nobody knows are asked for" unknown_keys_are_asked_for
	run_case "$driver: refused keys are not asked for again" refused_keys_stay_unknown
	cd "$T" && "$LAB_HOME/lab" down "$SITE" && rm -rf "$SITE"
done
cases_end
