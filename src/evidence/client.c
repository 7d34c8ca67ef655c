/* SPDX-License-Identifier: BSD-2-Clause */
#include "evidence/client.h"

#include <arpa/inet.h>
#include <stdio.h>

enum err client_form_make(const struct conf_evidence *conf, struct client_form *ret_form,
			  struct err_text *text)
{
	*ret_form = (struct client_form){
		.kind = conf->clients,
		.prefix_ipv4 = (uint8_t)conf->prefix_ipv4,
		.prefix_ipv6 = (uint8_t)conf->prefix_ipv6,
	};
	return ret_form->kind == CONF_CLIENTS_ENCRYPTED
		       ? ipcrypt_read(conf->key_file, &ret_form->ipcrypt, text)
		       : ERR_OK;
}

static unsigned int width_of(const struct ip *ip)
{
	return ip->family == AF_INET ? 32U : 128U;
}

static unsigned int bits_of(const struct client_form *form, const struct ip *ip)
{
	return ip->family == AF_INET ? form->prefix_ipv4 : form->prefix_ipv6;
}

struct ip client_hide(const struct client_form *form, const struct ip *client)
{
	struct ip hidden;

	switch (form->kind) {
	case CONF_CLIENTS_PREFIX:
		hidden = ip_masked(client, bits_of(form, client));
		if (hidden.unknown <= width_of(client) - bits_of(form, client))
			hidden.unknown = 0; /* as the form says */
		return hidden;
	case CONF_CLIENTS_ENCRYPTED:
		return ipcrypt_encrypt(form->ipcrypt, client); /* a prefix as its first address */
	default:
		return *client;
	}
}

const char *client_text(const struct client_form *form, const struct ip *hidden,
			char buf[CLIENT_TEXT_MAX])
{
	char address[INET6_ADDRSTRLEN];

	if (!inet_ntop(hidden->family, hidden->bytes, address, sizeof(address)))
		address[0] = '\0';
	if (client_form_of(form, hidden) != CONF_CLIENTS_PREFIX)
		snprintf(buf, CLIENT_TEXT_MAX, "%s", address);
	else
		snprintf(buf, CLIENT_TEXT_MAX, "%s/%u", address,
			 hidden->unknown ? width_of(hidden) - hidden->unknown
					 : bits_of(form, hidden));
	return buf;
}

enum conf_clients client_form_of(const struct client_form *form, const struct ip *hidden)
{
	return hidden->unknown ? CONF_CLIENTS_PREFIX : form->kind;
}

#define KIND_BITS 2U

int client_kept_form(const struct client_form *form, const struct ip *hidden)
{
	enum conf_clients kind = client_form_of(form, hidden);

	if (kind != CONF_CLIENTS_ENCRYPTED)
		return (int)kind;
	return (int)(kind | (unsigned int)ipcrypt_mark(form->ipcrypt) << KIND_BITS);
}

enum conf_clients client_kind(int kept_form)
{
	return (enum conf_clients)((unsigned int)kept_form & ((1U << KIND_BITS) - 1));
}

bool client_is_of(int kept_form, const struct ipcrypt *ipcrypt)
{
	unsigned int mark = (unsigned int)kept_form >> KIND_BITS;

	return client_kind(kept_form) == CONF_CLIENTS_ENCRYPTED &&
	       (mark == 0 || mark == ipcrypt_mark(ipcrypt));
}

bool client_covers(const char *wide, const char *narrow)
{
	struct prefix w;
	struct prefix n;
	struct ip masked;

	if (prefix_parse(wide, &w) != ERR_OK || prefix_parse(narrow, &n) != ERR_OK ||
	    w.ip.family != n.ip.family || w.len > n.len)
		return false;
	masked = ip_masked(&n.ip, w.len);
	return memcmp(masked.bytes, w.ip.bytes, sizeof(masked.bytes)) == 0;
}
