# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What sluice is given: the inventory and the playbooks of a lab. Sourced by `lab`.

# group_write NAME HOST...
group_write() {
	local name=$1
	shift
	printf '  %s: { hosts: ["%s[1:%d]"] }\n' "$name" "${1%1}" $#
}

# shellcheck disable=SC2046,SC2086 # one word a host
groups_write() {
	printf 'groups:\n'
	group_write "$(lab_service)" $LAB_HOSTS
	[ -z "$LAB_CHAIN" ] || group_write gateway $(service_hosts gateway)
	[ -z "$LAB_CHAIN" ] || group_write stock $(service_hosts stock)
	[ "$LAB_ROUTER" = none ] || group_write lb $LAB_LBS
}

inventory_write() {
	local h
	cat <<-END
		sluice: 1
		kind: inventory
		ssh:
		  user: $(id -un)
		  port: 2222
		  identities: [$LAB_DIR/keys/id]
		  knownHosts: $LAB_DIR/keys/known_hosts
		  config: $LAB_DIR/keys/ssh_config
		  connectTimeout: 5s
		  driver: $1
	END
	case $LAB_ROUTER in
	none) ;;
	*) printf 'routers:\n  edge: { type: haproxy, hosts: lb, socket: "%s" }\n' \
		"$LAB_DIR/lbs/\$(host)/admin.sock" ;;
	esac
	backends_inventory
	groups_write
	printf 'hosts:\n'
	for h in $LAB_HOSTS $(chain_hosts) $([ "$LAB_ROUTER" = none ] || printf '%s' "$LAB_LBS"); do
		printf '  %s: { address: %s, sluiceDir: "%s", vars: { root: "%s" } }\n' "$h" \
			"$(host_address "$h")" "$LAB_DIR/hosts/$h/home/.sluice" "$LAB_DIR/hosts/$h/$LAB_SRV"
	done
}

# Whose traffic a balancer moves: what it can say to be idle.
is_routed() {
	[ "$LAB_ROUTER" != none ] && [ "$1" = "$(front_service)" ]
}

router_line() {
	if is_routed "$1"; then
		printf 'router: { use: edge, backend: be_%s }' "$1"
	else
		printf 'onFailure: rollback'
	fi
}

# role_of SERVICE: its part in the chain. callee_of SERVICE: the next one.
role_of() {
	[ "$1" = shop ] && printf orders || printf '%s' "$1"
}

callee_of() {
	case $1 in
	gateway) printf orders ;;
	orders) printf stock ;;
	esac
}

# What a service of the chain is asked for.
page_of() {
	case $1 in
	gateway) printf /checkout ;;
	orders) printf /order ;;
	stock) printf /reserve ;;
	esac
}

# ms that the work of a service takes, so that a chain's traces are worth looking at
work_of() {
	case $1 in
	gateway) printf 2 ;;
	orders) printf 6 ;;
	stock) printf 9 ;;
	esac
}

# service_env SERVICE: as pairs of a YAML mapping.
service_env() {
	local callee
	[ -n "$LAB_REGISTRY" ] || return 0
	backends_env
	[ "$1" != shop ] || return 0
	callee=$(callee_of "$1")
	printf ', SHOP_PAGE: %s, SHOP_WORK: "%s"' "$(page_of "$1")" "$(work_of "$1")"
	[ -z "$callee" ] || printf ', SHOP_CALL: %s%s' "$callee" "$(page_of "$callee")"
}

# playbook_write NAME SERVICE [CONFIG] < strategy block: everything but the strategy is the same.
# CONFIG: keys that are published with it.
playbook_write() {
	local service=$2 ports="port: $LAB_PORTS" until='until: idle, ' more='' registered='' propagation='' env
	is_routed "$service" || until='' # idle as who sees it?
	case $LAB_PORTS in
	*' '*) ports="ports: [${LAB_PORTS// /, }]" ;;
	esac
	if [ -n "$LAB_REGISTRY" ]; then
		more=$'\n    registry: city' registered='registered: UP, ' propagation='propagation: 1500ms, '
	fi
	[ -z "$LAB_CONFIG" ] || [ -z "${3:-}" ] || more+=$'\n    config: { use: settings, set: '"{ $3 } }"
	env=$(service_env "$service")
	{
		cat <<-END
			sluice: 1
			kind: rollout
			name: $1
			inventory: inventory.yaml
			vars: { version: required }
			services:
			  $service:
			    hosts: $service
			    version: \$(version)
			    $ports$more
			    release: { artifact: artifacts/shop-\$(version).tgz, dir: \$(root)/$service, keep: 3 }
			    runtime: { process: { command: exec ./shop $(role_of "$service"), stopSignal: TERM, stopTimeout: 5s, log: \$(root)/$service-\$(port).log${env:+, env: { $env \}} } }
			    ready: { http: /health, ${registered}version: { header: x-version }, interval: 100ms, minHealthyTime: $LAB_HEALTHY, healthyDeadline: 8s }
			    drain: { $propagation${until}timeout: 5s }
		END
		cat
	} >"$LAB_DIR/$1.yaml"
}

# install_write NAME SERVICE
install_write() {
	playbook_write "$1" "$2" <<-END
		strategy:
		  rolling:
		    $(router_line "$2")
		    maxUnavailable: 100%
		    minCapacity: 0%
		    progressDeadline: 60s
	END
}

playbooks_write() {
	local service router
	service=$(lab_service)
	router=$(router_line "$service")
	install_write install "$service"
	if [ -n "$LAB_CHAIN" ]; then
		install_write stock stock
		install_write gateway gateway
	fi
	playbook_write rolling "$service" <<-END
		strategy:
		  rolling:
		    $router
		    maxUnavailable: 1
		    progressDeadline: 60s
	END
	playbook_write canary "$service" 'pool.size: "120"' <<-END
		strategy:
		  canary:
		    $router
		    maxUnavailable: 1
		    progressDeadline: 60s
		    steps:
		      - upgrade: 1
		      - setWeight: 25%
		      - pause: { duration: 1s }
		      - setWeight: 50%
		      - pause: { duration: 1s }
	END
	playbook_write gated "$service" <<-END
		strategy:
		  canary:
		    $router
		    maxUnavailable: 1
		    progressDeadline: 60s
		    steps:
		      - upgrade: 1
		      - setWeight: 25%
		      - pause: {}
	END
}
