/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The language as a table. A shape is what a mapping may hold; each row is one key with its type,
 * default and a sentence. One checker walks a tree along it, the readers take their defaults from
 * it, `sluice schema` and the manual print it.
 */
#ifndef SLUICE_PLAYBOOK_SCHEMA_H
#define SLUICE_PLAYBOOK_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum schema_type {
	SCHEMA_NOTHING = 0,
	/* scalars */
	SCHEMA_TEXT,
	SCHEMA_NAME,     /* [A-Za-z0-9._+-]{1,64}: becomes a file name */
	SCHEMA_ENUM,     /* one of words */
	SCHEMA_BOOL,     /* true, false */
	SCHEMA_COUNT,    /* bare, within min..max */
	SCHEMA_SHARE,    /* 25% */
	SCHEMA_DURATION, /* 30s */
	SCHEMA_RATE,     /* 500/s */
	SCHEMA_AMOUNT,   /* a count or a share */
	SCHEMA_LIMIT,    /* a bare number, a share or a duration */
	SCHEMA_MODE,     /* octal file mode */
	SCHEMA_DIGEST,   /* 64 hex digits */
	SCHEMA_SECRET,   /* env:, file: or command: reference */
	/* the rest */
	SCHEMA_COMMAND, /* a string for sh, or a list of arguments */
	SCHEMA_TEXTS,   /* a list of texts, or a single one; words restrict them */
	SCHEMA_COUNTS,  /* a list of counts, or a single one */
	SCHEMA_PAIRS,   /* free keys, texts */
	SCHEMA_SHARES,  /* free keys (names), shares */
	SCHEMA_SECRETS, /* free keys, texts or secret references */
	SCHEMA_MAP,     /* shape */
	SCHEMA_NAMED,   /* free keys (names), each of shape */
	SCHEMA_LIST,    /* of shape */
	SCHEMA_ANY,     /* not looked into here */
};

enum schema_flag {
	SCHEMA_REQUIRED = 1,
	SCHEMA_HOSTNAMES = 2, /* NAMED: keys are host names, not file names */
	SCHEMA_NONEMPTY = 4,  /* lists and mappings: at least one entry */
	SCHEMA_MERGED = 8,    /* required, but may come from `defaults`: checked after the merge */
};

/* Which $(names) a scalar may hold. */
enum schema_scope {
	SCOPE_NONE,     /* none: this must be plain to read */
	SCOPE_VARS,     /* the playbook's vars, put in before the type is checked */
	SCOPE_SERVICE,  /* vars, service, version */
	SCOPE_HOST,     /* those, and everything that one host or instance has */
	SCOPE_QUERY,    /* vars, service, version, old, new */
	SCOPE_SCENARIO, /* vars and random:A-B */
};

struct schema_shape;

struct schema_row {
	const char *key;
	enum schema_type type;
	unsigned flags;
	enum schema_scope scope;
	const char *words;                /* ENUM, TEXTS: separated by blanks */
	const char *fallback;             /* as it would be written; NULL = none */
	int64_t min, max;                 /* COUNT; max 0 = no limit */
	const struct schema_shape *shape; /* MAP, NAMED, LIST */
	enum schema_type scalar;          /* MAP: may also be written as this scalar */
	const struct schema_shape *map;   /* LIST: may also be written as this mapping */
	const char *later;                /* what run cannot carry out yet, by name */
	const char *later_word;           /* only when this is the value */
	const char *help;
};

struct schema_shape {
	const struct schema_row *rows;
	size_t count;
	bool one;  /* exactly one of the keys */
	bool open; /* other keys are somebody else's to check */
};

/* The four kinds, and what an include file holds. */
extern const struct schema_shape schema_rollout, schema_load_test, schema_fault_drill,
	schema_inventory, schema_include;

/* Pieces that the readers take defaults from. */
extern const struct schema_shape schema_service, schema_release, schema_process, schema_ready,
	schema_drain, schema_run, schema_strategy, schema_strategy_any, schema_pause, schema_metric,
	schema_file, schema_ssh;

const struct schema_row *schema_row_find(const struct schema_shape *s, const char *key);
/* The default of a key as written; NULL = none. The key must be there: a typo aborts. */
const char *schema_fallback(const struct schema_shape *s, const char *key);
/* "a duration with a unit, like 30s or 5m" */
const char *schema_type_words(enum schema_type type);
/* Does text read as a value of this row? Scalars only. */
bool schema_value_ok(const struct schema_row *row, enum schema_type type, const char *text);
bool schema_type_is_scalar(enum schema_type type);
/* Is text one of the words, which blanks separate? */
bool schema_word_in(const char *words, const char *text);

#endif
