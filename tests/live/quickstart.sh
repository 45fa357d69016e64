#!/usr/bin/env bash
# scripts/quickstart shows what it promises, twice, and removes it again.
# shellcheck source=tests/live/harness.sh
. "$(dirname "${BASH_SOURCE[0]}")/harness.sh"

export QUICKSTART_NAME=live-$$-quickstart ORLOP_SCRIPT_LOG=$work/log
echo "$QUICKSTART_NAME" >> "$work/servers"
quickstart=$here/../../scripts/quickstart

shows() {
	"$quickstart" > "$work/said"
	cat "$work/said"
	grep -q 'is back:' "$work/said"
	grep -q ' 0 differences' "$work/said"
	grep -q 'scripts/quickstart --down' "$work/said"
}

second_run_takes_seconds() {
	local from=$SECONDS
	shows
	[ $((SECONDS - from)) -lt 60 ] || fail "it took $((SECONDS - from)) s"
}

does_not_touch_a_cluster_without_asking() {
	# Nothing listens there: whoever tried to connect would fail.
	sed 's/127.0.0.1:[0-9]*/127.0.0.1:1/' "$SANDBOX_DIR/run/$QUICKSTART_NAME/kubeconfig" > "$work/users-own"
	KUBECONFIG=$work/users-own shows
	[ ! -e "$HOME/orlop-backups" ]
}

down_removes_cluster_and_backups() {
	"$quickstart" --down
	[ ! -e "$SANDBOX_DIR/run/$QUICKSTART_NAME" ]
	[ ! -e "$HOME/.cache/orlop-$QUICKSTART_NAME" ]
}

wrong_option_is_refused() { ends 2 "quickstart" "$quickstart" --no-such-option; }

try first_run_shows_backup_and_restore shows
try second_run_takes_seconds
try does_not_touch_a_cluster_without_asking
try down_removes_cluster_and_backups
try wrong_option_is_refused
