/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A program in a pseudo terminal, seen through a real terminal's eyes (libvterm). Waiting is
 * waiting for what the program writes, with a deadline, never for a time.
 */
#ifndef SLUICE_TESTS_SCREENS_PTY_H
#define SLUICE_TESTS_SCREENS_PTY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "plugins/sdk/buf.h"

struct pty;

struct pty_how {
	unsigned width, height;
	const char *term, *locale; /* NULL = xterm-256color, C.UTF-8; term "" = not set */
	bool no_colour;
	const char *const *env;  /* NAME=value, ends with NULL; or NULL */
	const char *const *argv; /* ends with NULL */
};

struct pty *pty_start(const struct pty_how *how);
/* Asks it to end, waits; what it left behind stays readable until pty_free. */
int pty_stop(struct pty *p);
/* The terminal goes away under it: its exit status, and what it wrote stays readable. */
int pty_hang_up(struct pty *p);
void pty_free(struct pty *p);
pid_t pty_pid(const struct pty *p);

/* Fail the test, with the screen, unless the text comes (or goes) within a minute. */
void pty_wait(struct pty *p, const char *text);
void pty_wait_gone(struct pty *p, const char *text);
/* The exit status, once it ends by itself. */
int pty_wait_exit(struct pty *p);
/* Key names, or "text:..." to type. Each is sent only when the last one's paint has come. */
void pty_keys(struct pty *p, const char *const *keys);
void pty_send(struct pty *p, const char *bytes, size_t len);
void pty_resize(struct pty *p, unsigned width, unsigned height);

/* The screen as rows of UTF-8, trailing spaces cut. Borrowed until the next call. */
const char *pty_text(struct pty *p);
/* The same as a picture. */
void pty_svg(struct pty *p, struct sl_buf *out);
/* Its colours alone, as letters. */
void pty_looks(struct pty *p, struct sl_buf *out);
/* Everything that it wrote, raw. */
const struct sl_buf *pty_bytes(const struct pty *p);
/* Read what is there for at most ms; true when something came. */
bool pty_pump(struct pty *p, int ms);
/* When the newest bytes came: CLOCK_MONOTONIC in ns, before the terminal looked at them. */
int64_t pty_read_at(const struct pty *p);
/* The character of a cell, 0 = blank; its ground: index of 256, -1 = the terminal's own, -2 = any
 * other colour. */
uint32_t pty_cell(const struct pty *p, unsigned x, unsigned y, int *ground);
/* Until the frame in hand has come whole. */
void pty_settle(struct pty *p);
bool pty_on_other_screen(const struct pty *p);

#endif
