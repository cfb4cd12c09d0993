/* SPDX-License-Identifier: Apache-2.0 */
/* Units as tables, used both to parse and to print. Pure. Durations are int64_t milliseconds. */
#ifndef SLUICE_SDK_UNITS_H
#define SLUICE_SDK_UNITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* "10s", "1m30s", "250ms", "2h", "1d": a unit is required. False when s is none, or overflows. */
bool sl_duration_parse(const char *s, int64_t *ms);
/* The shortest exact form that parses back: 90000 -> "1m30s". Returns dst. */
const char *sl_duration_format(char *dst, size_t size, int64_t ms);
/* For people, rounded: "41 s", "1:05", "2 h 3 m". Returns dst. */
const char *sl_duration_human(char *dst, size_t size, int64_t ms);

/* "25%", "0.5%" -> 0.25, 0.005; the % sign is required; 0..100. */
bool sl_share_parse(const char *s, double *share);
/* 0.1667 -> "16.7%", 0.25 -> "25%". Returns dst. */
const char *sl_share_format(char *dst, size_t size, double share);

/* "weight 20"; "no weight" below 0. Returns dst. */
const char *sl_weight_format(char *dst, size_t size, int weight);

/* "500/s", "10/m" -> per second. */
bool sl_rate_parse(const char *s, double *per_second);

/* Bare non-negative decimal integer within [min, max]; no sign, no spaces. */
bool sl_count_parse(const char *s, int64_t min, int64_t max, int64_t *value);

const char *sl_bytes_human(char *dst, size_t size, uint64_t bytes); /* "1.4 MiB" */

/* RFC 3339 UTC with milliseconds from Unix time in ms: "2026-01-02T03:04:05.678Z". Returns dst. */
const char *sl_time_format(char *dst, size_t size, int64_t unix_ms);
/* The hour here: "14:02:31". Returns dst. */
const char *sl_time_clock(char *dst, size_t size, int64_t unix_ms);
bool sl_time_parse(const char *s, int64_t *unix_ms);
int64_t sl_time_now(void);      /* Unix ms, CLOCK_REALTIME */
int64_t sl_time_boottime(void); /* ms, CLOCK_BOOTTIME: leases and deadlines; counts suspend */

#endif
