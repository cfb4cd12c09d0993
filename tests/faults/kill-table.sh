#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The kill table: the controller is killed (SIGKILL) after every single durable append to its journal,
# once followed by `resume`, once by `undo`, and what is left is looked at from outside: links, live
# processes, claims, staging folders, router weights, what a real etcd says of every instance and of
# the keys that the release sets. No point is skipped and none is sampled:
# SLUICE_TEST_CRASH=N makes the journal die after its Nth append, N grows until a run ends alive.
# Then the same with a second kill during the resume and during the undo.
#
# `local` driver, a fake router: no traffic and no SSH, so that hundreds of kills take a minute or two.
# LANES labs work side by side (most of the time is waiting).
LANES=${LANES:-6}
BACKENDS=''
! command -v etcd >/dev/null || ! command -v curl >/dev/null || BACKENDS='--registry etcd --config etcd'
if [ "${1:-}" != lane ]; then
	[ -n "$BACKENDS" ] || printf 'skip - kills with a registry and config: etcd-server or curl is not installed\n'
	share=$(mktemp -d "${TMPDIR:-/tmp}/sl-kills.XXXXXX")
	: >"$share/rows"
	trap 'kill $(jobs -p) 2>/dev/null; wait; rm -rf "$share"' EXIT
	trap 'exit 130' INT TERM
	for lane in $(seq "$LANES"); do
		bash "${BASH_SOURCE[0]}" lane "$share" "$lane" &
	done
	wait
	printf '# %5s  %-44s  %-18s  %s\n' point 'last event in the journal' 'then resume' 'then undo'
	sort -n "$share/rows" | awk -F'|' '{ printf "# %5s  %-44s  %-18s  %s\n", $1, $2, $3, $4 }'
	printf '# %d points, %d second kills\n' "$(grep -c '^[0-9]*|' "$share/rows")" \
		"$(grep -c '^[0-9]*+' "$share/rows")"
	[ -e "$share/alive" ] || [ -n "${LAST:-}" ] || printf 'not ok - the end of the journal was never reached\n'
	[ ! -e "$share/broken" ] || sed 's/^/not ok - /' "$share/broken"
	[ -e "$share/alive" ] && [ ! -e "$share/broken" ] && ! grep -q 'FAILED' "$share/rows"
	exit
fi

. "$(dirname "${BASH_SOURCE[0]}")/../system/lib.sh"
. "$(dirname "${BASH_SOURCE[0]}")/../system/etcd.sh"
share=$2
lane=$3
serial=0    # makes version names: every release is a new one
published='' # what the last release has set

# --- the queue: numbers given out one by one ---

take() {
	(
		flock 9
		{ read -r n <"$share/$1"; } 2>/dev/null || n=0
		printf '%d\n' $((n + 1)) >"$share/$1"
		printf '%d' $((n + 1))
	) 9>"$share/lock"
}

playbook_kill() {
	sed '/^strategy:/,$d; s/propagation: [0-9]*ms/propagation: 100ms/' canary.yaml |
		sed "s|^    config: .*|    config: { use: settings, set: { release: r-\$(version), fixed: same } }|"
	cat <<-'END'
		strategy:
		  canary:
		    router: { use: edge, backend: be_shop }
		    maxUnavailable: 1
		    progressDeadline: 60s
		    steps:
		      - upgrade: 1
		      - run: { name: note, hosts: local, repeatable: true, command: "true" }
		      - run: { name: mark, hosts: one, command: touch marked, undo: rm -f marked, check: test -e marked }
		      - setWeight: 50%
		      - pause: { duration: 100ms }
	END
}

# --- one kill ---

next_version() {
	serial=$((serial + 1))
	version=$serial.0.0
	"$LAB_HOME/lab" artifact "$SITE" "$version"
}

# die_at N VERB...: true if it died there, false if it came to its end alive.
die_at() {
	local n=$1
	shift
	printf 'SLUICE_TEST_CRASH=%s %s\n' "$n" "$*" >"$T/command"
	(
		SLUICE_TEST_CRASH=$n timeout -k 5 120 "$SLUICE" "$@" >"$T/out" 2>"$T/err" </dev/null
		exit $?
	) 2>/dev/null # the shell's "Killed" is no news here
	died=$?
	[ $died = 137 ]
}

run_until() {
	die_at "$1" run kill.yaml --set "version=$version" -y -o json && return
	[ $died = 0 ] || { cat "$T/err" && printf 'the run ended with %s\n' $died; } >>"$share/broken"
	return 1
}

# What the last event was before somebody took over; nothing when the run's start was not journaled.
event_name() {
	"$SLUICE" attach kill -o json </dev/null 2>/dev/null | sed '/"event":"run.resumed"/Q' | tail -n 1 |
		awk '{
			name = field("event"); what = field("do"); host = field("host"); wave = field("title")
			print name, what, host, wave
		}
		function field(key) {
			return match($0, "\"" key "\":\"[^\"]*\"") ? substr($0, RSTART + length(key) + 4, RLENGTH - length(key) - 5) : ""
		}' | tr -s ' '
}

# The end state must be one version everywhere and nothing left over. In a shell of its own: the
# expectations end it.
settled_on() {
	(
		expect_versions "$1"
		expect_tidy
		[ -z "$BACKENDS" ] || expect_backends "$1" "$2"
	)
}

# expect_backends VERSION VALUE: every instance is UP with it, the keys are as they go with it.
expect_backends() {
	local got fixed=''
	await 10 all_registered "$1" || fail "the registry says: $(registered | tr '\n' ',')"
	got=$(etcd_get "$(config_key release)")
	[ "$got" = "$2" ] || fail "the key is '$got', expected '$2'"
	[ -z "$2" ] || fixed=same
	got=$(etcd_get "$(config_key fixed)")
	[ "$got" = "$fixed" ] || fail "the other key is '$got', expected '$fixed'"
}

# A run whose last append was its end has nothing left to resume.
resumed() {
	sl resume -y
	case $? in
	0) return 0 ;;
	2) sl show kill -o json && grep -q '"state":"ended"' "$T/out" ;;
	*) return 1 ;;
	esac
}

undone() {
	sl undo kill -y
}

no_release_of() {
	! ls -d "$SITE"/hosts/*/"$LAB_SRV"/shop/releases/"$1"-* >/dev/null 2>&1
}

blame() {
	printf '# lane %s, point %s, %s: wrong\n' "$lane" "$1" "$2"
	(fail "the last answer")
	site_picture | sed 's/^/#   /'
	rm -rf "$T"/state
	fresh "$old" || exit 1
	published=''
}

# --- the two halves of a row ---

kill_then_resume() {
	next_version
	run_until "$1" || return 2
	if resumed && settled_on "$version" "r-$version"; then
		old=$version published=r-$version
		cell='all new'
	else
		blame "$1" resume
		cell=FAILED
	fi
}

kill_then_undo() {
	next_version
	run_until "$1" || return 2
	if undone && settled_on "$old" "$published" && no_release_of "$version"; then
		cell='all old'
	else
		blame "$1" undo
		cell=FAILED
	fi
}

row() {
	local point=$1 name new
	kill_then_resume "$point" || return 1
	new=$cell
	name=$(event_name)
	kill_then_undo "$point" || return 1
	printf '%s|%s|%s|%s\n' "$point" "$name" "$new" "$cell" >>"$share/rows"
	printf '%s - killed after append %s (%s): resume %s, undo %s\n' \
		"$([ "$new$cell" = 'all newall old' ] && echo ok || echo 'not ok')" "$point" "$name" "$new" "$cell"
}

# --- killed twice ---

second_row() {
	local first=$1 second=$2 new=-
	next_version
	run_until "$first" || return 0
	die_at "$second" resume -y # it may well end alive
	if { [ $died = 0 ] || resumed; } && settled_on "$version" "r-$version"; then
		old=$version published=r-$version
		new='all new'
	else
		blame "$first+$second" 'resume, killed again'
		new=FAILED
	fi
	next_version
	run_until "$first" || return 0
	die_at "$second" undo kill -y
	if { [ $died = 0 ] || undone; } && settled_on "$old" "$published"; then
		cell='all old'
	else
		blame "$first+$second" 'undo, killed again'
		cell=FAILED
	fi
	printf '%s+%s|killed again|%s|%s\n' "$first" "$second" "$new" "$cell" >>"$share/rows"
	printf '%s - killed after append %s, then again after %s: resume %s, undo %s\n' \
		"$([ "$new$cell" = 'all newall old' ] && echo ok || echo 'not ok')" "$first" "$second" "$new" "$cell"
}

# shellcheck disable=SC2086 # options
lab_start --driver local --router fake --hosts 2 --lbs 1 --healthy 100ms $BACKENDS
etcd_of_lab
playbook_kill | sed 's/interval: 100ms/interval: 50ms/; s/^name: .*/name: kill/' >kill.yaml
next_version
old=$version
fresh "$old"
while [ ! -e "$share/alive" ]; do
	point=$(take next)
	[ "$point" -le "${LAST:-100000}" ] || break # LAST=3: only the first three, for a look
	row "$point" || printf '%s\n' "$point" >>"$share/alive"
done
[ -e "$share/alive" ] || exit 0
last=$(sort -n "$share/alive" | head -n 1)
while pair=$(take second) && [ "$pair" -le "${SECOND:-24}" ]; do
	# Spread over the first run, each with an early, a middle and a late second kill.
	second_row $((1 + (last - 2) * ((pair + 2) / 3) / 9)) $((2 + (pair % 3) * 9))
done
