# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2015,SC2034,SC2119,SC2120,SC2154
#
# How a host is, and what sluice runs there, without touching it. Besides the folders that the
# caller knows it looks where release folders usually are, and where processes say they run.
#
# disk, instance and claim answers are one value of several lines each.

[ -n "$sl_boot" ] || sl_fail unsupported "this host has no /proc: it is no Linux"
sl_answer now "$(date +%s.%N)"
read -r uptime sl_p </proc/uptime
sl_answer uptime "$uptime"
read -r load sl_p </proc/loadavg
sl_answer load "$load"
read -r kernel </proc/sys/kernel/osrelease
sl_answer kernel "$kernel"

cpus=0
while read -r name user nice system idle wait irq soft steal sl_p; do
	case $name in
	cpu) sl_answer cpu "$((user + nice + system + irq + soft + ${steal:-0})) $((idle + wait))" ;;
	cpu[0-9]*) cpus=$((cpus + 1)) ;;
	*) break ;;
	esac
done </proc/stat
sl_answer cpus $cpus

while read -r name kb sl_p; do
	case $name in
	MemTotal:) sl_answer memory_kb "$kb" ;;
	MemAvailable:) sl_answer available_kb "$kb" && break ;;
	esac
done </proc/meminfo

# The last line of df, as it is: file systems and folders may have names with spaces in them.
host_disk() {
	disk=$(df -Pk -- "$1" 2>/dev/null) || return 0
	sl_answer disk "$1$sl_nl${disk##*"$sl_nl"}"
}

# LINK: dir, link, port, where it points, alive, pid, what lives, since when (hundredths
# of a second after boot), spec, unit, log, why not
host_instance() {
	sl_check_name link "$1"
	port='' start='' unit=''
	case $1 in
	current-*) port=${1#current-} ;;
	esac
	sl_link_load "$1"
	sl_instance_up "$1"
	if [ -n "$p_spec" ] && sl_spec_load "$1" "$p_spec"; then
		[ -n "$port" ] || port=$s_port
		case $p_runtime:$s_status in
		commands:systemctl\ *) unit=${s_status##* } ;;
		esac
	fi
	if [ "$sl_up:$p_runtime" = yes:process ]; then
		start=$st_start
	elif [ "$sl_up" = no ] && sl_exit_load; then
		sl_why=$sl_exit
	fi
	sl_answer instance "$a_dir$sl_nl$1$sl_nl$port$sl_nl$t_target$sl_nl$sl_up$sl_nl$p_pid$sl_nl$p_release$sl_nl$start$sl_nl$p_spec$sl_nl$unit$sl_nl${p_log:-$a_sluice/instances/$1.log}$sl_nl$sl_why"
}

host_dir() {
	a_dir=$1 a_sluice=$1/.sluice
	[ -d "$a_sluice" ] && [ -x "$a_sluice" ] || return 0
	host_disk "$1"
	if sl_owner_load && [ -n "$o_run" ]; then
		sl_answer claim "$1$sl_nl$o_number"
	fi
	for at in "$1"/current* "$a_sluice"/instances/*.proc; do
		case $at in
		*.proc)
			[ -f "$at" ] || continue
			at=${at%.proc}
			[ ! -L "$1/${at##*/}" ] || continue
			;;
		*) [ -L "$at" ] || continue ;;
		esac
		host_instance "${at##*/}"
	done
}

dirs=$a_dirs
for at in /srv/*/.sluice /opt/*/.sluice /var/lib/*/.sluice "${HOME:-/srv}"/*/.sluice; do
	[ ! -d "$at" ] || dirs=$dirs$sl_nl${at%/.sluice}
done
# What sluice started as this user has this user's home.
# shellcheck disable=SC2046
set -- $(grep -lzsxF -- "HOME=${HOME-}" /proc/[0-9]*/environ)
for at; do
	at=$(readlink "${at%environ}cwd" 2>/dev/null) || continue
	case $at in
	*/releases/*) dirs=$dirs$sl_nl${at%/releases/*} ;;
	esac
done

host_disk /
set -f
IFS=$sl_nl
# shellcheck disable=SC2086
set -- $dirs
IFS=" 	$sl_nl"
set +f
done=$sl_nl count=0
for dir; do
	case $done in *"$sl_nl$dir$sl_nl"*) continue ;; esac
	done=$done$dir$sl_nl
	count=$((count + 1))
	[ $count -le 64 ] || break
	host_dir "$dir"
done
sl_end 0
