/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes of a terminal become keys. Pure: the caller reads the bytes and owns the timer that tells a
 * lone escape from the start of a sequence. What is pasted is marked, so that a paste can fill a
 * prompt but never press a key.
 */
#ifndef SLUICE_CONSOLE_INPUT_H
#define SLUICE_CONSOLE_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum input_key {
	TKEY_NONE = 0,
	TKEY_NAMED = 0x200000,
	TKEY_ENTER,
	TKEY_ESC,
	TKEY_TAB,
	TKEY_BACKTAB,
	TKEY_BACKSPACE,
	TKEY_UP,
	TKEY_DOWN,
	TKEY_LEFT,
	TKEY_RIGHT,
	TKEY_PGUP,
	TKEY_PGDN,
	TKEY_HOME,
	TKEY_END,
	TKEY_INS,
	TKEY_DEL,
	TKEY_F1, /* to TKEY_F1 + 11 */
	TKEY_MOUSE_PRESS = TKEY_F1 + 12,
	TKEY_WHEEL_UP,
	TKEY_WHEEL_DOWN,
	TKEY_HAS_SYNC,          /* the terminal says that it knows synchronised output */
	TKEY_CTRL = 0x400000,   /* | a small letter */
	TKEY_ALT = 0x800000,    /* | a character */
	TKEY_PASTED = 0x1000000 /* | a character */
};

struct input {
	unsigned char buf[64];
	size_t len;
	bool pasting;
	unsigned mouse_x, mouse_y; /* of the last mouse key, from 0 */
};

/* Give bytes; calls key for each one that is whole. */
void input_feed(struct input *in, const void *bytes, size_t len,
		void (*key)(void *arg, uint32_t key), void *arg);
/* Is the start of a sequence waiting for its rest? Then input_timeout is due some 50 ms later. */
bool input_waits(const struct input *in);
void input_timeout(struct input *in, void (*key)(void *arg, uint32_t key), void *arg);

/* "j", "ctrl-d", "enter", "f2", "alt-x"; TKEY_NONE when it is none. */
uint32_t input_key_parse(const char *name);
/* Returns dst. */
const char *input_key_name(char *dst, size_t size, uint32_t key);

#endif
