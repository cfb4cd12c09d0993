/* SPDX-License-Identifier: Apache-2.0 */
/* Small graphs out of characters. Pure. */
#ifndef SLUICE_CONSOLE_GRAPH_H
#define SLUICE_CONSOLE_GRAPH_H

#include <stdbool.h>
#include <stddef.h>

#include "console/canvas.h"

/*
 * Numbers over time, the newest at the right: the shape is scaled to its own peak, the colour runs
 * from green to red as a value passes `limit` (at half of it it turns amber; 0 = three times the
 * median). Braille where the canvas has UTF-8, ten grey steps of ASCII otherwise. NaN = a gap;
 * a faint line leads to the first one.
 */
void graph_spark(struct canvas *c, unsigned x, unsigned y, unsigned width, const double *values,
		 size_t count, double limit);

/* The same in as many rows as r is high. */
void graph_chart(struct canvas *c, struct rect r, const double *values, size_t count, double limit);

struct spread_point {
	double value;
	bool bad;
};
/*
 * How values spread, two rows: how many stand where, on logarithmic scales both, and below it an
 * 'x' where bad ones are and a '^' where `at` stands (NaN = nowhere). Below 0 = unknown. Says in
 * *least and *most what the ends are; false = there is nothing to draw.
 */
bool graph_spread(struct canvas *c, unsigned x, unsigned y, unsigned width,
		  const struct spread_point *points, size_t count, double at, double *least,
		  double *most);

struct scatter_point {
	double when, value; /* below 0 = unknown */
	bool bad;
};
struct scatter_ends {
	double from, to, least, most;
};
/*
 * Values over time, each a dot: the oldest at the left, the greatest on top, that on a logarithmic
 * scale. An 'x' where a bad one is, an 'o' where points[at] stands. Dots are of braille where the
 * canvas has UTF-8; otherwise '.' is one and ':' more. False = there is nothing to draw.
 */
bool graph_scatter(struct canvas *c, struct rect r, const struct scatter_point *points,
		   size_t count, size_t at, struct scatter_ends *ends);

/* A bar filled to share (0..1), at half-cell grain where the terminal can. */
void graph_bar(struct canvas *c, unsigned x, unsigned y, unsigned width, struct look l,
	       double share);

/* 0..RAMP_STEPS-1 as a paint. */
enum paint graph_ramp(double value, double limit);

#endif
