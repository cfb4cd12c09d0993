/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Libraries that are loaded at the first call of one of their functions: OpenSSL, and what stands
 * on it, take longer to load than all that the console does before its first frame, and most
 * commands never call them. Callers include the library's own header and call its functions as
 * ever; the definitions that the linker finds are those of lazy_*.c, which pass the call on. They
 * are hidden, so that libraries among themselves go on meeting the real ones.
 */
#ifndef SLUICE_SDK_LAZY_H
#define SLUICE_SDK_LAZY_H

#include <stdatomic.h>
#include <string.h>

/* The function of a library, named as in LAZY_LIBRARIES of the Makefile. A library that is not
 * there, or has no such function, ends the program with the loader's words, as it would have before
 * main(). Any thread. */
void *sl_lazy_symbol(const char *library, const char *function);

/* Defines RESULT NAME(PARAMETERS) as a call of the library's own: the header's declaration must be
 * in sight, and is what the compiler holds this against. */
#define SL_LAZY(LIBRARY, RESULT, NAME, PARAMETERS, ARGUMENTS)          \
	RESULT NAME PARAMETERS                                         \
	{                                                              \
		static RESULT(*_Atomic known) PARAMETERS;              \
		RESULT(*call) PARAMETERS = atomic_load(&known);        \
		if (!call) {                                           \
			void *symbol = sl_lazy_symbol(LIBRARY, #NAME); \
			memcpy(&call, &symbol, sizeof call);           \
			atomic_store(&known, call);                    \
		}                                                      \
		return call ARGUMENTS;                                 \
	}

#endif
