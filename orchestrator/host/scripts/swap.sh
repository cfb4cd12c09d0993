# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2015,SC2034,SC2119,SC2120,SC2154
#
# Stop, switch the link, start, see that it lives; or put everything back. Four roles of one text:
#
#   the caller   checks, writes the spec and this text down, starts the worker, waits
#   worker       detached; does it all and writes the rc file by rename
#   guard        detached, one for each started process: waits for it, keeps how it ended
#   child        writes its own identity into the proc file, then becomes the service
#
# The guard is there because a process that is born in the background of a shell would ignore INT
# and QUIT for ever, and because somebody has to know why a service died.

swap_inst=$a_sluice/instances/$a_link
sl_id=$a_sluice/steps/${a_run:+$a_run-}$a_step

# --- child and guard ---

# SPEC RELEASE EXITFILE; never returns.
swap_child() {
	sl_spec_load "$a_link" "$1" || exit 126
	swap_log_path
	{
		sl_identity
		printf 'runtime=process\nrelease=%s\nspec=%s\nlog=%s\nexit=%s\n' "$2" "$1" "$swap_log" "$3"
	} >"$swap_inst.proc.new" && mv -T -- "$swap_inst.proc.new" "$swap_inst.proc" || exit 126
	cd -P -- "$a_dir/$a_link" || exit 126
	swap_ports
	sl_export "$s_env" || exit 126
	exec /bin/sh -c "$s_command"
}

swap_ports() {
	HOST=$a_host
	export HOST
	[ "${a_port:-0}" = 0 ] || PORT=$a_port
	[ "${a_port:-0}" = 0 ] || export PORT
}

# Where the process writes: sets swap_log.
swap_log_path() {
	case $s_log in
	'') swap_log=$swap_inst.log ;;
	/*) swap_log=$s_log ;;
	*) swap_log=$a_dir/$a_link/$s_log ;;
	esac
}

# SPEC RELEASE EXITFILE. The file is this start's own: an older guard cannot write into it.
swap_guard() {
	sl_spec_load "$a_link" "$1"
	swap_log_path
	if ! { true >>"$swap_log"; } 2>/dev/null; then
		printf 'its log %s cannot be written\n' "$swap_log" >"$3"
		exit 1
	fi
	setsid sh "$0" child "$@" >>"$swap_log" 2>&1
	sl_rc=$?
	if [ $sl_rc -gt 128 ]; then
		printf 'killed by signal %s\n' $((sl_rc - 128)) >"$3"
	else
		printf 'exit %s\n' $sl_rc >"$3"
	fi
	exit 0
}

# --- the worker's parts ---

# Wait until the group of p_* is gone, $1 hundredths at most.
swap_wait_gone() {
	sl_clock
	until=$((sl_now + $1)) nap=0.02
	while sl_group_alive; do
		sl_clock
		[ "$sl_now" -lt $until ] || return 1
		sl_nap $nap
		nap=0.05
	done
}

swap_stop_process() {
	sl_group_alive || return 0
	signal=${s_stop_signal#SIG}
	kill "-${signal:-TERM}" "-$p_pid" 2>/dev/null
	sl_hundredths "$s_stop_timeout" 3000
	swap_wait_gone "$sl_cs" && return 0
	kill -KILL "-$p_pid" 2>/dev/null
	swap_wait_gone 500 && return 0
	why="process $p_pid could not be stopped, not even by KILL"
	return 1
}

swap_stop_commands() {
	sl_status
	[ "$sl_up" != no ] || return 0
	sl_hundredths "$s_stop_timeout" 3000
	swap_stop_cs=$sl_cs
	swap_ports
	sl_user $(((swap_stop_cs + 99) / 100)) "$sl_folder" "$s_stop" "$s_env" >>"$swap_inst.log" 2>&1
	why="stop ended with $sl_rc"
	[ -z "$sl_late" ] || why="stop took longer than its timeout"
	[ -n "$s_status" ] || return "$sl_rc"
	sl_clock
	until=$((sl_now + swap_stop_cs))
	while sl_status && [ "$sl_up" != no ]; do
		sl_clock
		[ "$sl_now" -lt $until ] || break
		sl_nap 0.1
	done
	[ "$sl_up" != no ] || return 0
	[ -z "$sl_why" ] || why="$why; $sl_why"
	return 1
}

# Stop what is there, by its own spec.
swap_stop() {
	sl_proc_load "$a_link" || return 0
	sl_spec_load "$a_link" "$p_spec" || {
		s_stop_signal=$a_stop_signal s_stop_timeout=$a_stop_timeout
	}
	if [ "$p_runtime" = commands ]; then
		swap_stop_commands
	else
		swap_stop_process
	fi
}

swap_switch() {
	case $1 in
	'')
		rm -f -- "$a_dir/$a_link"
		return
		;;
	*/*) to=$1 ;;
	*) to=releases/$1 ;;
	esac
	why=$(ln -sfn -- "$to" "$a_dir/.$a_link.new" 2>&1 &&
		mv -T -- "$a_dir/.$a_link.new" "$a_dir/$a_link" 2>&1)
}

# Wait until the child has written down who it is. $1 = who was there before.
swap_wait_born() {
	sl_clock
	until=$((sl_now + 3000))
	while :; do
		sl_proc_load "$a_link" && [ "$p_pid:$p_start" != "$1" ] && return 0
		sl_clock
		[ ! -s "$exit_file" ] && [ "$sl_now" -lt $until ] || break
		sl_nap 0.02
	done
	# Who wrote its identity and died at once was born all the same.
	sl_proc_load "$a_link" && [ "$p_pid:$p_start" != "$1" ]
}

# The guard needs a moment to note how it ended.
swap_why_dead() {
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		[ -s "$exit_file" ] || sl_nap
	done
	[ ! -s "$exit_file" ] || read -r ended <"$exit_file"
	why="$1${ended:+: $ended}"
}

swap_start_process() {
	swap_log_path
	[ "$3" = keep ] || [ "$swap_log" != "$swap_inst.log" ] || ! [ -s "$swap_log" ] ||
		mv -f -- "$swap_log" "$swap_log.1"
	sl_proc_load "$a_link"
	exit_file=$sl_id.$$${3:+-}$3.exit ended=
	sl_away "$0" guard "$1" "$2" "$exit_file" >/dev/null 2>&1
	if ! swap_wait_born "$p_pid:$p_start"; then
		swap_why_dead "the process did not start"
		return 1
	fi
	sl_hundredths "$a_liveness" 100
	sl_clock
	until=$((sl_now + sl_cs)) nap=0.02
	while sl_alive "$p_boot" "$p_pid" "$p_start"; do
		sl_clock
		[ "$sl_now" -lt $until ] || return 0
		sl_nap $nap
		nap=0.05
	done
	swap_why_dead "the process died within ${a_liveness:-1} s of its start"
	return 1
}

swap_start_commands() {
	printf 'runtime=commands\nrelease=%s\nspec=%s\nlog=%s\n' "$2" "$1" \
		"$swap_inst.log" >"$swap_inst.proc.new" &&
		mv -T -- "$swap_inst.proc.new" "$swap_inst.proc" || return 1
	[ "$3" = keep ] || ! [ -s "$swap_inst.log" ] || mv -f -- "$swap_inst.log" "$swap_inst.log.1"
	sl_proc_load "$a_link"
	sl_folder_of "$2"
	swap_ports
	sl_user 300 "$sl_folder" "$s_start" "$s_env" >>"$swap_inst.log" 2>&1
	if [ "$sl_rc" != 0 ] || [ -n "$sl_late" ]; then
		why="start ended with $sl_rc"
		[ -z "$sl_late" ] || why="start did not end within 300 s"
		return 1
	fi
	sl_hundredths "$a_liveness" 100
	sl_nap $((sl_cs / 100)).$((sl_cs / 10 % 10))$((sl_cs % 10))
	sl_status
	[ "$sl_up" != yes ] || return 0
	why="it was started, but ${sl_why:-status says that it is stopped}"
	return 1
}

# swap_start SPEC RELEASE [keep]: keep = the log goes on as it is.
swap_start() {
	sl_spec_load "$a_link" "$1" || {
		why="there is no file that says how to start it (specs/$a_link-$1)"
		return 1
	}
	if [ "$s_runtime" = commands ]; then
		swap_start_commands "$1" "$2" "${3-}"
	else
		swap_start_process "$1" "$2" "${3-}"
	fi
}

# What the new one left running goes, the link goes back, and the old one is started if it ran.
swap_back() {
	reason=$why
	swap_stop
	if ! swap_switch "$a_prior_release"; then
		swap_done 2 "$reason; the link could not be switched back: $why"
	fi
	if [ -z "$a_prior_release" ]; then
		rm -f -- "$swap_inst.proc"
		swap_done 1 "$reason"
	fi
	if [ "$was" != yes ]; then
		swap_restore_proc
		swap_done 1 "$reason; the old release was not running before and is not started"
	fi
	swap_start "$a_prior_spec" "$a_prior_release" keep && swap_done 1 "$reason"
	swap_done 2 "$reason; the old release did not start either: $why"
}

# A dead instance stays known as what it was.
swap_restore_proc() {
	if ! sl_spec_load "$a_link" "$a_prior_spec"; then
		rm -f -- "$swap_inst.proc"
		return
	fi
	printf 'runtime=%s\nrelease=%s\nspec=%s\nlog=%s\n' "$s_runtime" "$a_prior_release" \
		"$a_prior_spec" "$swap_inst.log" >"$swap_inst.proc.new" &&
		mv -T -- "$swap_inst.proc.new" "$swap_inst.proc"
}

# swap_done RC MESSAGE: the last thing a worker does.
swap_done() {
	{
		printf 'rc=%s\n' "$1"
		sl_answer message "$2"
		[ "$1" = 0 ] || ! [ -f "$sl_id.tail" ] || cat "$sl_id.tail"
		if [ "$1" != 2 ] && sl_proc_load "$a_link" && [ -n "$p_pid" ]; then
			printf 'pid=%s\n' "$p_pid"
		fi
	} >"$sl_id.rc.new" && mv -T -- "$sl_id.rc.new" "$sl_id.rc" || sl_unwritten "$sl_id.rc"
	exit 0
}

# Is the host as the plan saw it, or already, maybe half, as the plan wants it?
swap_check() {
	sl_link_load "$a_link"
	[ "$t_kind" != notlink ] ||
		sl_fail conflict "$a_dir/$a_link is not a link: it was not made by sluice"
	sl_proc_load "$a_link"
	[ "$t_target" = "$a_prior_release" ] || [ "$t_target" = "$a_release" ] ||
		sl_fail conflict "$a_link points to '$t_target', not to '$a_prior_release' as planned"
	[ "$p_spec" = "$a_prior_spec" ] || [ "$p_spec" = "$a_spec" ] ||
		sl_fail conflict "$a_link has another configuration than when it was looked at"
	[ -n "$a_release" ] || return 0
	sl_folder_of "$a_release"
	[ -d "$sl_folder" ] || sl_fail missing "release $a_release is not on this host"
	[ -n "$a_spec" ] && [ -f "$a_sluice/specs/$a_link-$a_spec" ] ||
		sl_fail missing "nothing on this host says how to start $a_release (specs/$a_link-$a_spec)"
}

swap_worker() {
	{ command exec 8>>"$swap_inst.lock"; } 2>/dev/null || sl_unwritten "$swap_inst.lock"
	flock 8
	sl_fence
	sl_step_load
	[ "$sl_state" != "done" ] || exit 0
	swap_check
	sl_instance_up "$a_link"
	was=$p_was
	[ -n "$was" ] || was=$sl_up
	[ "$was" != error ] || was=yes
	# From here on it acts: room is taken now for what has to be written in the middle.
	{ sl_identity && printf 'was=%s\n' "$was"; } >"$sl_id.began.new" &&
		printf %16384s ' ' >"$sl_id.rc.new" || sl_unwritten "$sl_id.began"
	sl_try mv -T -- "$sl_id.began.new" "$sl_id.began"
	sl_unlock

	why=
	if ! swap_stop; then
		sl_instance_up "$a_link"
		[ "$sl_up" = yes ] && swap_done 1 "the old release was not stopped: $why"
		swap_done 2 "the old release was not stopped properly: $why"
	fi
	true >"$sl_id.rc.new"
	if ! swap_switch "$a_release"; then
		swap_back
	elif [ -z "$a_release" ]; then
		rm -f -- "$swap_inst.proc" "$swap_inst.exit"
		swap_done 0 stopped
	elif ! swap_start "$a_spec" "$a_release"; then
		sl_proc_load "$a_link"
		{ printf tail= && sl_tail_enc "${p_log:-$swap_inst.log}" && printf '\n'; } >"$sl_id.tail"
		swap_back
	fi
	swap_done 0 started
}

# --- the caller ---

# How to start this spec, for this step and for whoever comes back to it.
swap_write_spec() {
	(
		umask 077
		for name in runtime command start stop status env stop_signal stop_timeout log port host; do
			eval "value=\$a_$name"
			printf s_%s= "$name"
			sl_quote "$value"
			printf '\n'
		done >"$1.$$"
	) 2>/dev/null || sl_unwritten "$1"
	sl_try mv -T -- "$1.$$" "$1"
}

# Which releases were started with a spec, for prune.
swap_note_spec() {
	! [ -f "$1.of" ] || while IFS= read -r name; do
		[ "$name" != "$a_release" ] || return
	done <"$1.of"
	printf '%s\n' "$a_release" 2>/dev/null >>"$1.of" || sl_unwritten "$1.of"
}

swap_caller() {
	sl_check_name link "$a_link"
	sl_check_name step "$a_step"
	case $a_release in */*) ;; ?*) sl_check_name release "$a_release" ;; esac
	case $a_runtime in
	'' | process | commands) ;;
	*) sl_fail unsupported "unknown runtime $a_runtime" ;;
	esac
	sl_fence
	sl_step_load
	if [ "$sl_state" = running ]; then
		sl_wait_step
		sl_fence
	fi
	if [ "$sl_state" != "done" ]; then
		if [ -n "$a_release" ]; then
			sl_check_name spec "$a_spec"
			spec=$a_sluice/specs/$a_link-$a_spec
			[ -z "$a_runtime" ] || swap_write_spec "$spec"
			swap_check
			swap_note_spec "$spec"
		else
			swap_check
		fi
		sl_detach sluice dir run epoch step link port host release spec liveness prior_release \
			prior_spec stop_signal stop_timeout
	fi
	[ -f "$sl_id.rc" ] || sl_fail failed "the swap was killed on the host before it had ended"
	sl_answer_rc "$sl_id.rc"
	sl_end 0
}

case ${1-} in
worker) swap_worker ;;
guard) shift && swap_guard "$@" ;;
child) shift && swap_child "$@" ;;
*) swap_caller ;;
esac
