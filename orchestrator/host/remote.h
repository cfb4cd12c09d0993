/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What sluice does on a host: a closed set of POSIX sh scripts (orchestrator/host/scripts/NAME.sh,
 * compiled in), sent on standard input to `exec /bin/sh -s`, so any login shell will do and nothing
 * shows in `ps`. Arguments become variables, single-quoted; no remote text is ever built from
 * unquoted values. Answers are lines framed by a nonce per call, so what an rc file prints is
 * noise:
 *
 *     <nonce> key=percent-encoded value
 *     ...
 *     <nonce> end=<0..255>
 *
 * A call without its `end` line is SL_EPROTO (or the transport's own error: SL_ENOSHELL when
 * nothing came at all). A script that refuses answers error=<word> and message=<sentence>; the
 * words become codes: fenced -> SL_EFENCED, held -> SL_EHELD, space -> SL_ENOSPACE, conflict ->
 * SL_ECONFLICT, unsupported -> SL_EUNSUPPORTED, input -> SL_EINPUT, missing -> SL_ENOTFOUND, failed
 * -> SL_ECOMMAND. The error's message names the host.
 *
 * Common arguments:
 *   sluice   the folder that holds owner, steps/, instances/ (usually <release.dir>/.sluice); a
 *            leading "~/" means the host's $HOME. Made (0700) by `claim`.
 *   dir      release.dir, absolute.
 *   run, epoch   in every mutating script (marked F): checked against the owner file under
 *            flock(1): another uuid, or a larger epoch, refuses with `fenced`.
 *   step     the step's id, for steps/<run>-<step>.{began,rc}; steps/<step>.* when run is empty.
 *   link, port, host   an instance.
 * Every script takes these, whether it uses them or not, so that a caller can hand over an instance
 * as a whole. Any other argument that a script does not know is a bug: SL_EINTERNAL.
 * Lists are newline-separated; names and paths with newlines are refused before this point.
 *
 * An instance is a port on the host; its link is "current" or "current-<port>". Port 0 = a service
 * without a port.
 *
 * Files on the host (OUTPUT.md, "On disk"), all below `sluice`:
 *   owner                  the claim: key=percent-encoded lines
 *   lock                   flock'ed by every script that reads-then-writes
 *   steps/<run>-<step>.began, .rc, .out   wrapper files
 *   instances/<link>.proc  identity of the live process: boot, pid, start (field 22 of
 *                          /proc/PID/stat after the last ')'), release, spec, log
 *   specs/<link>-<spec>    0600: how to start that instance with that spec (see `swap`)
 * Each release folder <dir>/releases/<release> carries .sluice-release (digest=..., release=...),
 * written last.
 */
#ifndef SLUICE_HOST_REMOTE_H
#define SLUICE_HOST_REMOTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "orchestrator/host/transport.h"

enum remote_script {
	/*
	 * look: reads only. args: sluice, dir, links ("current:8080" lines, "current-8081:8081"),
	 *   ports_host (address the service binds to, for the held check; may be empty), need_kb,
	 * agent
	 *   ("1" = also claim-only targets: skip everything about dir).
	 * answers: missing (a tool, repeated), boot, now (unix s), user, home, free_kb, writable
	 * (yes|no), owner.<key> for every line of the owner file (epoch, run, number, who, from,
	 * what, since, renewed, boot, parked); owner.silent_s (host uptime now minus renewed, or
	 * "reboot"); per link: <link>.target (release name; a target outside releases/ as written;
	 * "" = none), <link>.kind (none|release|outside|notlink), <link>.digest (of the release's
	 * marker), <link>.spec, <link>.alive (yes|no; error = a status command that answered
	 * neither 0 nor 3, with <link>.message), <link>.pid, <link>.running (release of the
	 * live process), <link>.held (yes = the port is listened on by a process that is not ours);
	 *   release (name, repeated: every folder in releases/ with a marker),
	 *   release.<name>.digest
	 */
	REMOTE_LOOK,
	/*
	 * claim: compare-and-set of the owner file under flock -n. args: sluice, run, number, epoch
	 * (new), expect_epoch, expect_run (as read by look; both empty = no file), who, from, what,
	 * since. answers: epoch. error held + owner.<key> when another owner is there or the file
	 * changed since it was read. Repeating a claim that is already ours with this epoch is ok.
	 */
	REMOTE_CLAIM,
	REMOTE_RENEW,   /* F: owner.renewed and owner.boot are written anew. args: parked ("yes"|"")
			 */
	REMOTE_UNCLAIM, /* F: run emptied, epoch kept. Also ok when the claim is already empty. */
	/*
	 * stage_begin F: args: dir, release, digest, need_kb. answers: present=yes (the marker is
	 * there with this digest: nothing to do), or upload=<absolute path to put the file at>
	 * (inside releases/.tmp-<run>). error space when free < need_kb; conflict when the release
	 * folder is there with another digest or without marker (a folder without marker is
	 * removed, not refused, when no link points to it).
	 */
	REMOTE_STAGE_BEGIN,
	/*
	 * stage_finish F: args: dir, release, digest (sha256 of the artifact), kind (tar|tgz|file),
	 * name (file name for kind=file), shared (lines), files (lines "mode percent-encoded-path
	 * base64-content"). Verifies sha256 on the host, unpacks, makes <dir>/shared/<x> and links,
	 * writes files, sync, marker last, mv -T into place. Repeatable. answers: present=yes
	 */
	REMOTE_STAGE_FINISH,
	/* unstage F: args: dir, release. Removes the staging folder and, when no current* link
	 * points to it and no live process runs from it, the release folder. Ok when absent. */
	REMOTE_UNSTAGE,
	/*
	 * swap F: stop, switch the link, start, first liveness: one script, written to steps/ and
	 * run detached (setsid), waited for through its .rc file. args: dir, step, link, port, host
	 *   (service address), release ("" = stop and remove the link), spec, and how to start it:
	 *   runtime (process|commands), command / start / stop / status (sh text), env (lines
	 * NAME=value as base64 of the whole), stop_signal, stop_timeout (s), log (path or ""),
	 * liveness (s the process must live, default 1), prior_release, prior_spec (as observed;
	 * conflict when the host shows otherwise, unless it shows the target already). runtime "" =
	 * take specs/<link>-<spec> from the host (undo). If the start fails it switches back and
	 * starts the old one itself. A step whose rc is already there answers it again without
	 * acting; one that began and lives is waited for. answers: rc (0 done; 1 failed, old one
	 * runs again; 2 failed, and the old one did not start either), message, tail (last lines of
	 * the log), pid
	 */
	REMOTE_SWAP,
	/*
	 * instance: the probe. args: dir, link, port, run, step (may be empty). answers: state (of
	 * the step: none|running|unknown|done), rc, message, target, kind, digest, spec, alive,
	 * pid, running, exit. Waits while another step's swap still acts on the instance.
	 */
	REMOTE_INSTANCE,
	/*
	 * command F unless run is empty: the wrapper around `run`, `ready.command`, drain
	 * `until.command`. args: step ("" = no wrapper files: a probe-like command), cwd, command
	 * (sh text), env (base64 lines), timeout (s), again. Began, then command in its own process
	 * group, then rc by rename. A step whose rc is there answers it again; one that began and
	 * lives is waited for; began and dead -> state=unknown, not run again unless again=yes.
	 * answers: state (done|unknown|timeout), rc, tail (last 50 lines, both outputs)
	 */
	REMOTE_COMMAND,
	/* command_probe: args: run, step. answers: state (none|running|unknown|done|timeout), rc,
	 * tail */
	REMOTE_COMMAND_PROBE,
	/* tail: args: dir, link, lines. answers: tail, exit (how the process ended, when known) */
	REMOTE_TAIL,
	/* prune F: args: dir, keep, spare (release names, lines). Removes all but the newest `keep`
	 * releases, the spared ones and those any current* link points to; wrapper files of other
	 * runs than this one; specs no release needs. answers: removed (repeated) */
	REMOTE_PRUNE,
	/*
	 * host: reads only. args: dirs (release dirs to look into, lines; others are found by
	 * themselves). answers: now, uptime, load, kernel, cpu ("busy idle" ticks since boot),
	 * cpus, memory_kb, available_kb; repeated, values of several lines: disk (folder, the line
	 * of `df -Pk`), claim (dir, number of the run that holds it), instance (dir, link, port or
	 * "", where the link points, alive (yes|no|error), pid, release that lives, its start in
	 * 1/100 s after boot, spec, systemd unit or "", log, why it does not run)
	 */
	REMOTE_HOST,
	REMOTE_SCRIPT_COUNT
};

struct remote_arg {
	const char *name;  /* [a-z_]+ */
	const char *value; /* any bytes but NUL; NULL = "" */
};

struct remote_answer {
	struct sl_error error;
	size_t count;
	const char *const *keys;
	const char *const *values; /* decoded, cleaned of control bytes (newlines kept) */
};
/* The first value of key, or NULL. */
const char *remote_answer_get(const struct remote_answer *a, const char *key);

typedef void (*remote_done)(void *arg, const struct remote_answer *answer);

/* Run a script on a host. Arguments are copied. done exactly once, never inside; the answer is
 * borrowed until it returns. timeout_ms 0 = the target's command timeout. */
struct transport_call *remote_run(struct transport *t, enum remote_script script,
				  const struct remote_arg *args, size_t count, int64_t timeout_ms,
				  remote_done done, void *arg);

/*
 * A log on a host, followed until the call is canceled or the connection ends; nothing is left
 * running there then. Either a file, by `tail -F`, or a systemd unit, by journalctl.
 */
struct remote_log {
	const char *file, *unit; /* one of them; the other NULL or "" */
	unsigned lines;          /* of what is there already */
	bool once;               /* only those, then end */
};
/* data: bytes of the log as they come (fd 1; the first may be none: it is open now), words of the
 * program that reads it (fd 2). The end: SL_ENOTFOUND when there is no such log, SL_EPROTO when the
 * shell there said nothing. */
struct remote_follow;
struct remote_follow *remote_follow(struct transport *t, const struct remote_log *log,
				    transport_data data,
				    void (*done)(void *arg, const struct sl_error *e), void *arg);
/* done fires later, with SL_ECANCELED. */
void remote_follow_cancel(struct remote_follow *f);

/* The text that remote_run sends, for tests and for the scripts' linter. Yours to free. */
char *remote_script_text(enum remote_script script, const struct remote_arg *args, size_t count,
			 const char *nonce);
const char *remote_script_name(enum remote_script script);

#endif
