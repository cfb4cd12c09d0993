/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one error type. A function that can fail takes a `struct sl_error *` from its caller (may
 * be NULL), returns 0 (SL_OK) or the code, and leaves a sentence in msg that says what was tried,
 * on which host or file, and what to do about it. The words of msg are for people; the code (and
 * its name, sl_err_name) is for programs.
 */
#ifndef SLUICE_SDK_ERROR_H
#define SLUICE_SDK_ERROR_H

#include <stdarg.h>

enum sl_err {
	SL_OK = 0,
	SL_EINTERNAL,    /* a bug, or something that cannot be named better */
	SL_EINPUT,       /* what a person wrote is wrong: usage, playbook, inventory */
	SL_EIO,          /* local file, database or system call */
	SL_ECANCELED,    /* canceled by its caller */
	SL_ETIMEOUT,     /* a deadline passed */
	SL_ERESOLVE,     /* host name lookup failed */
	SL_EREFUSED,     /* connection refused */
	SL_EHOSTKEY,     /* host key unknown or changed */
	SL_EAUTH,        /* authentication failed */
	SL_ENOSHELL,     /* the host accepted us but runs no shell */
	SL_ENOSPACE,     /* disk full */
	SL_ECOMMAND,     /* a command ran and failed (exit code and last lines are in msg) */
	SL_ELOST,        /* an established connection was lost */
	SL_EPROTO,       /* the other side answered something we cannot understand */
	SL_EHELD,        /* claimed by another run */
	SL_EFENCED,      /* our own claim is no longer the newest: we must not act */
	SL_ECONFLICT,    /* what was read is not what was expected: someone else changed it */
	SL_ENOTFOUND,    /* the named thing is not there */
	SL_EUNSUPPORTED, /* understood, but cannot be done (here, or yet) */
	SL_ERR_COUNT
};

#define SL_ERROR_MAX 1024

struct sl_error {
	enum sl_err code;
	char msg[SL_ERROR_MAX]; /* always NUL-terminated, control bytes already removed */
};

/* Set *e (if not NULL) and return `code`. The text is cleaned of control bytes; \n is kept. */
int sl_fail(struct sl_error *e, enum sl_err code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
int sl_vfail(struct sl_error *e, enum sl_err code, const char *fmt, va_list ap);

/* Put "text: " before the message that is already in *e (context added by callers on the way up).
 */
void sl_error_prefix(struct sl_error *e, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

void sl_error_clear(struct sl_error *e);

/* The stable word for a code, as printed in JSON: "timeout", "hostKey", "held" ... Never NULL. */
const char *sl_err_name(enum sl_err code);

#endif
