#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The lab itself: a test that trusts its tools tests them first.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

net=127.19.$((RANDOM % 250 + 1))

# shop NAME ADDRESS [VARIABLE=VALUE...]: one service in the background.
shop() {
	local name=$1 host=$2
	shift 2
	(cd "$T" && exec env HOST="$host" PORT=8080 "$@" "$BIN/shop" "$name") 2>"$T/$name.log" </dev/null &
	note_pid "$T/$name.noted" $!
	disown
	await 5 "$BIN/ask" "$host:8080" || fail "$name does not listen: $(cat "$T/$name.log")"
}

shops_end() {
	stop_noted "$T/gateway.noted"
	stop_noted "$T/orders.noted"
	stop_noted "$T/stock.noted"
}

# gateway -> orders -> stock: the lane and the mark reach the last one.
marks_are_passed_on() {
	local said
	shop stock "$net.3" SHOP_VERSION=3
	shop orders "$net.2" SHOP_VERSION=2 "SHOP_CALL=$net.3:8080"
	shop gateway "$net.1" SHOP_VERSION=1 "SHOP_CALL=$net.2:8080"
	said=$("$BIN/get" -H $'x-lane: grey-1\r\nx-load-test: eleven' "$net.1:8080/")
	shops_end
	case $said in
	*gateway*'"version":"1"'*orders*'"version":"2"'*stock*'"version":"3"'*'"lane":"grey-1","mark":"eleven","callee":null'*) ;;
	*) fail "the chain said: $said" ;;
	esac
}

# TERM while a request is in flight: it is answered, with connection: close, then exit 0.
stops_gently() {
	local pid
	(cd "$T" && HOST=$net.1 PORT=8080 SHOP_MODE=slow:700 exec "$BIN/shop" orders) 2>"$T/orders.log" &
	pid=$!
	await 5 "$BIN/ask" "$net.1:8080" || fail "orders does not listen"
	"$BIN/get" -h connection "$net.1:8080/" >"$T/said" &
	await 5 established "$net.1" || fail "no request in flight"
	kill -TERM "$pid"
	wait $! || fail "the request in flight was lost"
	wait "$pid" || fail "exit $? on TERM"
	[ "$(cat "$T/said")" = close ] || fail "no connection: close"
}

# Is there a connection of a client to port 8080 of that address? 1F90 = 8080, 01 = established.
established() {
	local hex a b c d
	IFS=. read -r a b c d <<<"$1"
	hex=$(printf '%02X%02X%02X%02X:1F90' "$d" "$c" "$b" "$a")
	awk -v to="$hex" '$3 == to && $4 == "01" { n++ } END { exit !n }' /proc/net/tcp
}

client_is_honest() {
	shop orders "$net.1" SHOP_MODE=fail:50 SHOP_VERSION=1
	"$BIN/client" --rate 300 --timeline "$T/timeline" "$net.1:8080" >"$T/client.json" &
	note_pid "$T/client.noted" $!
	disown
	await 5 test -s "$T/timeline" || fail "no timeline"
	stop_noted "$T/orders.noted" KILL
	await 5 event_count "$T/timeline" . 3
	stop_noted "$T/client.noted" INT
	[ "$(client_said status)" -gt 50 ] || fail "503s not counted: $(cat "$T/client.json")"
	[ "$(client_said connect)" -gt 100 ] || fail "refusals not counted: $(cat "$T/client.json")"
	[ $(($(client_said ok) + $(client_said failed))) = "$(client_said requests)" ] ||
		fail "the sum is wrong: $(cat "$T/client.json")"
}

# The fake's answers have the shape of the real one's.
fake_is_like_the_real_one() {
	local real fake
	cat >"$T/h.cfg" <<-END
		global
		    stats socket $T/real.sock mode 600 level admin
		defaults
		    mode http
		    timeout connect 1s
		    timeout client 1s
		    timeout server 1s
		frontend fe
		    bind $net.9:8000
		    default_backend be_shop
		backend be_shop
		    balance roundrobin
		    server h1-8080 $net.1:8080
		    server h2-8080 $net.2:8080
	END
	PATH=$PATH:/usr/sbin haproxy -W -db -f "$T/h.cfg" >"$T/h.log" 2>&1 &
	note_pid "$T/real.noted" $!
	disown
	"$BIN/fakerouter" "$T/fake.sock" be_shop "h1-8080=$net.1:8080" "h2-8080=$net.2:8080" &
	note_pid "$T/fake.noted" $!
	disown
	await 5 "$BIN/ask" "$T/real.sock" 'show info' >/dev/null || fail "haproxy: $(cat "$T/h.log")"
	await 5 "$BIN/ask" "$T/fake.sock" 'show info' >/dev/null || fail "fakerouter"
	while read -r line; do
		real=$("$BIN/ask" "$T/real.sock" "$line" | shape "$line")
		fake=$("$BIN/ask" "$T/fake.sock" "$line" | shape "$line")
		[ "$real" = "$fake" ] || fail "$line: $(diff <(printf '%s\n' "$real") <(printf '%s\n' "$fake"))"
	done <<-'END'
		show cli level
		show backend
		get weight be_shop/h1-8080
		set weight be_shop/h1-8080 7;set weight be_shop/h2-8080 0
		get weight be_shop/h1-8080
		set weight be_shop/nobody 7
		set weight be_nothing/h1-8080 7
		set weight be_shop/h1-8080 257
		set server be_shop/h2-8080 state drain
		show servers state be_shop
		show stat
		set server be_shop/h2-8080 state maint;set server be_shop/h1-8080 weight 3
		show servers state be_shop
		show stat
		set server be_shop/h2-8080 state asleep
		disable server be_shop/h1-8080
		enable server be_shop/h2-8080
		show servers state be_shop
		show servers state be_nothing
		show table be_shop data.server_id gt 2000000000; show cli level
		show stat be_nothing 6 -1
	END
	stop_noted "$T/real.noted"
	stop_noted "$T/fake.noted"
}

# What a reader of these answers looks at: ids, times, check words and empty lines are not it.
shape() {
	case $1 in
	'show stat') awk -F, '/^#/ { sub(/^# /, ""); for (i = 1; i <= NF; i++) at[$i] = i; next }
		$2 ~ /^h/ { s = $at["status"]; sub(/no check/, "UP", s)
			print $1, $2, s, $at["weight"], $at["scur"], $at["qcur"], $at["bck"], $at["addr"], $at["mode"] }
		$2 == "BACKEND" { print $1, $2, $at["algo"], $at["mode"] }' ;;
	'show servers state'*) awk '/^#/ { print; next } NF > 10 { print $2, $4, $5, $6, $7, $8, $9, $19; next } { print }' ;;
	*) cat ;;
	esac | sed '/^$/d'
}


# A suite that is told to end takes down what its files have started. Under nohup it would not hear the HUP.
suite_ends_whole() {
	local pid
	cat >"$T/half.sh" <<-END
		. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
		setsid sleep 1000 </dev/null >/dev/null 2>&1 &
		note_pid "\$T/daemon.noted" \$!
		printf '%s %s\n' "\$(cat "\$T/daemon.noted")" "\$T" >"$T/half"
		hangs() { await 600 false; }
		run_case "never ends" hangs
	END
	env --default-signal=HUP,TERM "$TOP/tests/run-system" "$T/half.sh" >"$T/out" 2>"$T/err" &
	pid=$!
	await 30 test -s "$T/half" || fail "the file does not begin"
	kill "-$1" "$pid"
	wait "$pid"
	[ $? = 130 ] || fail "a suite that was told to end does not exit with 130"
	[ ! -e "$(cut -d' ' -f3 "$T/half")" ] || fail "its folder is left"
	pid_gone "$(cut -d' ' -f1 "$T/half")" || fail "what it started is left"
	rm "$T/half"
}

suite_ends_on_term() {
	suite_ends_whole TERM
	suite_ends_whole HUP
}

run_case "a suite told to end takes its labs down" suite_ends_on_term
run_case "the shop passes on lane and mark" marks_are_passed_on
run_case "the shop stops gently" stops_gently
run_case "the client counts what fails" client_is_honest
if PATH=$PATH:/usr/sbin command -v haproxy >/dev/null; then
	run_case "the fake router answers like HAProxy" fake_is_like_the_real_one
else
	skip_case "the fake router answers like HAProxy" "haproxy is not installed"
fi
cases_end
