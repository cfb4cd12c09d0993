# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What the lab, the demo and the tests in shell share. Sourced; needs bash and Linux's /proc.

LAB_HOME=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
TOP=$(cd "$LAB_HOME/../.." && pwd)
SLUICE=${SLUICE:-${BUILD:-$TOP/build}/sluice}
BUILD=${BUILD:-$(dirname "$SLUICE")}
BIN=$BUILD/lab
export BUILD SLUICE

die() {
	printf '%s: %s\n' "${0##*/}" "$*" >&2
	exit 1
}

[ -x "$BIN/ask" ] || die "no $BIN/ask: make lab"

# --- waiting: on a condition, with a deadline, never for a fixed time ---

# A pipe that nobody writes to: reading from it with a deadline is the pause between two looks.
exec {NEVER}<> <(:)

tick() {
	read -r -t 0.05 -u "$NEVER" _
	return 0
}

now_ms() {
	local t=$EPOCHREALTIME
	t=${t/[.,]/}
	printf '%s' "${t%???}"
}

# await SECONDS COMMAND...: until the command succeeds; fails when the time is up.
await() {
	local until=$(($(now_ms) + $1 * 1000))
	shift
	until "$@"; do
		[ "$(now_ms)" -lt "$until" ] || return 1
		tick
	done
}

# --- processes, known by pid and start time: a pid alone may be somebody else's by now ---

proc_start() {
	local stat
	{ read -r stat <"/proc/$1/stat"; } 2>/dev/null || return 1
	stat=${stat##*) }
	# shellcheck disable=SC2086 # words are wanted
	set -- $stat
	printf '%s' "${20}"
}

# note_pid FILE PID: remember a process that we started.
note_pid() {
	printf '%s %s\n' "$2" "$(proc_start "$2")" >"$1"
}

# noted_pid FILE: prints the pid if that very process still lives (a zombie does not).
noted_pid() {
	local pid start state
	[ -s "$1" ] && read -r pid start <"$1" || return 1
	[ -n "$start" ] && [ "$(proc_start "$pid")" = "$start" ] || return 1
	state=$(sed 's/.*) //' "/proc/$pid/stat" 2>/dev/null)
	[ "${state%% *}" != Z ] && printf '%s' "$pid"
}

noted_gone() {
	! noted_pid "$1" >/dev/null
}

# stop_noted FILE [SIGNAL]: stop that process, wait until it is gone, forget it.
stop_noted() {
	local pid
	if pid=$(noted_pid "$1"); then
		kill "-${2:-TERM}" "$pid" 2>/dev/null
		if ! await 5 noted_gone "$1"; then
			kill -KILL "$pid" 2>/dev/null
			await 5 noted_gone "$1"
		fi
	fi
	rm -f "$1"
}

pid_gone() {
	! kill -0 "$1" 2>/dev/null
}

# children PID: the pids of its children, all generations.
children() {
	local stat parent pid
	for stat in /proc/[0-9]*/stat; do
		{ read -r stat <"$stat"; } 2>/dev/null || continue
		pid=${stat%% *}
		parent=${stat##*) ? }
		if [ "${parent%% *}" = "$1" ]; then
			printf '%s\n' "$pid"
			children "$pid"
		fi
	done
}

# running PATTERN: pids of our processes whose program's path is like that.
running() {
	find /proc/[0-9]*/exe -maxdepth 0 -lname "$1" 2>/dev/null | tr -dc '0-9\n'
}

# running_below DIR
running_below() {
	running "$1/*"
}

# scripts_below DIR: steps of a run outlive who started them, and start and stop what runs there.
scripts_below() {
	grep -lz "^$1/.*[.]sh\$" /proc/[0-9]*/cmdline 2>/dev/null | tr -dc '0-9\n'
}

# --- a lab's facts: sourced from its lab.env; all of them are set here so that a typo is an error ---

# shellcheck disable=SC2034 # for those who source this
LAB_DIR='' LAB_NET='' LAB_HOSTS='' LAB_LBS='' LAB_PORTS='' LAB_SRV='' LAB_DRIVER='' LAB_ROUTER=''
# shellcheck disable=SC2034
LAB_CHAIN='' LAB_REGISTRY='' LAB_CONFIG='' LAB_TRACES='' LAB_METRICS=''

lab_load() {
	[ -r "$1/lab.env" ] || die "$1: no lab there (lab up $1)"
	# shellcheck source=/dev/null
	. "$1/lab.env"
}

host_address() {
	case $1 in
	h*) printf '%s.%s' "$LAB_NET" "${1#h}" ;;
	g*) printf '%s.%s' "$LAB_NET" "$((50 + ${1#g}))" ;;
	s*) printf '%s.%s' "$LAB_NET" "$((70 + ${1#s}))" ;;
	lb*) printf '%s.%s' "$LAB_NET" "$((100 + ${1#lb}))" ;;
	esac
}

# The service that is released: alone, or in the middle of the chain gateway -> orders -> stock.
lab_service() {
	[ -n "$LAB_CHAIN" ] && printf orders || printf shop
}

# The service that clients ask, behind the balancers.
front_service() {
	[ -n "$LAB_CHAIN" ] && printf gateway || printf shop
}

# service_hosts SERVICE
service_hosts() {
	case $1 in
	gateway) printf 'g1 g2' ;;
	stock) printf 's1 s2' ;;
	*) printf '%s' "$LAB_HOSTS" ;;
	esac
}

chain_hosts() {
	[ -z "$LAB_CHAIN" ] || printf '%s %s' "$(service_hosts gateway)" "$(service_hosts stock)"
}

# fronts: where clients ask.
fronts() {
	local lb
	for lb in $LAB_LBS; do
		printf '%s:8000 ' "$(host_address "$lb")"
	done
}

# instances [SERVICE]: HOST:PORT as sluice names them.
instances() {
	local h p
	for h in $(service_hosts "${1:-}"); do
		for p in $LAB_PORTS; do
			printf '%s:%s ' "$h" "$p"
		done
	done
}

# backend_of URL: the ADDRESS:PORT in one of lab.env's.
backend_of() {
	local url=${1#*://}
	printf '%s' "${url%/*}"
}

instance_address() {
	printf '%s:%s' "$(host_address "${1%:*}")" "${1#*:}"
}

# live_version INSTANCE: what the process itself says; empty = it does not answer.
live_version() {
	"$BIN/get" -t 1000 -h x-version "$(instance_address "$1")/health" 2>/dev/null
}

release_dir() {
	printf '%s/hosts/%s/%s/%s' "$LAB_DIR" "$1" "$LAB_SRV" "$(lab_service)"
}

# router_ask LB LINE: what that node answers.
router_ask() {
	"$BIN/ask" "$LAB_DIR/lbs/$1/admin.sock" "$2"
}

# router_weights LB: "server weight admin" a line, as the node shows them.
router_weights() {
	router_ask "$1" "show servers state be_$(front_service)" | awk 'NF > 10 && $1 != "#" { print $4, $8, $7 }'
}
