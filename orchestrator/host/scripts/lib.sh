# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2015,SC2034,SC2119,SC2120,SC2154
#
# What every script on a host shares. The sender puts a script together as
#
#     { sl_nonce='...' a_NAME='value' ... lib.sh NAME.sh }
#
# in one brace group, so that a text which was cut on its way is a syntax error and does nothing.
# a_* are the call's arguments, sl_* the library's own words, o_* the owner file, p_* the process
# file of an instance, s_* its spec, t_* and m_* a link and a release's marker.
#
# Four ideas hold it together:
#
# - Answers are printed by shell builtins, percent-encoded on the way out, so nothing has to be
#   captured and a script without surprises forks only for the tools it needs.
# - `kill -SIGNAL -GROUP` is the one spelling that every sh has.
# - fd 9 is the folder's lock, fd 8 an instance's or a step's. Whoever reads and then writes holds
#   9 for that moment only; a detached worker holds 8 for as long as it acts. Nothing that a user
#   wrote is started with either of them open.
# - `swap` and `command` write themselves to steps/<run>-<step>.sh and run that file away from this
#   session: `setsid sh` execs a second `setsid`, which forks because it is a group leader by then.
#   No `&` is involved, because a shell without job control starts background jobs with INT and QUIT
#   ignored, for ever. The session that waits sits in a command substitution: it ends when
#   the worker does, without polling, and its death does not reach the worker.
#
# Lines that start with # and indentation are dropped when the scripts are compiled in: no text
# that spans lines may depend on them.

set -u
exec </dev/null
sl_locale=${LC_ALL+x$LC_ALL}
LC_ALL=C
export LC_ALL
sl_nl='
'
sl_pre=${sl_nonce+$sl_nonce }
# shellcheck disable=SC2088
case $a_sluice in "~/"*) a_sluice=${HOME:?}/${a_sluice#??} ;; esac

# --- answers ---

# Print a value percent-encoded. Long or non-ASCII values go through od, in one piece.
sl_enc() {
	case $1 in
	*[!A-Za-z0-9._+:/@,-]*) ;;
	*) printf %s "$1" && return ;;
	esac
	case $1 in
	*[!\ -~"$sl_nl"]*) printf %s "$1" | sl_enc_all && return ;;
	esac
	[ ${#1} -le 400 ] || { printf %s "$1" | sl_enc_all && return; }
	sl_e=$1
	while [ -n "$sl_e" ]; do
		sl_p=${sl_e%%[!A-Za-z0-9._+:/@,-]*}
		sl_e=${sl_e#"$sl_p"}
		printf %s "$sl_p"
		[ -n "$sl_e" ] || break
		sl_p=${sl_e#?}
		printf %%%02X "'${sl_e%"$sl_p"}"
		sl_e=$sl_p
	done
}

# Standard input, every byte encoded.
sl_enc_all() {
	# shellcheck disable=SC2046
	set -- $(od -An -v -tx1)
	[ $# -gt 0 ] || return 0
	IFS=%
	printf %%%s "$*"
	IFS=" 	$sl_nl"
}

# Print what percent-encoding means.
sl_dec() {
	sl_e=$1
	while :; do
		case $sl_e in
		*%[0-9A-Fa-f][0-9A-Fa-f]*) ;;
		*) break ;;
		esac
		printf %s "${sl_e%%\%*}"
		sl_e=${sl_e#*%}
		sl_p=${sl_e#??}
		sl_n=$((0x${sl_e%"$sl_p"}))
		printf %b "\\0$((sl_n / 64))$((sl_n / 8 % 8))$((sl_n % 8))"
		sl_e=$sl_p
	done
	printf %s "$sl_e"
}

# Print a value as one single-quoted word.
sl_quote() {
	sl_e=$1
	printf "'"
	while :; do
		case $sl_e in *\'*) ;; *) break ;; esac
		printf %s "${sl_e%%\'*}" "'\\''"
		sl_e=${sl_e#*\'}
	done
	printf "%s'" "$sl_e"
}

sl_answer() {
	printf %s%s= "$sl_pre" "$1"
	sl_enc "$2"
	printf '\n'
}

sl_end() {
	[ -z "$sl_pre" ] || printf '%send=%s\n' "$sl_pre" "$1"
	exit "$1"
}

sl_fail() {
	sl_answer error "$1"
	sl_answer message "$2"
	sl_end 1
}

# A tool said no: a full disk has a word of its own.
sl_broke() {
	case $1 in
	*"No space left"* | *"uota exceeded"* | *"File too large"*) sl_fail space "$1" ;;
	esac
	sl_fail failed "$1"
}

sl_try() {
	sl_words=$("$@" 2>&1 8>&- 9>&-) || sl_broke "$sl_words"
}

# A builtin could not write: it does not say why.
sl_unwritten() {
	sl_free_kb "${1%/*}"
	[ "${sl_kb:-9999}" -gt 64 ] || sl_fail space "cannot write $1: no space left on the device"
	sl_fail failed "cannot write $1"
}

# Names become file names: no way out of the folder, no hidden ones.
sl_check_name() {
	case $2 in
	'' | .* | */* | *"$sl_nl"*) sl_fail input "$1 is not a name: $2" ;;
	esac
}

sl_check_inside() {
	case /$2/ in
	*//* | */../* | *"$sl_nl"*) sl_fail input "$1 must stay inside the release: $2" ;;
	esac
}

# --- time and processes ---

sl_nap() {
	sleep "${1:-0.05}" 2>/dev/null || sleep 1
}

# Host uptime in hundredths: sl_now.
sl_clock() {
	read -r sl_now sl_p </proc/uptime
	sl_now=$((${sl_now%.*} * 100 + 1${sl_now#*.} - 100))
}

# Seconds, maybe with a fraction, to hundredths: sl_cs. The default when it is none.
sl_hundredths() {
	case $1 in
	'' | . | *[!0-9.]* | *.*.*) sl_cs=$2 && return ;;
	*.*) sl_p=${1#*.}00 ;;
	*) sl_p=00 ;;
	esac
	sl_e=${1%%.*}
	while :; do case $sl_e in 0?*) sl_e=${sl_e#0} ;; *) break ;; esac done
	sl_cs=$((${sl_e:-0} * 100 + 1${sl_p%"${sl_p#??}"} - 100))
}

read -r sl_boot </proc/sys/kernel/random/boot_id || sl_boot=

# State and start time of a process: st_state, st_ppid, st_pgrp, st_session, st_start. A command's
# name may hold anything, also newlines and brackets: fields count from after the last ')'.
sl_stat() {
	st_state='' st_start=''
	[ -e "/proc/$1/stat" ] || return 1
	sl_e=
	{
		while IFS= read -r sl_p; do sl_e="$sl_e $sl_p"; done <"/proc/$1/stat"
	} 2>/dev/null
	case $sl_e in *') '*) ;; *) return 1 ;; esac
	# shellcheck disable=SC2086
	set -- ${sl_e##*) }
	[ $# -ge 20 ] || return 1
	st_state=$1 st_ppid=$2 st_pgrp=$3 st_session=$4 st_start=${20}
}

# Is the process boot, pid, start still the one? A zombie is dead.
sl_alive() {
	[ -n "$2" ] && [ "$1" = "$sl_boot" ] && sl_stat "$2" || return 1
	[ "$st_start" = "$3" ] || return 1
	case $st_state in Z | X | x) return 1 ;; esac
}

# Living processes with number $2 as their `member` (group or session) or as their `child` of it (in
# a group of their own): sl_pids.
sl_processes() {
	sl_pids=
	sl_e=$(cat /proc/[0-9]*/stat 2>/dev/null)
	set -f
	IFS=$sl_nl
	for sl_p in $sl_e; do
		case $sl_p in *') '*" $2 "*) ;; *) continue ;; esac
		IFS=' '
		# shellcheck disable=SC2086
		set -- "$1" "$2" "${sl_p%% *}" ${sl_p##*) }
		IFS=$sl_nl
		case $4 in Z | X | x) continue ;; esac
		case $1 in
		member) [ "$6" = "$2" ] || [ "$7" = "$2" ] || continue ;;
		child) [ "$5" = "$2" ] && [ "$6" = "$3" ] || continue ;;
		esac
		sl_pids="$sl_pids $3"
	done
	IFS=" 	$sl_nl"
	set +f
	[ -n "$sl_pids" ]
}

# Does anything of the group that p_* led live? The kernel gives a number out again only when no
# group has it, so another start time means that the whole group is gone.
sl_group_alive() {
	sl_alive "$p_boot" "$p_pid" "$p_start" && return 0
	[ -n "$p_pid" ] && [ "$p_boot" = "$sl_boot" ] || return 1
	[ -z "$st_start" ] || [ "$st_start" = "$p_start" ] || return 1
	kill -0 "-$p_pid" 2>/dev/null || return 1
	sl_processes member "$p_pid"
}

# --- files of the host's folder ---

# Key=value lines without encoding: proc, began, marker files.
sl_proc_load() {
	p_boot='' p_pid='' p_start='' p_runtime='' p_release='' p_spec='' p_log='' p_exit=''
	[ -f "$a_sluice/instances/$1.proc" ] || return 1
	while IFS= read -r sl_p; do
		case $sl_p in
		boot=*) p_boot=${sl_p#*=} ;;
		pid=*) p_pid=${sl_p#*=} ;;
		start=*) p_start=${sl_p#*=} ;;
		runtime=*) p_runtime=${sl_p#*=} ;;
		release=*) p_release=${sl_p#*=} ;;
		spec=*) p_spec=${sl_p#*=} ;;
		log=*) p_log=${sl_p#*=} ;;
		exit=*) p_exit=${sl_p#*=} ;;
		esac
	done <"$a_sluice/instances/$1.proc"
}

sl_marker_load() {
	m_digest=
	[ -f "$1/.sluice-release" ] || return 1
	while IFS= read -r sl_p; do
		case $sl_p in digest=*) m_digest=${sl_p#*=} ;; esac
	done <"$1/.sluice-release"
}

# Where a link points: t_kind none, release, outside, notlink; t_target.
sl_link_load() {
	t_kind=none t_target=
	if [ -L "$a_dir/$1" ]; then
		t_kind=outside
		t_target=$(readlink -- "$a_dir/$1")
		sl_p=${t_target#"$a_dir/"}
		case $sl_p in
		releases/*/* | releases/ | releases/.*) ;;
		releases/*) t_kind=release t_target=${sl_p#releases/} ;;
		esac
	elif [ -e "$a_dir/$1" ]; then
		t_kind=notlink
	fi
}

# The folder of a release, or of a target outside: sl_folder.
sl_folder_of() {
	case $1 in
	/*) sl_folder=$1 ;;
	*/*) sl_folder=$a_dir/$1 ;;
	*) sl_folder=$a_dir/releases/$1 ;;
	esac
}

# Does a link of this folder point to release $1?
sl_linked() {
	for sl_f in "$a_dir"/current*; do
		[ -L "$sl_f" ] || continue
		sl_link_load "${sl_f##*/}"
		[ "$t_kind:$t_target" != "release:$1" ] || return 0
	done
	return 1
}

# Does a living process of ours run from release $1?
sl_runs() {
	for sl_f in "$a_sluice"/instances/*.proc; do
		[ -f "$sl_f" ] || continue
		sl_f=${sl_f##*/}
		sl_proc_load "${sl_f%.proc}"
		[ "$p_release" = "$1" ] && [ -n "$p_pid" ] && sl_group_alive && return 0
	done
	return 1
}

# How to start an instance with a spec: s_*. The file is ours (0600, in a 0700 folder).
sl_spec_load() {
	s_runtime='' s_command='' s_start='' s_stop='' s_status='' s_env=''
	s_stop_signal='' s_stop_timeout='' s_log='' s_port='' s_host=''
	[ -n "$2" ] && [ -f "$a_sluice/specs/$1-$2" ] || return 1
	# shellcheck disable=SC1090
	. "$a_sluice/specs/$1-$2"
}

# Kilobytes free where a path is or will be: sl_kb.
sl_free_kb() {
	sl_kb='' sl_p=$1
	until [ -d "$sl_p" ] || [ -z "$sl_p" ]; do sl_p=${sl_p%/*}; done
	# shellcheck disable=SC2046
	set -- $(df -Pk "${sl_p:-/}" 2>/dev/null)
	while [ $# -gt 1 ]; do
		case $2 in
		[0-9]%* | [0-9][0-9]%* | 100%*) sl_kb=$1 && return ;;
		esac
		shift
	done
	return 1
}

# --- the claim ---

sl_lock() {
	sl_n=0
	[ -d "$a_sluice" ] || sl_fail fenced "there is no claim in $a_sluice on this host"
	{ command exec 9>>"$a_sluice/lock"; } 2>/dev/null || sl_unwritten "$a_sluice/lock"
	until flock -n 9; do
		sl_n=$((sl_n + 1))
		[ $sl_n -lt 200 ] || sl_fail failed "the lock $a_sluice/lock stays busy"
		sl_nap
	done
}

sl_unlock() {
	exec 9>&-
}

# The owner file: o_*, values still encoded; o_rest = the lines that renewal does not change.
sl_owner_load() {
	o_epoch='' o_run='' o_number='' o_renewed='' o_boot='' o_parked='' o_rest=''
	[ -f "$a_sluice/owner" ] || return 1
	while IFS= read -r sl_p; do
		case $sl_p in
		epoch=*) o_epoch=${sl_p#*=} ;;
		run=*) o_run=${sl_p#*=} ;;
		number=*) o_number=${sl_p#*=} ;;
		renewed=*) o_renewed=${sl_p#*=} && continue ;;
		boot=*) o_boot=${sl_p#*=} && continue ;;
		parked=*) o_parked=${sl_p#*=} && continue ;;
		esac
		o_rest=$o_rest$sl_p$sl_nl
	done <"$a_sluice/owner"
}

# The owner file as answers, with how long it has been silent.
sl_owner_answer() {
	while IFS= read -r sl_p; do
		case $sl_p in
		[a-z]*=*) printf '%sowner.%s\n' "$sl_pre" "$sl_p" ;;
		esac
	done <"$a_sluice/owner"
	sl_clock
	if [ "$o_boot" != "$sl_boot" ]; then
		sl_answer owner.silent_s reboot
	else
		sl_answer owner.silent_s $((sl_now / 100 - ${o_renewed:-0}))
	fi
}

# sl_owner_write LINES PARKED: the caller holds the lock.
sl_owner_write() {
	sl_clock
	printf '%sparked=%s\nrenewed=%s\nboot=%s\n' "$1" "$2" $((sl_now / 100)) "$sl_boot" \
		2>/dev/null >"$a_sluice/owner.new" || sl_unwritten "$a_sluice/owner"
	sl_try mv -T -- "$a_sluice/owner.new" "$a_sluice/owner"
}

# Take the lock and see that the claim is still ours. Every script that changes something starts
# with it; the lock stays taken until sl_unlock or the end.
sl_fence() {
	sl_lock
	sl_owner_load
	[ "$o_run" = "$a_run" ] && [ -n "$a_run" ] && [ "${o_epoch:-0}" -le "${a_epoch:-0}" ] && return
	if [ -z "$o_run" ]; then
		sl_fail fenced "our claim on this host was given back (epoch ${o_epoch:-0})"
	fi
	sl_fail fenced "run ${o_number:-$o_run} has the claim on this host now (epoch $o_epoch, ours $a_epoch)"
}

# --- steps that outlive the session ---

# Its files begin with sl_id; sl_step_load tells its state: none, running, unknown, done.
sl_step_load() {
	sl_state=none p_was='' p_again=''
	if [ -f "$sl_id.rc" ]; then
		sl_state="done"
	elif [ -f "$sl_id.began" ]; then
		sl_state=unknown
		for sl_f in "$sl_id.began" "$sl_id.child"; do
			[ -f "$sl_f" ] || continue
			w_boot='' w_pid='' w_start=''
			while IFS= read -r sl_p; do
				case $sl_p in
				boot=*) w_boot=${sl_p#*=} ;;
				pid=*) w_pid=${sl_p#*=} ;;
				start=*) w_start=${sl_p#*=} ;;
				was=*) p_was=${sl_p#*=} ;;
				esac
			done <"$sl_f"
			sl_alive "$w_boot" "$w_pid" "$w_start" && sl_state=running && break
		done
		# It may have ended between the two looks.
		[ ! -f "$sl_id.rc" ] || sl_state="done"
	fi
}

# This process's identity, as the lines of a began or proc file.
sl_identity() {
	sl_stat $$
	printf 'boot=%s\npid=%s\nstart=%s\n' "$sl_boot" $$ "$st_start"
}

# Run a program in a session of its own that nobody here is the parent of, with the standard
# streams as they are and no other file.
sl_away() {
	setsid sh -c 'exec setsid sh "$@"' sh "$@" 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&-
}

# Write this script with the named arguments to steps/ and run it; returns when it has ended.
# What it refused comes back on its standard output.
sl_detach() {
	(
		umask 077
		{
			printf '{\n'
			for sl_n; do
				eval "sl_p=\$a_$sl_n"
				printf a_%s= "$sl_n"
				sl_quote "$sl_p"
				printf '\n'
			done
			printf '%s\n}\n' "$sl_self"
		} 2>/dev/null >"$sl_id.sh.$$"
	) || sl_unwritten "$sl_id.sh"
	sl_try mv -T -- "$sl_id.sh.$$" "$sl_id.sh"
	sl_unlock
	sl_words=$(sl_away "$sl_id.sh" worker 2>>"$sl_id.err")
	[ ! -f "$sl_id.rc" ] || return 0
	case $sl_words in
	error=*)
		printf '%s\n' "$sl_words" | while IFS= read -r sl_p; do
			printf '%s%s\n' "$sl_pre" "$sl_p"
		done
		sl_end 1
		;;
	esac
	# Killed, or it left the work to a worker that began before it.
	sl_step_load
	sl_wait_step
}

# The step was started by somebody else: wait until it has ended.
sl_wait_step() {
	sl_unlock
	while [ "$sl_state" = running ]; do
		sl_nap
		sl_step_load
	done
}

# The rc file holds encoded answers.
sl_answer_rc() {
	while IFS= read -r sl_p; do
		printf '%s%s\n' "$sl_pre" "$sl_p"
	done <"$1"
}

# The last lines of a file, encoded, bounded.
sl_tail_enc() {
	[ -f "$1" ] || return 0
	tail -n "${2:-50}" -- "$1" 2>/dev/null | tail -c 16384 | sl_enc_all
}

sl_answer_tail() {
	printf %s%s= "$sl_pre" tail
	sl_tail_enc "$@"
	printf '\n'
}

# --- texts that the playbook's author wrote ---

# Export NAME=value lines given in base64. For a subshell: IFS and globbing stay changed.
sl_export() {
	case $sl_locale in
	x*) LC_ALL=${sl_locale#x} ;;
	*) unset LC_ALL ;;
	esac
	[ -n "$1" ] || return 0
	sl_e=$(printf %s "$1" | base64 -d 2>/dev/null) || return 1
	set -f
	IFS=$sl_nl
	for sl_p in $sl_e; do
		case ${sl_p%%=*} in
		'' | [0-9]* | *[!A-Za-z0-9_]*) return 1 ;;
		esac
		# shellcheck disable=SC2163
		export "$sl_p"
	done
	IFS=" 	$sl_nl"
}

# After $1 seconds, kill what process $2 started in a group of its own; ends with 99 when it did.
sl_watch() {
	sl_s=
	trap 'kill $sl_s 2>/dev/null; exit 0' TERM
	sleep "$1" &
	sl_s=$!
	wait $sl_s
	trap '' TERM
	sl_processes child "$2" || exit 0
	for sl_p in $sl_pids; do kill -TERM "-$sl_p" 2>/dev/null; done
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		sl_n=
		for sl_p in $sl_pids; do kill -0 "-$sl_p" 2>/dev/null && sl_n=1; done
		[ -z "$sl_n" ] || sl_nap 0.1
	done
	for sl_p in $sl_pids; do kill -KILL "-$sl_p" 2>/dev/null; done
	exit 99
}

# sl_user SECONDS FOLDER TEXT ENV [CHILD]: run a text with sh in a folder, in a process group of its
# own. Its exit code is sl_rc; sl_late=yes when it was killed for taking too long. CHILD: a
# file to write its identity to.
sl_user() {
	sl_late='' sl_w=''
	sl_setsid=$(command -v setsid)
	if [ -n "$1" ] && [ "$1" != 0 ]; then
		read -r sl_me sl_p </proc/self/stat
		sl_watch "$1" "$sl_me" </dev/null >/dev/null 2>&1 8>&- 9>&- &
		sl_w=$!
	fi
	(
		cd -P -- "$2" && sl_export "$4" || exit 126
		# shellcheck disable=SC2016
		exec "$sl_setsid" /bin/sh -c '
[ -z "$2" ] || {
	IFS= read -r b </proc/sys/kernel/random/boot_id
	s= && while IFS= read -r l; do s="$s $l"; done </proc/$$/stat
	c=$1 f=$2 && set -- ${s##*) }
	printf "boot=%s\npid=%s\nstart=%s\n" "$b" $$ "${20}" >"$f"
	set -- "$c"
}
exec /bin/sh -c "$1"' sh "$3" "${5-}" 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&-
	)
	sl_rc=$?
	[ -n "$sl_w" ] || return 0
	kill "$sl_w" 2>/dev/null
	wait "$sl_w"
	[ $? -ne 99 ] || sl_late=yes
}

# Ask the runtime `commands` (p_*, s_* loaded): sl_up yes, no, or error with sl_why.
sl_status() {
	sl_up=yes sl_why=
	sl_folder_of "$p_release"
	[ -n "$s_status" ] || return 0
	PORT=$s_port HOST=$s_host
	export PORT HOST
	sl_user 10 "$sl_folder" "$s_status" "$s_env" >/dev/null 2>&1
	case $sl_late$sl_rc in
	0) ;;
	3) sl_up=no ;;
	yes*) sl_up=error sl_why="status did not end within 10 s" ;;
	*) sl_up=error sl_why="status ended with $sl_rc (0 = running, 3 = stopped)" ;;
	esac
}

# What runs at a link: loads p_*, sets sl_up yes, no, error.
sl_instance_up() {
	sl_up=no sl_why=
	sl_proc_load "$1" || return 0
	if [ "$p_runtime" = commands ]; then
		sl_spec_load "$1" "$p_spec" && sl_status
	elif sl_alive "$p_boot" "$p_pid" "$p_start"; then
		sl_up=yes
	fi
}

# How the process of p_* ended, when its guard saw it: sl_exit.
sl_exit_load() {
	sl_exit=
	[ -n "$p_exit" ] && [ -s "$p_exit" ] || return 1
	IFS= read -r sl_exit <"$p_exit"
}
