/* SPDX-License-Identifier: BSD-2-Clause */
/* The language of the page: that of its reader, where there is a translation.  Pure: any thread. */
#ifndef LANDING_LANGUAGE_H
#define LANDING_LANGUAGE_H

/* X(enumerator, tag, RFC 5646) */
#define LANGUAGES(X)                                                                               \
	X(LANGUAGE_ENGLISH, "en")                                                                  \
	X(LANGUAGE_GERMAN, "de")                                                                   \
	X(LANGUAGE_FRENCH, "fr")                                                                   \
	X(LANGUAGE_SPANISH, "es")                                                                  \
	X(LANGUAGE_ITALIAN, "it")                                                                  \
	X(LANGUAGE_POLISH, "pl")

#define LANGUAGE_ENUMERATOR(enumerator, tag) enumerator,
enum language { LANGUAGES(LANGUAGE_ENUMERATOR) LANGUAGE_COUNT };
#undef LANGUAGE_ENUMERATOR

const char *language_tag(enum language language);

/* What the field Accept-Language (RFC 9110, 12.5.4; may be NULL) wants most of what there is; of
 * two that it wants as much the first.  Without any, English. */
enum language language_choose(const char *field);

#endif
