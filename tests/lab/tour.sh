# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154
# The demo with CONSOLE=1: the chain gateway -> orders -> stock under traffic, in a registry, with a
# config centre, traces and metrics; a canary of orders is under way, and the console is opened on
# it, or what it shows is printed where there is no terminal. Sourced by `demo`.

tour_canary_words() {
	if [ -n "${BAD:-}" ]; then
		printf ': on the third host the new version will not start, and all is taken back'
	else
		printf '; it stops at 50 %%, for you'
	fi
}

tour_keys() {
	say "What to try in the console (it opens in about half a minute)"
	cat <<-END
		  1 3 4 5 7 8   services, traces, config, runs, hosts, events
		  enter  esc    into what is under the cursor, and back; a service has its graphs, and
		                tab goes through instances, dependencies, config, versions, history
		  l             on an instance or a host: its log, as it comes
		  t             on a service: its traces; enter on one draws it as a waterfall
		  /             filter, as  versions:2  or  p99>20 ;  n goes to the next that is not well
		  5, enter      the canary of orders$(tour_canary_words)
		  w             asks for a reason and lets you change things for 15 minutes: then P promotes
		                the run, A takes it back
		  ?             all keys
		  q             leaves; everything here is then stopped and removed
	END
}

tour_put() {
	curl -fsS "http://$(backend_of "$LAB_CONFIG")/v3/kv/put" -o "$work/put" -d "{
		\"key\":\"$(printf %s "/sluice/config/testing/$1/$2" | base64 -w0)\",
		\"value\":\"$(printf %s "$3" | base64 -w0)\"}"
}

# Three releases side by side: they are on hosts of their own.
tour_install() {
	local book jobs=() failed=0
	for book in stock install gateway; do
		"$SLUICE" run $book.yaml --set version=1.0.0 -y >"$work/$book.log" 2>&1 </dev/null &
		jobs+=($!)
	done
	for book in "${jobs[@]}"; do
		wait "$book" || failed=1
	done
	[ $failed = 0 ] || die "version 1.0.0 does not go out: $(tail -n 5 "$work"/{stock,install,gateway}.log)"
}

# The lab's canary with time to look, and a gate before the second half.
tour_canary() {
	local version=2.0.0 pause=20s
	[ -z "${BAD:-}" ] || version=2.0.1
	sed "s/^name: .*/name: orders-grey/; s/duration: 1s/duration: $pause/" canary.yaml >orders-grey.yaml
	[ -n "${BAD:-}" ] || printf '      - pause: {}\n' >>orders-grey.yaml
	show_command run orders-grey.yaml --set version=$version -y
	setsid "$SLUICE" run orders-grey.yaml --set version=$version -y --wait \
		>"$work/run.log" 2>&1 </dev/null &
	disown
}

# One asks the chain through the balancers, one asks orders without any, as the registry says.
tour_traffic() {
	# shellcheck disable=SC2046 # one word an address
	setsid "$BIN/client" --rate 40 --path /checkout $(fronts) >"$work/front.json" 2>&1 </dev/null &
	note_pid "$work/front.noted" $!
	setsid "$BIN/client" --rate 20 --registry "$LAB_REGISTRY" --service orders --refresh 500 \
		--path /order --timeline "$work/timeline" >"$work/client.json" 2>&1 </dev/null &
	note_pid "$work/client.noted" $!
	disown -a
}

tour_report() {
	stop_noted "$work/front.noted" INT
	client_stop
	report
	printf '\n  The other client, of the whole chain: %s requests, %s%s failed%s\n' \
		"$(saw requests front)" "$bold" "$(saw failed front)" "$plain"
	[ "$(saw failed)" = 0 ] && [ "$(saw failed front)" = 0 ]
}

tour_printed() {
	"$SLUICE" "$@" >"$work/seen" 2>/dev/null && grep -q "$shown" "$work/seen"
}

# tour_show SECONDS PATTERN ARGS...: waits until it is worth printing; the first rows.
tour_show() {
	local seconds=$1 shown=$2
	shift 2
	await "$seconds" tour_printed "$@" -i inventory.yaml
	show_command "$@" -i inventory.yaml
	head -n 9 "$work/seen"
	printf '\n'
}

tour_print() {
	say "There is no terminal here: what the console would show, as text"
	tour_show 20 '2\.0\.[01]' get services
	tour_show 10 '2\.0\.[01]' get instances orders
	[ -z "$LAB_TRACES" ] || tour_show 20 gateway get traces -f 'services>2 start<1m'
	printf '%s\n' 'size 120x24' 'wait orders' "dump $work/services" 5 'wait orders-grey' g enter \
		'wait publish' >"$work/script"
	show_command console -i inventory.yaml
	"$SLUICE" console -i inventory.yaml --keys "$work/script" --screen-dump "$work/run" || return 1
	cat "$work/services" "$work/run"
}

tour_console() {
	say "The console"
	show_command console -i inventory.yaml --interval 2s
	"$SLUICE" console -i inventory.yaml --interval 2s ${DEMO_KEYS:+--keys "$DEMO_KEYS"}
}

tour_up() {
	"$LAB_HOME/lab" up "$work" --hosts 4 --chain --registry etcd --config etcd --traces zipkin \
		--metrics prometheus --healthy 500ms || exit 1
	lab_load "$work"
	cd "$work" || exit 1
}

tour() {
	local ok=0 service
	if [ -t 0 ] && [ -t 1 ]; then
		tour_keys
	fi
	say "Eight hosts with an sshd each, two HAProxy nodes, etcd, Prometheus, Zipkin, all on loopback addresses"
	tour_up
	[ -n "$LAB_TRACES" ] || printf '  there is no Zipkin here, so there are no traces (make peers fetches it)\n'
	for service in gateway orders stock; do
		tour_put $service pool.size 80
	done
	say "Version 1.0.0 of gateway, orders and stock goes out; clients ask 60 times a second"
	tour_install
	tour_traffic
	say "A canary of orders, in the background"
	tour_canary
	if [ -t 0 ] && [ -t 1 ]; then
		tour_console || ok=1
	else
		tour_print || ok=1
	fi
	tour_report || ok=1
	return $ok
}
