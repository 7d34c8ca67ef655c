/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A DNS message as one line of text, read by ldns, so that a test's table says what it expects
 * as a person would:
 *
 *     NOERROR qr rd ra; Bad.example. IN A; an Bad.example. 60 IN A 192.0.2.1;
 *     opt 1232 do cookie 24 ede 4 court
 *
 * Parts that are empty are left out.
 */
#ifndef SUPPORT_RENDER_H
#define SUPPORT_RENDER_H

#include <ctype.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ldns/ldns.h>

#define RENDER_MAX 65536U

struct rendering {
	size_t len;
	char text[RENDER_MAX];
};

__attribute__((format(printf, 2, 3))) static inline void render_add(struct rendering *r,
								    const char *fmt, ...)
{
	va_list args;
	int len;

	va_start(args, fmt);
	len = vsnprintf(r->text + r->len, sizeof(r->text) - r->len, fmt, args);
	va_end(args);
	if (len < 0 || (size_t)len >= sizeof(r->text) - r->len)
		abort();
	r->len += (size_t)len;
}

static inline void render_rcode(struct rendering *r, unsigned int rcode)
{
	static const char *const names[] = {"NOERROR",	"FORMERR", "SERVFAIL",
					    "NXDOMAIN", "NOTIMP",  "REFUSED"};

	if (rcode < sizeof(names) / sizeof(names[0]))
		render_add(r, "%s", names[rcode]);
	else
		render_add(r, rcode == 16 ? "BADVERS" : "RCODE%u", rcode);
}

static inline void render_flags(struct rendering *r, const ldns_pkt *pkt)
{
	render_add(r, "%s%s%s%s%s%s%s", ldns_pkt_qr(pkt) ? " qr" : "",
		   ldns_pkt_aa(pkt) ? " aa" : "", ldns_pkt_tc(pkt) ? " tc" : "",
		   ldns_pkt_rd(pkt) ? " rd" : "", ldns_pkt_ra(pkt) ? " ra" : "",
		   ldns_pkt_ad(pkt) ? " ad" : "", ldns_pkt_cd(pkt) ? " cd" : "");
	if (ldns_pkt_get_opcode(pkt) != LDNS_PACKET_QUERY)
		render_add(r, " opcode %d", (int)ldns_pkt_get_opcode(pkt));
}

/* The records of a section, white space as one blank. */
static inline void render_section(struct rendering *r, const char *title, const ldns_rr_list *list)
{
	for (size_t i = 0; i < ldns_rr_list_rr_count(list); i++) {
		char *text = ldns_rr2str(ldns_rr_list_rr(list, i));
		char *rest = text;
		char *word;

		if (!text)
			abort();
		render_add(r, i == 0 ? ";%s%s" : ",%s%s", i == 0 && *title ? " " : "",
			   i == 0 ? title : "");
		while ((word = strtok_r(rest, " \t\n", &rest)) != NULL)
			render_add(r, " %s", word);
		free(text);
	}
}

static inline void render_option(struct rendering *r, unsigned int code, const uint8_t *data,
				 size_t len)
{
	switch (code) {
	case LDNS_EDNS_COOKIE:
		render_add(r, " cookie %zu", len);
		break;
	case LDNS_EDNS_EDE:
		render_add(r, " ede %u", len < 2 ? 0U : (unsigned int)data[0] << 8 | data[1]);
		if (len > 2)
			render_add(r, " %.*s", (int)len - 2, (const char *)data + 2);
		break;
	default:
		render_add(r, " option %u %zu", code, len);
	}
}

static inline void render_opt(struct rendering *r, const ldns_pkt *pkt)
{
	const ldns_rdf *options = ldns_pkt_edns_data(pkt);
	const uint8_t *data = options ? ldns_rdf_data(options) : NULL;
	size_t left = options ? ldns_rdf_size(options) : 0;

	if (!ldns_pkt_edns(pkt))
		return;
	render_add(r, "; opt %u%s", (unsigned int)ldns_pkt_edns_udp_size(pkt),
		   ldns_pkt_edns_do(pkt) ? " do" : "");
	if (ldns_pkt_edns_version(pkt) > 0)
		render_add(r, " version %u", (unsigned int)ldns_pkt_edns_version(pkt));
	while (left >= 4) {
		size_t len = (size_t)data[2] << 8 | data[3];

		if (len > left - 4)
			break;
		render_option(r, (unsigned int)data[0] << 8 | data[1], data + 4, len);
		data += 4 + len;
		left -= 4 + len;
	}
	if (left > 0)
		render_add(r, " BROKEN");
}

/* The text, which stands until the next call. */
static inline const char *render(const uint8_t *msg, size_t len)
{
	static struct rendering r;
	ldns_pkt *pkt = NULL;
	ldns_status status = ldns_wire2pkt(&pkt, msg, len);

	r.len = 0;
	if (status != LDNS_STATUS_OK) {
		render_add(&r, "not a message: %s", ldns_get_errorstr_by_id(status));
		return r.text;
	}
	render_rcode(&r, (unsigned int)ldns_pkt_edns_extended_rcode(pkt) << 4 |
				 (unsigned int)ldns_pkt_get_rcode(pkt));
	render_flags(&r, pkt);
	render_section(&r, "", ldns_pkt_question(pkt));
	render_section(&r, "an", ldns_pkt_answer(pkt));
	render_section(&r, "ns", ldns_pkt_authority(pkt));
	render_section(&r, "ar", ldns_pkt_additional(pkt));
	render_opt(&r, pkt);
	ldns_pkt_free(pkt);
	return r.text;
}

#endif
