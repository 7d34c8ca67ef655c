/* SPDX-License-Identifier: BSD-2-Clause */
/* What the page says.  {host} and its like stand for what is known of the name. */
#ifndef LANDING_WORDS_H
#define LANDING_WORDS_H

#include "landing/language.h"

struct words {
	const char *title;
	const char *asked;	 /* with {host} */
	const char *asked_none;	 /* where no name is known */
	const char *by_order;	 /* with {court}, if that is known */
	const char *by_nobody;	 /* no order is known */
	const char *case_number; /* with {case} */
	const char *date;	 /* with {date} */
	const char *infected;
	const char *family; /* with {family} */
	const char *clean;  /* heading */
	const char *remedy; /* a link */
	const char *no_remedy;
	const char *passwords;
	const char *ask;     /* heading */
	const char *contact; /* with {contact} */
	const char *no_contact;
	const char *order; /* a link */
	const char *noted;
};

extern const struct words words[LANGUAGE_COUNT];

#endif
