# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2015,SC2034,SC2119,SC2120,SC2154
#
# What is there, without touching it: the tools, the claim, and per link what is live.

for tool in sh tar gzip sha256sum mv flock setsid df mktemp base64 od readlink sleep tail cat grep; do
	command -v $tool >/dev/null 2>&1 || sl_answer missing $tool
done
case $(mv -T -- /proc/self/a /proc/self/b 2>&1) in
*ption* | *sage*) sl_answer missing 'mv -T' ;;
esac
[ -n "$sl_boot" ] || sl_answer missing /proc
sl_answer boot "$sl_boot"
sl_answer now "$(date +%s)"
sl_answer user "${USER:-${LOGNAME:-$(id -un)}}"
sl_answer home "${HOME-}"

! sl_owner_load || sl_owner_answer

if [ "$a_agent" = 1 ]; then
	place=$a_sluice
else
	place=$a_dir
fi
sl_free_kb "$place"
sl_answer free_kb "$sl_kb"
until [ -e "$place" ] || [ -z "$place" ]; do place=${place%/*}; done
if [ -d "${place:-/}" ] && [ -w "${place:-/}" ] && [ -x "${place:-/}" ]; then
	sl_answer writable yes
else
	sl_answer writable no
fi
[ "$a_agent" != 1 ] || sl_end 0

# Is the process that listens with socket inode $1 one of ours?
look_is_ours() {
	for proc in "$a_sluice"/instances/*.proc; do
		[ -f "$proc" ] || continue
		proc=${proc##*/}
		sl_instance_up "${proc%.proc}"
		if [ "$p_runtime" = commands ]; then
			# It knows its own processes: running = whose else would the port be.
			[ "${proc%.proc}" = "$2" ] && [ "$sl_up" != no ] && return 0
			continue
		fi
		[ -n "$p_pid" ] && sl_group_alive || continue
		[ -r "/proc/$p_pid/fd" ] || return 0
		sl_processes member "$p_pid"
		for pid in $p_pid $sl_pids; do
			case $(readlink /proc/"$pid"/fd/* 2>/dev/null) in
			*"socket:[$1]"*) return 0 ;;
			esac
		done
	done
	return 1
}

# The address as /proc/net/tcp shows it, in either byte order: 4 bytes as one number.
look_address() {
	address='' swapped=''
	case $1 in
	*[!0-9.]* | '' | *.*.*.*.*) return ;;
	*.*.*.*) ;;
	*) return ;;
	esac
	IFS=.
	# shellcheck disable=SC2086
	set -- $1
	IFS=" 	$sl_nl"
	[ $# = 4 ] || return
	address=$((($1 << 24) + ($2 << 16) + ($3 << 8) + $4))
	swapped=$((($4 << 24) + ($3 << 16) + ($2 << 8) + $1))
}

# Does somebody unknown listen on port $1 where link $2 would? sets held.
look_held() {
	held=no hex='' n=$1
	for _ in 1 2 3 4; do
		case $((n % 16)) in
		10) hex=A$hex ;; 11) hex=B$hex ;; 12) hex=C$hex ;;
		13) hex=D$hex ;; 14) hex=E$hex ;; 15) hex=F$hex ;;
		*) hex=$((n % 16))$hex ;;
		esac
		n=$((n / 16))
	done
	found=$(grep -h ":$hex [0-9A-F]*:[0-9A-F]* 0A " /proc/net/tcp /proc/net/tcp6 2>/dev/null)
	[ -n "$found" ] || return 0
	IFS=$sl_nl
	for line in $found; do
		IFS=" 	$sl_nl"
		# shellcheck disable=SC2086
		set -- "$1" "$2" $line
		IFS=$sl_nl
		where=${4%:*}
		case $where in
		*[!0]*) ;;
		*) where='' ;;
		esac
		case $where in
		0000000000000000FFFF0000*) where=${where#0000000000000000FFFF0000} ;;
		esac
		if [ -n "$where" ] && [ -n "$address" ]; then
			[ ${#where} = 8 ] || continue
			[ $((0x$where)) = "$address" ] || [ $((0x$where)) = "$swapped" ] || continue
		fi
		IFS=" 	$sl_nl"
		look_is_ours "${12}" "$2" || held=yes
		IFS=$sl_nl
	done
	IFS=" 	$sl_nl"
}

look_link() {
	sl_link_load "$1"
	sl_answer "$1.target" "$t_target"
	sl_answer "$1.kind" "$t_kind"
	if [ "$t_kind" = release ] && sl_marker_load "$a_dir/releases/$t_target"; then
		sl_answer "$1.digest" "$m_digest"
	fi
	sl_instance_up "$1"
	sl_answer "$1.spec" "$p_spec"
	sl_answer "$1.alive" "$sl_up"
	if [ "$sl_up" = yes ]; then
		sl_answer "$1.pid" "$p_pid"
		sl_answer "$1.running" "$p_release"
	fi
	[ -z "$sl_why" ] || sl_answer "$1.message" "$sl_why"
	held=no
	[ "$2" = 0 ] || look_held "$2" "$1"
	sl_answer "$1.held" "$held"
}

look_address "$a_ports_host"
set -f
IFS=$sl_nl
# shellcheck disable=SC2086
set -- $a_links
IFS=" 	$sl_nl"
set +f
for link; do look_link "${link%%:*}" "${link#*:}"; done

for folder in "$a_dir"/releases/*; do
	sl_marker_load "$folder" || continue
	sl_answer release "${folder##*/}"
	# The key is not encoded: a name that could not be one is not listed with its digest.
	case ${folder##*/} in
	*[!A-Za-z0-9._+:@,-]*) ;;
	*) sl_answer "release.${folder##*/}.digest" "$m_digest" ;;
	esac
done
sl_end 0
